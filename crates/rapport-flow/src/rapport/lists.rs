//! Lists: who is put on them and taken off.

use super::Rapport;
use crate::error::{CommandError, Error};
use crate::lists::{self, Found, ITEMS_MAX, Problem, Report};
use rapport_core::entry::Reference;
use rapport_core::event::dialect::list::Item;
use rapport_core::identity::ProfileNo;
use rapport_core::segment::list;
use rapport_core::segment::membership::SegmentNo;
use rapport_core::segment::registry::Build;
use rapport_store::state::{Key, Order, Page, Table};
use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// How long it is waited until what was sent is folded.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether a list is built.
const LOOK: Duration = Duration::from_millis(5);

impl Rapport {
    /// Puts people on a list, or takes them off it. Nobody is made for a reference to nobody.
    ///
    /// # Errors
    /// [`CommandError::NotFound`] where there is no such list; those of storage. What was done
    /// before stays done, and doing all of it again is the same.
    pub async fn change_list(
        &self,
        key: &str,
        on: bool,
        members: &[Reference],
    ) -> std::result::Result<Report, CommandError> {
        self.wait_until_built(key).await;
        let registry = self.registry();
        let missing = || CommandError::NotFound {
            what: format!("list {key}"),
        };
        let definition = registry.get(key).ok_or_else(missing)?;
        let name = list::name(&definition.rule).ok_or_else(missing)?;
        let now = self.clock().now();
        let mut report = Report::default();
        let mut named: BTreeSet<ProfileNo> = BTreeSet::new();
        let mut last = 0;
        for (nth, some) in members.chunks(ITEMS_MAX).enumerate() {
            let mut items = Vec::new();
            let found = lists::look_up(&self.shared, some).await?;
            for (place, found) in found.into_iter().enumerate() {
                let problem = match found {
                    Found::Person(profile, identifier) => {
                        let is_on = profile.memberships.contains(definition.no);
                        if is_on == on || !named.insert(profile.number) {
                            report.already += 1;
                            continue;
                        }
                        report.changed += 1;
                        report.places.insert(nth * ITEMS_MAX + place);
                        items.push(Item {
                            list: name.into(),
                            on,
                            kind: identifier.kind.word().into(),
                            value: identifier.value,
                            id: format!("{name}/{on}/{}/{}", profile.number, now.0).into(),
                        });
                        continue;
                    }
                    Found::Nobody => Problem::NotFound,
                    Found::Unreadable(why) => Problem::Unreadable(why),
                    Found::Shared => Problem::Shared,
                };
                report.problems.push((nth * ITEMS_MAX + place, problem));
            }
            let collector = self
                .collector
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            let collector = collector.ok_or(Error::Stopping)?;
            let number = lists::submit(&collector, &items).await?;
            last = number.unwrap_or(last);
        }
        report.is_folded = last == 0 || self.folded(last, PATIENCE).await;
        Ok(report)
    }

    /// Waits until a list that was just made says of everybody whether they are on it: who was put
    /// on it meanwhile does not count as being there yet.
    async fn wait_until_built(&self, key: &str) {
        let is_running = || {
            let registry = self.registry();
            let definition = registry.get(key);
            definition.is_some_and(|list| list.build != Build::Complete)
        };
        let until = Instant::now() + PATIENCE;
        while is_running() && Instant::now() < until {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether members of frozen segments wait to be put on this list.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn is_filling(&self, list: SegmentNo) -> crate::error::Result<bool> {
        let mut from = Key::default();
        loop {
            let page = Page {
                table: Table::Frozen,
                from,
                to: None,
                limit: 16,
                order: Order::Ascending,
            };
            let some = self.shared.roles.state.scan(page).await?;
            let is_of = |key: &[u8]| crate::rows::frozen_of(key).is_some_and(|one| one.1 == list);
            if some.iter().any(|(key, _)| is_of(key)) {
                return Ok(true);
            }
            match some.last() {
                Some((last, _)) if some.len() == 16 => {
                    from = crate::reads::turnover::behind(last);
                }
                _ => return Ok(false),
            }
        }
    }
}
