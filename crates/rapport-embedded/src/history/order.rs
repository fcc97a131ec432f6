//! The ledger given back: every entry in ascending order of position.
//!
//! Files do not overlap in position as they are flushed, and are sorted in memory one after
//! another. Compacted ones do overlap: where a set of overlapping files is too large to sort in
//! memory it is sorted in runs on disk first, which are gone when the scan ends, however it ends.

use super::batches::{Batches, Narrow};
use super::columns;
use super::decode::{Places, Rows};
use super::fault;
use super::folder::Folder;
use super::merge::{Merge, Order};
use super::opened::{Cache, Opened};
use arrow_array::RecordBatch;
use arrow_select::interleave::interleave_record_batch;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use rapport_core::position::Position;
use rapport_store::Result;
use rapport_store::history::{Entry, File};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Rows handed over at a time.
const CHUNK: usize = 512;

/// Takes what a scan has read so far; says when to stop.
pub(super) type Emit<'a, T> = &'a mut dyn FnMut(Vec<T>) -> ControlFlow<()>;

/// Bytes of columns that are sorted in memory.
pub(super) const BUDGET: usize = 128 * 1024 * 1024;
/// Rows written to a run at a time.
const RUN_ROWS: usize = 2048;
const WHAT: &str = "a run of a scan by position";

/// Reads every entry behind `after`; sorts at most `budget` bytes of columns in memory.
pub(super) fn scan(
    cache: &Arc<Cache>,
    folder: &Arc<Folder>,
    files: &[File],
    after: Position,
    budget: usize,
    emit: Emit<'_, Entry>,
) -> Result<()> {
    let mut files: Vec<File> = files
        .iter()
        .filter(|file| file.last > after)
        .cloned()
        .collect();
    files.sort_unstable_by_key(|file| file.first);
    let mut rest = files.as_slice();
    while let Some(first) = rest.first() {
        let (mut count, mut last) = (1, first.last);
        while let Some(next) = rest.get(count).filter(|next| next.first <= last) {
            last = last.max(next.last);
            count += 1;
        }
        let (overlapping, behind) = rest.split_at(count);
        let mut sort = Sort {
            folder,
            budget,
            held: Vec::new(),
            bytes: 0,
            runs: Vec::new(),
        };
        if sort.read(cache, overlapping, after)?.give(emit)?.is_break() {
            return Ok(());
        }
        rest = behind;
    }
    Ok(())
}

/// A sort of overlapping files.
struct Sort<'a> {
    folder: &'a Arc<Folder>,
    budget: usize,
    held: Vec<RecordBatch>,
    bytes: usize,
    runs: Vec<Arc<Opened>>,
}

impl Sort<'_> {
    fn read(&mut self, cache: &Cache, files: &[File], after: Position) -> Result<&mut Self> {
        for file in files {
            self.folder.verify(&file.name)?;
            let opened = cache.open(self.folder, file)?;
            let narrow = Narrow {
                after: (file.first <= after).then_some(after),
            };
            let mut batches = Batches::begin(opened, narrow, 1);
            while let Some(batch) = batches.next()? {
                self.bytes += batch.get_array_memory_size();
                self.held.push(batch);
                if self.bytes > self.budget {
                    self.spill()?;
                }
            }
        }
        Ok(self)
    }

    /// The rows held, in order: which batch, and which row of it.
    fn sorted(&self) -> Result<Vec<(usize, usize)>> {
        let mut rows = Vec::new();
        for (number, batch) in self.held.iter().enumerate() {
            let places = Places::new(batch).map_err(|why| fault::damaged(WHAT, why))?;
            rows.extend((0..places.len()).map(|row| (places.position(row), number, row)));
        }
        rows.sort_unstable();
        Ok(rows
            .into_iter()
            .map(|(_, batch, row)| (batch, row))
            .collect())
    }

    /// Writes what is held as a sorted run, to be merged later.
    fn spill(&mut self) -> Result<()> {
        let order = self.sorted()?;
        let failed = |error: ParquetError| fault::writing(WHAT, &error);
        let properties = columns::passing();
        let draft = self.folder.draft()?;
        let mut writer = ArrowWriter::try_new(draft, columns::SCHEMA.clone(), Some(properties))
            .map_err(failed)?;
        let held: Vec<&RecordBatch> = self.held.iter().collect();
        for rows in order.chunks(RUN_ROWS) {
            let batch = interleave_record_batch(&held, rows).map_err(ParquetError::from);
            batch
                .and_then(|batch| writer.write(&batch))
                .map_err(failed)?;
        }
        let draft = writer.into_inner().map_err(failed)?;
        let reader = draft
            .reader()
            .map_err(|error| fault::from_io(WHAT, &error))?;
        // The draft's name goes with it here; the open handle keeps the bytes.
        drop(draft);
        self.runs.push(Arc::new(Opened::new(WHAT, reader, None)?));
        self.held.clear();
        self.bytes = 0;
        Ok(())
    }

    fn give(&mut self, emit: Emit<'_, Entry>) -> Result<ControlFlow<()>> {
        if self.runs.is_empty() {
            return self.give_held(emit);
        }
        if !self.held.is_empty() {
            self.spill()?;
        }
        self.give_runs(emit)
    }

    fn give_held(&mut self, emit: Emit<'_, Entry>) -> Result<ControlFlow<()>> {
        let order = self.sorted()?;
        let rows: std::result::Result<Vec<Rows>, _> = self.held.iter().map(Rows::new).collect();
        let rows = rows.map_err(|why| fault::damaged(WHAT, why))?;
        for chunk in order.chunks(CHUNK) {
            let entries: std::result::Result<Vec<Entry>, _> = chunk
                .iter()
                .map(|(batch, row)| rows[*batch].entry(*row))
                .collect();
            let entries = entries.map_err(|why| fault::damaged(WHAT, why))?;
            if emit(entries).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn give_runs(&mut self, emit: Emit<'_, Entry>) -> Result<ControlFlow<()>> {
        let mut merge = Merge::new(Order::Position, Narrow::default());
        let mut rows: Vec<Option<Rows>> = Vec::new();
        for run in std::mem::take(&mut self.runs) {
            rows.push(None);
            merge.add((0, 0, Position::default()), Box::new(move || Ok(run)));
        }
        let mut flow = ControlFlow::Continue(());
        let mut chunk = Vec::with_capacity(CHUNK);
        merge.each(&mut |picked| {
            let slot = &mut rows[picked.stream];
            if picked.row == 0 || slot.is_none() {
                *slot = Some(Rows::new(picked.batch).map_err(|why| picked.opened.damaged(why))?);
            }
            if let Some(rows) = slot {
                chunk.push(
                    rows.entry(picked.row)
                        .map_err(|why| picked.opened.damaged(why))?,
                );
            }
            if chunk.len() == CHUNK {
                flow = emit(std::mem::take(&mut chunk));
            }
            Ok(flow.is_continue())
        })?;
        if flow.is_continue() && !chunk.is_empty() {
            flow = emit(chunk);
        }
        Ok(flow)
    }
}
