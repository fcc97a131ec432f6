//! The reading side of an import: units of the file become batches, each with the cursor that
//! says how far it goes; rejected rows go to their file.

use crate::check;
use crate::error::Result;
use crate::plan::Plan;
use crate::record::{Cursor, Folder, Record};
use crate::rejected::Kept;
use crate::repeats::{self, Index, Repeats};
use crate::rows::Rejected;
use crate::units::{Unit, Units};
use rapport_core::event::dialect::import::Head;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Items of one request at most.
const ITEMS: usize = 500;
/// Bytes of them, from which on a request is closed.
const BYTES: usize = 256 << 10;

/// Rows of a file as a request for the ledger.
pub(crate) struct Batch {
    pub(crate) body: Vec<u8>,
    pub(crate) ids: Vec<Box<str>>,
}

/// What readers tell while they read.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Rows counted for repeats, before the first is sent.
    pub(crate) indexed: AtomicU64,
    /// How many rows there are, once that is known; 0 before.
    pub(crate) total: AtomicU64,
    /// Bytes of the file read in this pass.
    pub(crate) bytes: std::sync::Mutex<Arc<AtomicU64>>,
    /// Set to stop.
    pub(crate) stop: AtomicBool,
}

impl Progress {
    fn watch(&self, units: &Units) {
        let mut bytes = self
            .bytes
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *bytes = units.read();
        if let Some(total) = units.total() {
            self.total.store(total, Ordering::Relaxed);
        }
    }
}

/// Counts repeats in a pass of its own; returns how many rows there are and, of a file of orders,
/// the first row of one that comes up again.
pub(crate) fn index(
    folder: &Folder,
    record: &Record,
    plan: &Arc<Plan>,
    progress: &Progress,
) -> Result<(u64, Option<u64>)> {
    let rows = plan.rows(&folder.spool(), 0)?;
    let units = Units::new(rows, Arc::clone(plan), record.created);
    progress.watch(&units);
    let mut index = Index::begin(&folder.repeats())?;
    let mut last = 0;
    for taken in units {
        match taken? {
            Ok(unit) => {
                if !unit.has_id() || unit.order.is_some() {
                    index.add(unit.key(), unit.first)?;
                }
                last = last.max(unit.last);
            }
            Err(rejected) => last = last.max(rejected.last),
        }
        progress.indexed.store(last, Ordering::Relaxed);
        if progress.stop.load(Ordering::Relaxed) {
            return Ok((last, None));
        }
    }
    index.finish()?;
    let again = match plan.lines_by() {
        Some(_) => Repeats::open(&folder.repeats())?.first(),
        None => None,
    };
    Ok((last, again))
}

/// Reads batches.
pub(crate) struct Reader {
    import: u64,
    created: rapport_core::time::Millis,
    units: Units,
    repeats: Repeats,
    kept: Kept,
    cursor: Cursor,
}

impl Reader {
    /// Begins behind a cursor.
    pub(crate) fn open(
        folder: &Folder,
        record: &Record,
        plan: &Arc<Plan>,
        cursor: Cursor,
        progress: &Progress,
    ) -> Result<Reader> {
        let rows = plan.rows(&folder.spool(), cursor.rows)?;
        let units = Units::new(rows, Arc::clone(plan), record.created);
        progress.watch(&units);
        let repeats = match repeats::is_whole(&folder.repeats()) {
            true => Repeats::open(&folder.repeats())?,
            false => Repeats::default(),
        };
        Ok(Reader {
            import: record.number,
            created: record.created,
            units,
            repeats,
            kept: Kept::open(&folder.rejected(), cursor.kept)?,
            cursor,
        })
    }

    /// How far it is.
    pub(crate) fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The next batch; `None` at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            let mut units: Vec<Unit> = Vec::new();
            let mut items: Vec<(usize, String, Box<str>)> = Vec::new();
            let mut bytes = 0;
            let mut is_over = true;
            while let Some(taken) = self.units.next() {
                match taken? {
                    Ok(unit) => {
                        let occurrence = self.repeats.occurrence(unit.first)?;
                        for (item, id) in unit.items(occurrence) {
                            bytes += item.len();
                            items.push((units.len(), item, id));
                        }
                        self.cursor.rows = self.cursor.rows.max(unit.last);
                        units.push(unit);
                    }
                    Err(rejected) => self.reject(&rejected)?,
                }
                if (items.len() >= ITEMS || bytes >= BYTES) && self.units.is_settled() {
                    is_over = false;
                    break;
                }
            }
            self.drop_refused(&units, &mut items)?;
            self.cursor.kept = self.kept.settle()?;
            if !items.is_empty() {
                return Ok(Some(self.batch(items)));
            }
            if is_over {
                return Ok(None);
            }
        }
    }

    /// Rejects the units that the flow would not take for events.
    fn drop_refused(
        &mut self,
        units: &[Unit],
        items: &mut Vec<(usize, String, Box<str>)>,
    ) -> Result<()> {
        let refused = check::refused(items.iter().map(|(_, item, _)| item.as_str()), self.created);
        let mut last = None;
        let mut dropped = Vec::new();
        for (place, reason) in refused {
            let number = items[place].0;
            if last == Some(number) {
                continue;
            }
            last = Some(number);
            dropped.push(number);
            let unit = &units[number];
            let mut rejected = Rejected::new(unit.first, reason, &unit.raw);
            rejected.last = unit.last;
            rejected.rows = unit.rows;
            self.reject(&rejected)?;
        }
        items.retain(|(number, _, _)| dropped.binary_search(number).is_err());
        Ok(())
    }

    fn reject(&mut self, rejected: &Rejected) -> Result<()> {
        self.cursor.rows = self.cursor.rows.max(rejected.last);
        self.cursor.rejected += rejected.rows;
        self.kept.add(rejected)
    }

    fn batch(&self, items: Vec<(usize, String, Box<str>)>) -> Batch {
        let cursor = serde_json::to_string(&self.cursor).unwrap_or_default();
        let head = Head {
            import: self.import,
            cursor: cursor.into(),
        };
        Batch {
            body: head.batch(items.iter().map(|(_, item, _)| item.as_str())),
            ids: items.into_iter().map(|(_, _, id)| id).collect(),
        }
    }
}
