//! History: every entry for ever, in columns, in immutable files that the state lists.
//!
//! Files are written whole and durable, and count only once a commit of the state lists them in
//! [`Table::File`](crate::state::Table::File): an engine never decides by itself which file lives.

use crate::Result;
use async_trait::async_trait;
use rapport_core::entry::CommandEntry;
use rapport_core::event::{Event, Sighting, SourceNo};
use rapport_core::identity::ProfileNo;
use rapport_core::outcome::Outcome;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One event with how it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The event. For an invalid one: what could be read of it, `properties` holding the raw item.
    pub event: Event,
    /// The profile it was folded into, as numbered then; `None` unless accepted.
    pub origin: Option<ProfileNo>,
    /// How it ended.
    pub outcome: Outcome,
}

/// One entry of history.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// An event.
    Event(Arc<Row>),
    /// A command.
    Command(Arc<CommandEntry>),
}

impl Entry {
    /// Its place in the one order.
    #[must_use]
    pub fn position(&self) -> Position {
        match self {
            Entry::Event(row) => row.event.position,
            Entry::Command(entry) => entry.position,
        }
    }
}

/// A file of history, as the state lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name under the history's root: `2026/11/22/000000000042-7.parquet`.
    pub name: String,
    /// How many entries.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Position of its first entry in the one order.
    pub first: Position,
    /// Position of its last entry in the one order.
    pub last: Position,
    /// Earliest and latest `at` of its events.
    pub at: (Millis, Millis),
    /// Earliest and latest `received` of its entries.
    pub received: (Millis, Millis),
    /// Smallest and largest profile number of its rows (survivors at writing).
    pub people: (ProfileNo, ProfileNo),
    /// 0 as flushed, 1 compacted by day, 2 by month.
    pub level: u8,
}

/// Who an event belongs to now: redirects of merges, and events that an undo moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    /// Absorbed number to final survivor.
    pub redirects: BTreeMap<ProfileNo, ProfileNo>,
    /// Events that an undo gave to another profile than their origin.
    pub moved: BTreeMap<(ProfileNo, Position), ProfileNo>,
}

impl Ownership {
    /// The profile that an event of `origin` at `position` belongs to now.
    #[must_use]
    pub fn owner(&self, origin: ProfileNo, position: Position) -> ProfileNo {
        let given = if self.moved.is_empty() {
            origin
        } else {
            self.moved
                .get(&(origin, position))
                .copied()
                .unwrap_or(origin)
        };
        self.redirects.get(&given).copied().unwrap_or(given)
    }
}

/// Which of a person's events are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// Only events strictly before this (`at`, position) in timeline order; `None` from the newest.
    pub before: Option<(Millis, Position)>,
    /// Only events of these names; empty is all.
    pub names: BTreeSet<String>,
    /// Only events of these types (`track`, `page`…); empty is all.
    pub kinds: BTreeSet<String>,
    /// At most this many; 0 is no limit.
    pub limit: usize,
}

/// What a scan of everybody must yield.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// First origin, included.
    pub from: ProfileNo,
    /// The origin behind the last.
    pub to: ProfileNo,
    /// Only entries at or before this position.
    pub through: Position,
    /// Only events of these names where not empty (track names; page and screen names).
    pub names: BTreeSet<String>,
    /// Only events of these types where not empty.
    pub kinds: BTreeSet<String>,
    /// Whether properties and traits are asked for; else they are empty, and need not be read.
    pub content: bool,
    /// Whether places in the one order are asked for; else they are the first, and need not be
    /// read.
    pub positions: bool,
}

/// An event of a scan, for as long as its consumer looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen<'a> {
    /// The profile it was folded into, as numbered then.
    pub origin: ProfileNo,
    /// Its place in the one order.
    pub position: Position,
    /// What a leaf sees of it.
    pub event: Sighting<'a>,
}

/// A consumer of a scan of everybody, called where the engine reads; an error stops the scan and
/// is returned.
pub type Observer = Box<dyn FnMut(&Seen<'_>) -> Result<()> + Send>;

/// What dedup knows an event by: its source and its message id.
pub type MessageKey = (SourceNo, Box<str>);

/// A consumer of a scan; an error stops the scan and is returned.
pub type Sink<'a, T> = &'a mut (dyn FnMut(T) -> Result<()> + Send);

/// Every entry for ever, columnar.
#[async_trait]
pub trait History: Send + Sync {
    /// Writes entries (ascending by position) as new files, durable but not yet listed.
    async fn write(&self, entries: Vec<Entry>) -> Result<Vec<File>>;

    /// Rewrites files into fewer, sorted by owner and time, durable but not yet listed.
    async fn compact(&self, files: &[File], ownership: &Ownership, level: u8) -> Result<Vec<File>>;

    /// Removes files that no listing names any more.
    async fn remove(&self, names: &[String]) -> Result<()>;

    /// Removes every file that `listed` does not name: what a crash left behind.
    async fn sweep(&self, listed: &BTreeSet<String>) -> Result<u64>;

    /// Accepted events whose origin is one of `origins`, newest `at` first (ties by position,
    /// newest first).
    async fn timeline(
        &self,
        files: &[File],
        origins: &[ProfileNo],
        ask: &Ask,
    ) -> Result<Vec<Arc<Row>>>;

    /// For each (source, message id) whether an accepted event of these files carries it: asked
    /// with thousands of ids at once, most of which are in no file.
    async fn find(&self, files: &[File], ids: &[MessageKey]) -> Result<Vec<bool>>;

    /// Accepted events, those of one origin in a file together; no other order is promised.
    async fn scan_people(&self, files: &[File], scan: &Scan, observer: Observer) -> Result<()>;

    /// Every entry behind `after`, in ascending order of position: the ledger given back.
    async fn scan_order(
        &self,
        files: &[File],
        after: Position,
        sink: Sink<'_, Entry>,
    ) -> Result<()>;

    /// Copies listed files into `target` (links where the engine can), while serving.
    async fn back_up(&self, files: &[File], target: &std::path::Path) -> Result<()>;
}
