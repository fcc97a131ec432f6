//! One file in the making: batches in, a durable file and its description out.

use super::columns::{self, SCHEMA};
use super::encode::Batch;
use super::fault;
use super::folder::{Draft, Folder};
use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::history::{Entry, File};

const WHAT: &str = "a new history file";

/// Where an entry stands in a file: by origin, then time, then position. Entries that belong to
/// nobody stand behind everybody's.
pub(super) type Key = (u64, i64, Position);

/// The key of an entry in a file.
pub(super) fn key(entry: &Entry) -> Key {
    match entry {
        Entry::Event(row) => {
            let origin = row.origin.map_or(u64::MAX, |number| number.0);
            (origin, row.event.at.0, row.event.position)
        }
        Entry::Command(command) => (u64::MAX, command.received.0, command.position),
    }
}

/// A file that is being written, its rows given in the order of [`key`].
pub(super) struct Run {
    writer: ArrowWriter<Draft>,
    batch: Batch,
    tally: Tally,
}

impl Run {
    /// Begins a file of history.
    pub(super) fn begin(folder: &Folder) -> Result<Run> {
        Run::into(folder.draft()?, columns::kept())
    }

    /// Begins a file that is written like this.
    pub(super) fn into(draft: Draft, properties: WriterProperties) -> Result<Run> {
        let writer = ArrowWriter::try_new(draft, SCHEMA.clone(), Some(properties))
            .map_err(|error| fault::writing(WHAT, &error))?;
        Ok(Run {
            writer,
            batch: Batch::new(),
            tally: Tally::default(),
        })
    }

    /// Adds an entry whose origin survives as `profile`.
    pub(super) fn push(&mut self, entry: &Entry, profile: Option<ProfileNo>) -> Result<()> {
        match entry {
            Entry::Event(row) => {
                let event = &row.event;
                self.tally
                    .add(event.position, event.received, Some(event.at), row.origin);
            }
            Entry::Command(entry) => self.tally.add(entry.position, entry.received, None, None),
        }
        self.batch.push(entry, profile);
        if self.batch.is_full() {
            self.write_batch()
        } else {
            Ok(())
        }
    }

    fn write_batch(&mut self) -> Result<()> {
        let batch = self.batch.finish().map_err(ParquetError::from);
        batch
            .and_then(|batch| self.writer.write(&batch))
            .map_err(|error| fault::writing(WHAT, &error))
    }

    /// Adds finished columns, whose rows `tally` has counted.
    pub(super) fn push_columns(&mut self, batch: &RecordBatch, tally: &Tally) -> Result<()> {
        self.tally.unite(tally);
        self.writer
            .write(batch)
            .map_err(|error| fault::writing(WHAT, &error))
    }

    /// How many rows it has.
    pub(super) fn rows(&self) -> u64 {
        self.tally.rows
    }

    /// How many bytes it has on disk so far, rows of the last group apart.
    pub(super) fn bytes(&self) -> usize {
        self.writer.bytes_written()
    }

    /// Finishes the file: durable when this returns.
    pub(super) fn finish(self, folder: &Folder, level: u8) -> Result<File> {
        let (draft, tally) = self.close()?;
        let (name, bytes) = folder.publish(draft, tally.first, tally.received.0)?;
        Ok(tally.describe(name, bytes, level))
    }

    /// Writes what is missing; the file is whole and not durable yet.
    pub(super) fn close(mut self) -> Result<(Draft, Tally)> {
        if !self.batch.is_empty() {
            self.write_batch()?;
        }
        let draft = self
            .writer
            .into_inner()
            .map_err(|error| fault::writing(WHAT, &error))?;
        Ok((draft, self.tally))
    }
}

/// What the rows of a file span.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    rows: u64,
    first: Position,
    last: Position,
    at: (Millis, Millis),
    received: (Millis, Millis),
    people: (ProfileNo, ProfileNo),
}

const NOWHERE: Position = Position {
    request: u64::MAX,
    command: u32::MAX,
    index: u32::MAX,
};

impl Default for Tally {
    fn default() -> Tally {
        let never = (Millis(i64::MAX), Millis(i64::MIN));
        Tally {
            rows: 0,
            first: NOWHERE,
            last: Position::default(),
            at: never,
            received: never,
            people: (ProfileNo(u64::MAX), ProfileNo(0)),
        }
    }
}

impl Tally {
    /// Counts one entry; `at` is an event's, `origin` an accepted event's.
    pub(super) fn add(
        &mut self,
        position: Position,
        received: Millis,
        at: Option<Millis>,
        origin: Option<ProfileNo>,
    ) {
        self.rows += 1;
        self.first = self.first.min(position);
        self.last = self.last.max(position);
        self.received = (self.received.0.min(received), self.received.1.max(received));
        if let Some(at) = at {
            self.at = (self.at.0.min(at), self.at.1.max(at));
        }
        if let Some(origin) = origin {
            self.people = (self.people.0.min(origin), self.people.1.max(origin));
        }
    }

    fn unite(&mut self, other: &Tally) {
        self.rows += other.rows;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.received = (
            self.received.0.min(other.received.0),
            self.received.1.max(other.received.1),
        );
        self.at = (self.at.0.min(other.at.0), self.at.1.max(other.at.1));
        self.people = (
            self.people.0.min(other.people.0),
            self.people.1.max(other.people.1),
        );
    }

    /// A file without events spans what its commands were received in, and nobody.
    fn describe(self, name: String, bytes: u64, level: u8) -> File {
        let has_events = self.at.0 <= self.at.1;
        let has_people = self.people.0 <= self.people.1;
        File {
            name,
            rows: self.rows,
            bytes,
            first: self.first,
            last: self.last,
            at: if has_events { self.at } else { self.received },
            received: self.received,
            people: if has_people {
                self.people
            } else {
                (ProfileNo(0), ProfileNo(0))
            },
            level,
        }
    }
}
