//! Timers: whoever is due is looked at though nothing happens.

use super::Writer;
use crate::rows;
use rapport_core::fold::Fold;
use rapport_core::identity::ProfileNo;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::state::{Order, Page, Table, Write};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Timers fired in one transaction at most.
const TIMERS: usize = 2_000;

impl Writer {
    /// Fires every timer that is due at `now`: what comes next may change the rules.
    pub async fn fire_all(&mut self, now: Millis) -> Result<()> {
        while self.fire_some(now).await? {
            self.settle().await?;
        }
        Ok(())
    }

    /// Fires some of the timers that are due at `now`; false where there are none. Nothing is being
    /// written.
    pub async fn fire_some(&mut self, now: Millis) -> Result<bool> {
        let due = self.due_at(now, TIMERS).await?;
        if due.is_empty() {
            return Ok(false);
        }
        let fired = &self.shared.stats.timers;
        fired.fetch_add(due.len() as u64, Ordering::Relaxed);
        self.fire(&due, now).await?;
        Ok(true)
    }

    /// Whether more timers are due at `now` than one transaction fires.
    pub async fn are_many_due(&self, now: Millis) -> Result<bool> {
        Ok(self.due_at(now, TIMERS + 1).await?.len() > TIMERS)
    }

    /// The earliest timers that are due at `now`, at most so many.
    async fn due_at(&self, now: Millis, limit: usize) -> Result<Vec<(Millis, ProfileNo)>> {
        debug_assert!(!self.is_writing(), "timers are read from the disk");
        let page = Page {
            table: Table::Timer,
            from: Box::default(),
            to: Some(rows::timer_key(now.plus(1), ProfileNo(0))),
            limit,
            order: Order::Ascending,
        };
        let due = self.shared.roles.state.scan(page).await?;
        let timers = due.iter().filter_map(|(key, _)| rows::timer_of(key));
        Ok(timers.collect())
    }

    /// Fires timers of these people that are due at `now`; what that changes joins the open batch.
    /// Nothing is being written.
    pub async fn fire(&mut self, rows: &[(Millis, ProfileNo)], now: Millis) -> Result<()> {
        let last = self.folded();
        // Whoever was absorbed since is still on disk, and has no timer any more.
        let is_there = |person: &ProfileNo| self.people.survivor(*person) == *person;
        let people = rows.iter().map(|(_, person)| *person).filter(is_there);
        let people: BTreeSet<ProfileNo> = people.collect();
        crate::steps::load::profiles(self, people.clone()).await?;
        let strays = self.stray_timers(rows);
        let due = std::mem::take(&mut self.due);
        let configuration = Arc::clone(&self.configuration);
        let mut fold = Fold::resume(configuration.rules(), &mut self.people, due, last);
        fold.fire_of(people, now);
        let (effects, due) = fold.finish();
        self.due = due;
        let messages = crate::steps::activate::step(self, &effects);
        let open = self.opened();
        open.effects.extend(effects);
        open.messages.extend(messages);
        open.writes.extend(strays);
        Ok(())
    }

    /// Removes timer rows at which nobody stands, so that none can be due for ever. Where somebody
    /// stands elsewhere since, their row goes when they are written.
    fn stray_timers(&self, rows: &[(Millis, ProfileNo)]) -> Vec<Write> {
        let stands = |(moment, person): &(Millis, ProfileNo)| {
            let profile = self.people.profile(*person);
            profile.is_some_and(|profile| profile.armed == Some(*moment))
                || self.armed.get(person) == Some(moment)
        };
        let strays = rows.iter().filter(|row| !stands(row));
        strays
            .map(|(moment, person)| rows::remove(Table::Timer, rows::timer_key(*moment, *person)))
            .collect()
    }
}
