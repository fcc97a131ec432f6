//! Many sorted files as one sorted stream, holding one batch of each at a time.

use super::batches::{Batches, Narrow};
use super::decode::Places;
use super::folder::Folder;
use super::opened::{Cache, Opened};
use super::run::Key;
use arrow_array::RecordBatch;
use rapport_core::position::Position;
use rapport_store::Result;
use rapport_store::history::File;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// The order that the files of a merge have, and that it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// By origin, then time.
    Owner,
    /// By position.
    Position,
}

impl Order {
    fn key(self, places: &Places, row: usize) -> Key {
        match self {
            Order::Owner => places.key(row),
            Order::Position => (0, 0, places.position(row)),
        }
    }
}

/// Opens a file for a merge when its turn comes.
pub(super) type Open = Box<dyn FnOnce() -> Result<Arc<Opened>> + Send>;

/// A merge of sorted files.
pub(super) struct Merge {
    order: Order,
    narrow: Narrow,
    streams: Vec<Stream>,
    /// The next row of every stream, or the least it could have where it is not open yet.
    heads: BinaryHeap<Reverse<(Key, usize)>>,
}

enum Stream {
    Closed(Open),
    Reading(Box<(Batches, Current)>),
    Done,
}

/// Where a stream is.
struct Current {
    batch: RecordBatch,
    places: Places,
    row: usize,
}

/// One row of a merge: which stream it comes from, and where it is in that stream's batch.
pub(super) struct Picked<'a> {
    /// The stream's number.
    pub(super) stream: usize,
    /// The batch.
    pub(super) batch: &'a RecordBatch,
    /// Where its rows stand.
    pub(super) places: &'a Places,
    /// The row in it.
    pub(super) row: usize,
    /// The file it comes from.
    pub(super) opened: &'a Opened,
}

impl Merge {
    /// A merge of nothing yet.
    pub(super) fn new(order: Order, narrow: Narrow) -> Merge {
        Merge {
            order,
            narrow,
            streams: Vec::new(),
            heads: BinaryHeap::new(),
        }
    }

    /// A merge of listed files by owner.
    pub(super) fn of_files(
        cache: &Arc<Cache>,
        folder: &Arc<Folder>,
        files: &[File],
        narrow: Narrow,
    ) -> Merge {
        let mut merge = Merge::new(Order::Owner, narrow);
        for file in files {
            let (cache, folder, file) = (cache.clone(), folder.clone(), file.clone());
            let least = (file.people.0.0, i64::MIN, Position::default());
            merge.add(least, Box::new(move || cache.open(&folder, &file)));
        }
        merge
    }

    /// Adds a file whose rows have keys of at least `least`.
    pub(super) fn add(&mut self, least: Key, open: Open) {
        self.heads.push(Reverse((least, self.streams.len())));
        self.streams.push(Stream::Closed(open));
    }

    /// Gives every row to `take` in order, until it says `false`.
    pub(super) fn each(&mut self, take: &mut dyn FnMut(Picked<'_>) -> Result<bool>) -> Result<()> {
        while let Some(Reverse((_, stream))) = self.heads.pop() {
            if !self.drain(stream, take)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Gives rows of one stream for as long as they are the least of all.
    fn drain(
        &mut self,
        number: usize,
        take: &mut dyn FnMut(Picked<'_>) -> Result<bool>,
    ) -> Result<bool> {
        let others = self.heads.peek().map(|Reverse((key, _))| *key);
        if let Stream::Closed(_) = self.streams[number] {
            self.open(number)?;
        }
        loop {
            let Stream::Reading(reading) = &mut self.streams[number] else {
                return Ok(true);
            };
            let (batches, current) = &mut **reading;
            let key = self.order.key(&current.places, current.row);
            let is_least = others.is_none_or(|other| key <= other);
            if !is_least {
                self.heads.push(Reverse((key, number)));
                return Ok(true);
            }
            let picked = Picked {
                stream: number,
                batch: &current.batch,
                places: &current.places,
                row: current.row,
                opened: batches.opened(),
            };
            if !take(picked)? {
                return Ok(false);
            }
            current.row += 1;
            if current.row == current.places.len() {
                self.advance(number)?;
            }
        }
    }

    fn open(&mut self, number: usize) -> Result<()> {
        let Stream::Closed(open) = std::mem::replace(&mut self.streams[number], Stream::Done)
        else {
            return Ok(());
        };
        let batches = Batches::begin(open()?, self.narrow.clone(), self.streams.len());
        self.read_on(number, batches)
    }

    fn advance(&mut self, number: usize) -> Result<()> {
        match std::mem::replace(&mut self.streams[number], Stream::Done) {
            Stream::Reading(reading) => self.read_on(number, reading.0),
            Stream::Closed(_) | Stream::Done => Ok(()),
        }
    }

    fn read_on(&mut self, number: usize, mut batches: Batches) -> Result<()> {
        if let Some(batch) = batches.next()? {
            let places = Places::new(&batch).map_err(|why| batches.opened().damaged(why))?;
            let current = Current {
                batch,
                places,
                row: 0,
            };
            self.streams[number] = Stream::Reading(Box::new((batches, current)));
        }
        Ok(())
    }
}
