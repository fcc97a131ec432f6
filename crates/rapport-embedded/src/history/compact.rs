//! Many files into few: merged as columns, so that no row is ever taken apart.

use super::batches::Narrow;
use super::columns as c;
use super::fault;
use super::folder::Folder;
use super::merge::{Merge, Picked};
use super::opened::Cache;
use super::run::{Run, Tally};
use arrow_array::builder::UInt64Builder;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_select::interleave::interleave_record_batch;
use rapport_store::Result;
use rapport_store::history::{File, Ownership};
use std::sync::Arc;

/// Rows written at a time.
const ROWS: usize = 8192;
/// Bytes of batches held before their rows are written, however few.
const HELD_BYTES: usize = 128 * 1024 * 1024;
/// A file that has grown to this is finished, and another begun.
const FILE_BYTES: usize = 256 * 1024 * 1024;
/// The same for rows.
const FILE_ROWS: u64 = 4 * 1024 * 1024;

/// Merges files into new ones of `level`; the old ones are left alone.
pub(super) fn merge(
    cache: &Arc<Cache>,
    folder: &Arc<Folder>,
    files: &[File],
    ownership: &Ownership,
    level: u8,
) -> Result<Vec<File>> {
    // Damage must not be rewritten into a file that looks whole.
    files
        .iter()
        .try_for_each(|file| folder.verify(&file.name))?;
    let mut output = Output {
        folder,
        ownership,
        level,
        run: None,
        files: Vec::new(),
        pending: Pending::new(files.len()),
    };
    let merged = Merge::of_files(cache, folder, files, Narrow::default())
        .each(&mut |picked| output.push(&picked).map(|()| true))
        .and_then(|()| output.finish());
    if merged.is_err() {
        let names: Vec<String> = output.files.iter().map(|file| file.name.clone()).collect();
        let _ = folder.remove(&names);
    }
    merged?;
    Ok(output.files)
}

struct Output<'a> {
    folder: &'a Folder,
    ownership: &'a Ownership,
    level: u8,
    run: Option<Run>,
    files: Vec<File>,
    pending: Pending,
}

/// Rows picked and not written yet.
struct Pending {
    batches: Vec<RecordBatch>,
    bytes: usize,
    /// The number in `batches` of each stream's own.
    current: Vec<Option<usize>>,
    rows: Vec<(usize, usize)>,
    profiles: UInt64Builder,
    tally: Tally,
}

impl Pending {
    fn new(streams: usize) -> Pending {
        Pending {
            batches: Vec::new(),
            bytes: 0,
            current: vec![None; streams],
            rows: Vec::with_capacity(ROWS),
            profiles: UInt64Builder::with_capacity(ROWS),
            tally: Tally::default(),
        }
    }

    fn batch_of(&mut self, picked: &Picked<'_>) -> usize {
        if let (Some(number), true) = (self.current[picked.stream], picked.row > 0) {
            return number;
        }
        self.bytes += picked.batch.get_array_memory_size();
        self.batches.push(picked.batch.clone());
        let number = self.batches.len() - 1;
        self.current[picked.stream] = Some(number);
        number
    }
}

impl Output<'_> {
    fn push(&mut self, picked: &Picked<'_>) -> Result<()> {
        let (places, row) = (picked.places, picked.row);
        let batch = self.pending.batch_of(picked);
        let (position, origin) = (places.position(row), places.origin(row));
        let owner = origin.map(|origin| self.ownership.owner(origin, position));
        let pending = &mut self.pending;
        pending.rows.push((batch, row));
        pending.profiles.append_option(owner.map(|number| number.0));
        pending
            .tally
            .add(position, places.received(row), places.at(row), origin);
        if pending.rows.len() >= ROWS || pending.bytes >= HELD_BYTES {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<()> {
        let streams = self.pending.current.len();
        let mut pending = std::mem::replace(&mut self.pending, Pending::new(streams));
        let batch = pending.interleave()?;
        let run = match &mut self.run {
            Some(run) => run,
            None => self.run.insert(Run::begin(self.folder)?),
        };
        run.push_columns(&batch, &pending.tally)?;
        if run.bytes() >= FILE_BYTES || run.rows() >= FILE_ROWS {
            self.close()?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        if let Some(run) = self.run.take() {
            self.files.push(run.finish(self.folder, self.level)?);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        if !self.pending.rows.is_empty() {
            self.write()?;
        }
        self.close()
    }
}

impl Pending {
    /// The picked rows as one batch, each with its owner of now.
    fn interleave(&mut self) -> Result<RecordBatch> {
        let held: Vec<&RecordBatch> = self.batches.iter().collect();
        let failed = |error: arrow_schema::ArrowError| fault::damaged("of a compaction", error);
        let merged = interleave_record_batch(&held, &self.rows).map_err(failed)?;
        let mut columns: Vec<ArrayRef> = merged.columns().to_vec();
        columns[c::PROFILE] = Arc::new(self.profiles.finish());
        RecordBatch::try_new(merged.schema(), columns).map_err(failed)
    }
}
