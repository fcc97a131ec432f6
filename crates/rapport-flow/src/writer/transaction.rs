//! One transaction: it is begun with everything it writes, and everybody sees it once it is on
//! disk.
//!
//! A batch of events begins its transaction and leaves it under way: what comes next is loaded and
//! folded meanwhile, onto the people in memory, and reads of what is being written find it there.
//! At most one is under way; the next begins when it is written. Whatever else the writer does
//! waits for it first. Where it fails, the writer forgets everything behind it and reads the state
//! again, and all of it comes from the ledger once more.

use super::{NUMBERS, Numbers, Pending, Writer, moved_of};
use crate::configuration::Configuration;
use crate::counters::Counters;
use crate::live::Happened;
use crate::rows;
use crate::violations::counts::Counts;
use rapport_core::crm::{RecordNo, TypeId};
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::history::Entry;
use rapport_store::records::Changes;
use rapport_store::seen::SeenKey;
use rapport_store::state::{Head, Key, Table, Value, Write};
use rapport_store::{Error, Result};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use tokio::task::JoinHandle;

/// The tables that a batch reads people and segments from.
const READ_BY_BATCHES: [Table; 5] = [
    Table::Identifier,
    Table::Profile,
    Table::Company,
    Table::Members,
    Table::Turnover,
];

/// A transaction that is being written.
pub(crate) struct Underway {
    task: JoinHandle<Result<Head>>,
    /// How it ended, where somebody waited for that alone.
    ended: Option<Result<Head>>,
    /// What it writes of what the next batch may read.
    written: BTreeMap<(Table, Key), Option<Value>>,
    shown: Shown,
}

/// What others see only once it is on disk.
struct Shown {
    position: Position,
    happened: Happened,
    entries: Vec<Entry>,
    batch: Batch,
    pending: Pending,
    configuration: Arc<Configuration>,
    sizes: BTreeMap<u32, u64>,
    counters: Counters,
}

/// What a batch of events adds to that.
#[derive(Default)]
pub(crate) struct Batch {
    /// The ids it accepted, and when.
    pub accepted: BTreeMap<SeenKey, Millis>,
    /// How many items were received when, in order.
    pub received: Vec<(Millis, u64)>,
    /// Whether it put messages into the outbox.
    pub has_messages: bool,
    /// Counts of violations, where it changed them.
    pub violations: Option<Counts>,
}

impl Writer {
    /// Commits a transaction that ends at `position`; then everybody sees it.
    pub async fn commit(&mut self, position: Position, changes: impl Into<Changes>) -> Result<()> {
        self.commit_entries(position, changes, Vec::new()).await
    }

    /// The same for a transaction that folded entries: whoever sees how far the fold is finds them
    /// in the tail already.
    pub async fn commit_entries(
        &mut self,
        position: Position,
        changes: impl Into<Changes>,
        entries: Vec<Entry>,
    ) -> Result<()> {
        self.begin(position, changes.into(), entries, Batch::default())
            .await?;
        self.show_when_written().await
    }

    /// Begins a transaction of everything that is folded. In memory it is done: what comes next
    /// stands on it. Nothing is being written.
    pub async fn begin(
        &mut self,
        position: Position,
        mut changes: Changes,
        entries: Vec<Entry>,
        mut batch: Batch,
    ) -> Result<()> {
        debug_assert!(!self.is_underway(), "one transaction at a time");
        self.take_refused();
        batch.has_messages |= self.tell_apps(&mut changes.writes);
        changes.writes.extend(self.counters.take_writes());
        let numbers = Numbers {
            next_profile: self.people.next(),
            next_journal: self.next_journal,
            next_message: self.next_message,
            received: self.received,
            records: self.record_numbers.clone(),
        };
        let numbers = rows::put(Table::Meta, NUMBERS.into(), &numbers);
        changes.writes.push(numbers);
        changes.records.append(&mut self.records);
        let shown = Shown {
            position,
            happened: self.news.take(),
            entries,
            batch,
            pending: std::mem::take(&mut self.pending),
            configuration: Arc::clone(&self.configuration),
            sizes: self.sizes.clone(),
            counters: self.counters.clone(),
        };
        let is_read = |write: &&Write| READ_BY_BATCHES.contains(&write.table);
        let place = |write: &Write| ((write.table, write.key.clone()), write.value.clone());
        let written = changes.writes.iter().filter(is_read).map(place).collect();
        let expected = self.head.version;
        self.head = Head {
            position,
            version: expected + 1,
        };
        let state = Arc::clone(&self.shared.roles.state);
        let task = async move { state.commit(expected, position, changes).await };
        self.underway = Some(Underway {
            task: tokio::spawn(task),
            ended: None,
            written,
            shown,
        });
        Ok(())
    }

    /// Whether a transaction is being written.
    pub fn is_writing(&self) -> bool {
        self.underway.is_some()
    }

    /// Whether anything is folded that is not known to be on disk.
    pub fn is_underway(&self) -> bool {
        self.is_writing() || self.open.is_some()
    }

    /// Waits until the transaction under way is written, and shows nothing yet. Whoever stops
    /// waiting has lost nothing.
    pub async fn written(&mut self) {
        if let Some(underway) = &mut self.underway
            && underway.ended.is_none()
        {
            let ended = (&mut underway.task).await;
            underway.ended = Some(ended.unwrap_or_else(|error| {
                Err(Error::Engine {
                    what: "a transaction".to_owned(),
                    detail: error.to_string(),
                })
            }));
        }
    }

    /// Waits until the transaction under way is written; then everybody sees it.
    pub async fn show_when_written(&mut self) -> Result<()> {
        self.written().await;
        let Some(Underway { ended, shown, .. }) = self.underway.take() else {
            return Ok(());
        };
        let head = ended.unwrap_or(Ok(self.head))?;
        debug_assert_eq!(head, self.head, "an engine numbers its commits one by one");
        self.head = head;
        self.settled = head.version;
        self.show(shown);
        Ok(())
    }

    /// The same where it is written already.
    pub async fn show_written(&mut self) -> Result<()> {
        let is_written = |one: &Underway| one.ended.is_some() || one.task.is_finished();
        match self.underway.as_ref().is_some_and(is_written) {
            true => self.show_when_written().await,
            false => Ok(()),
        }
    }

    /// Values of keys as of the last transaction, although that may still be on its way to the disk.
    /// What the open batch changed is in memory.
    pub async fn load(&self, table: Table, keys: &[Key]) -> Result<Vec<Option<Value>>> {
        debug_assert!(READ_BY_BATCHES.contains(&table), "{table:?}");
        let mut values = self.shared.roles.state.load(table, keys).await?;
        if let Some(underway) = &self.underway {
            for (key, value) in keys.iter().zip(&mut values) {
                if let Some(written) = underway.written.get(&(table, key.clone())) {
                    value.clone_from(written);
                }
            }
        }
        Ok(values)
    }

    /// When an id was accepted last, of those that are in no run yet.
    pub fn accepted(&self, key: SeenKey) -> Option<Millis> {
        let open = self.open.as_ref();
        let open = open.and_then(|open| open.accepted.get(&key).copied());
        let underway = || self.underway.as_ref()?.shown.batch.accepted.get(&key);
        let underway = || underway().copied();
        open.or_else(underway).or_else(|| self.recent.accepted(key))
    }

    /// The number that a redirect under way leads to.
    pub(super) fn redirects_underway(&self) -> &[super::Redirect] {
        let underway = self.underway.as_ref();
        underway.map_or(&[], |one| &one.shown.pending.redirects)
    }

    fn show(&mut self, shown: Shown) {
        let Shown {
            position,
            happened,
            entries,
            batch,
            pending,
            configuration,
            sizes,
            counters,
        } = shown;
        let shared = Arc::clone(&self.shared);
        self.news.tell(happened, position, entries, |entries| {
            shared.extend_tail(entries);
        });
        self.recent.extend(batch.accepted);
        self.show_ownership(pending);
        self.show_state(configuration, sizes, counters);
        self.shared.stats.batches.fetch_add(1, Ordering::Relaxed);
        self.show_latency(&batch.received);
        if batch.has_messages {
            self.shared.announce_messages();
        }
        if let Some(violations) = &batch.violations {
            self.shared.show_violations(violations);
        }
    }

    /// Lets others see what is held in memory, which is what the state says.
    pub(super) fn show_all(&mut self) {
        let configuration = Arc::clone(&self.configuration);
        self.show_state(configuration, self.sizes.clone(), self.counters.clone());
    }

    fn show_state(
        &mut self,
        configuration: Arc<Configuration>,
        sizes: BTreeMap<u32, u64>,
        counters: Counters,
    ) {
        let shared = &self.shared;
        shared.set_configuration(configuration);
        *shared.sizes.write().unwrap_or_else(PoisonError::into_inner) = sizes;
        *shared
            .counters
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = counters;
        // The head comes last: who sees it sees everything else that belongs to it.
        shared.set_head(self.head);
    }

    fn show_ownership(&mut self, pending: Pending) {
        let Pending {
            redirects,
            moved,
            merged,
        } = pending;
        if redirects.is_empty() && moved.is_empty() && merged.is_empty() {
            return;
        }
        let shared = &self.shared;
        let ownership = shared.ownership.write();
        let mut ownership = ownership.unwrap_or_else(PoisonError::into_inner);
        let numbers = shared.merged.write();
        let mut numbers = numbers.unwrap_or_else(PoisonError::into_inner);
        for (from, to) in redirects {
            let contact = RecordNo(from.0);
            match to {
                Some(to) => {
                    ownership.redirects.insert(from, to);
                    numbers.note(TypeId::CONTACT, contact, RecordNo(to.0));
                }
                None => {
                    ownership.redirects.remove(&from);
                    numbers.forget(TypeId::CONTACT, contact);
                }
            }
        }
        for ((object, from), to) in merged {
            numbers.note(object, from, to);
        }
        drop(numbers);
        for (origin, events) in moved {
            let before: Vec<_> = moved_of(&ownership, origin).collect();
            for event in before {
                ownership.moved.remove(&event);
            }
            let events = events.into_iter();
            let moved = events.map(|(position, to)| ((origin, position), to));
            ownership.moved.extend(moved);
        }
    }

    /// Notes how long the items of a batch took, now that everybody can see what they did.
    fn show_latency(&self, received: &[(Millis, u64)]) {
        let Some((oldest, _)) = received.first() else {
            return;
        };
        let stats = &self.shared.stats;
        let now = self.shared.clock.now();
        for (received, events) in received {
            stats.event_to_commit.add(now.since(*received), *events);
        }
        let lag_us = now.since(*oldest).max(0) as u64 * 1_000;
        stats.lag_us.store(lag_us, Ordering::Relaxed);
        if let Some((newest, _)) = received.last() {
            stats.folded_received.store(newest.0, Ordering::Relaxed);
        }
        let held = self.people.held() as u64;
        stats.held.store(held, Ordering::Relaxed);
    }

    pub(super) fn take_refused(&mut self) {
        let mut refused = self
            .shared
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let taken = std::mem::take(&mut *refused);
        // Shown at once and under the same lock, so that nobody reads them in neither place.
        self.shared
            .counters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .absorb(taken.clone());
        self.counters.absorb(taken);
    }
}
