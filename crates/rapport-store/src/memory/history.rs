//! History as lists of entries, one per file.

use super::{Call, Faults, lock, missing};
use crate::Result;
use crate::history::{
    Ask, Entry, File, History, MessageKey, Observer, Ownership, Row, Scan, Seen, Sink,
};
use async_trait::async_trait;
use rapport_core::identity::ProfileNo;
use rapport_core::outcome::Outcome;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A history in memory.
#[derive(Debug, Default)]
pub struct MemoryHistory {
    kept: Mutex<Kept>,
    faults: Faults,
}

#[derive(Debug, Default)]
struct Kept {
    files: BTreeMap<String, Vec<Entry>>,
    named: u64,
}

impl MemoryHistory {
    /// An empty history that fails as planned.
    #[must_use]
    pub fn with_faults(faults: Faults) -> MemoryHistory {
        MemoryHistory {
            faults,
            ..MemoryHistory::default()
        }
    }

    /// Names of every file there is, listed or not.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        lock(&self.kept).files.keys().cloned().collect()
    }

    fn keep(&self, entries: Vec<Entry>, ownership: &Ownership, level: u8) -> Vec<File> {
        let mut kept = lock(&self.kept);
        kept.named += 1;
        let name = format!("{:012}.memory", kept.named);
        let Some(file) = describe(name, &entries, ownership, level) else {
            return Vec::new();
        };
        kept.files.insert(file.name.clone(), entries);
        vec![file]
    }

    /// Entries of the files, ascending by position.
    fn entries(&self, files: &[File]) -> Result<Vec<Entry>> {
        let kept = lock(&self.kept);
        let mut entries = Vec::new();
        for file in files {
            let found = kept
                .files
                .get(&file.name)
                .ok_or_else(|| missing(&file.name))?;
            entries.extend(found.iter().cloned());
        }
        entries.sort_by_key(Entry::position);
        Ok(entries)
    }

    /// Accepted events of the files with their origins, ascending by position.
    fn accepted(&self, files: &[File]) -> Result<Vec<(ProfileNo, Arc<Row>)>> {
        let accepted = |entry: Entry| match entry {
            Entry::Event(row) if row.outcome == Outcome::Accepted => Some((row.origin?, row)),
            _ => None,
        };
        Ok(self
            .entries(files)?
            .into_iter()
            .filter_map(accepted)
            .collect())
    }
}

#[async_trait]
impl History for MemoryHistory {
    async fn write(&self, entries: Vec<Entry>) -> Result<Vec<File>> {
        let ending = self.faults.begin(Call::WriteHistory)?;
        let files = self.keep(entries, &Ownership::default(), 0);
        self.faults.end(Call::WriteHistory, &ending, files)
    }

    async fn compact(&self, files: &[File], ownership: &Ownership, level: u8) -> Result<Vec<File>> {
        let ending = self.faults.begin(Call::WriteHistory)?;
        let files = self.keep(self.entries(files)?, ownership, level);
        self.faults.end(Call::WriteHistory, &ending, files)
    }

    async fn remove(&self, names: &[String]) -> Result<()> {
        let ending = self.faults.begin(Call::Remove)?;
        lock(&self.kept)
            .files
            .retain(|name, _| !names.contains(name));
        self.faults.end(Call::Remove, &ending, ())
    }

    async fn sweep(&self, listed: &BTreeSet<String>) -> Result<u64> {
        let ending = self.faults.begin(Call::Remove)?;
        let mut kept = lock(&self.kept);
        let before = kept.files.len();
        kept.files.retain(|name, _| listed.contains(name));
        self.faults
            .end(Call::Remove, &ending, (before - kept.files.len()) as u64)
    }

    async fn timeline(
        &self,
        files: &[File],
        origins: &[ProfileNo],
        ask: &Ask,
    ) -> Result<Vec<Arc<Row>>> {
        let ending = self.faults.begin(Call::ReadHistory)?;
        let mut rows = self.accepted(files)?;
        rows.retain(|(origin, row)| origins.contains(origin) && asked(row, ask));
        rows.sort_by_key(|(_, row)| Reverse((row.event.at, row.event.position)));
        if ask.limit > 0 {
            rows.truncate(ask.limit);
        }
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        self.faults.end(Call::ReadHistory, &ending, rows)
    }

    async fn find(&self, files: &[File], ids: &[MessageKey]) -> Result<Vec<bool>> {
        let ending = self.faults.begin(Call::ReadHistory)?;
        let rows = self.accepted(files)?;
        let key =
            |(_, row): &(ProfileNo, Arc<Row>)| (row.event.source, row.event.message_id.to_string());
        let accepted: BTreeSet<_> = rows.iter().map(key).collect();
        let is_accepted = |(source, id): &MessageKey| accepted.contains(&(*source, id.to_string()));
        let found = ids.iter().map(is_accepted).collect();
        self.faults.end(Call::ReadHistory, &ending, found)
    }

    async fn scan_people(&self, files: &[File], scan: &Scan, mut observer: Observer) -> Result<()> {
        let ending = self.faults.begin(Call::ReadHistory)?;
        let mut rows = self.accepted(files)?;
        rows.retain(|(origin, row)| {
            (scan.from..scan.to).contains(origin)
                && row.event.position <= scan.through
                && wanted(row, &scan.names, &scan.kinds)
        });
        rows.sort_by_key(|(origin, _)| *origin);
        for (origin, row) in rows {
            let mut event = row.event.sighting();
            if !scan.content {
                event.content = "";
            }
            observer(&Seen {
                origin,
                position: match scan.positions {
                    true => row.event.position,
                    false => Position::default(),
                },
                event,
            })?;
        }
        self.faults.end(Call::ReadHistory, &ending, ())
    }

    async fn scan_order(
        &self,
        files: &[File],
        after: Position,
        sink: Sink<'_, Entry>,
    ) -> Result<()> {
        let ending = self.faults.begin(Call::ReadHistory)?;
        let mut entries = self.entries(files)?;
        entries.retain(|entry| entry.position() > after);
        entries.into_iter().try_for_each(sink)?;
        self.faults.end(Call::ReadHistory, &ending, ())
    }

    /// Memory has nothing to copy to a disk: this only checks that the files are there.
    async fn back_up(&self, files: &[File], _target: &Path) -> Result<()> {
        self.entries(files).map(|_| ())
    }
}

fn asked(row: &Row, ask: &Ask) -> bool {
    let place = (row.event.at, row.event.position);
    ask.before.is_none_or(|before| place < before) && wanted(row, &ask.names, &ask.kinds)
}

fn wanted(row: &Row, names: &BTreeSet<String>, kinds: &BTreeSet<String>) -> bool {
    (names.is_empty() || names.contains(&*row.event.name))
        && (kinds.is_empty() || kinds.contains(row.event.kind.word()))
}

fn describe(name: String, entries: &[Entry], ownership: &Ownership, level: u8) -> Option<File> {
    let mut positions: Vec<Position> = entries.iter().map(Entry::position).collect();
    positions.sort_unstable();
    let (mut at, mut received, mut people) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Event(row) => {
                at.push(row.event.at);
                received.push(row.event.received);
                people.extend(
                    row.origin
                        .map(|origin| ownership.owner(origin, row.event.position)),
                );
            }
            Entry::Command(command) => received.push(command.received),
        }
    }
    Some(File {
        name,
        rows: entries.len() as u64,
        bytes: entries.len() as u64 * 100,
        first: *positions.first()?,
        last: *positions.last()?,
        at: ends(&at, Millis(0)),
        received: ends(&received, Millis(0)),
        people: ends(&people, ProfileNo(0)),
        level,
    })
}

fn ends<T: Ord + Copy>(values: &[T], none: T) -> (T, T) {
    let least = values.iter().min().copied().unwrap_or(none);
    (least, values.iter().max().copied().unwrap_or(none))
}
