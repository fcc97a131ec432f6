//! One file read front to back, a row group at a time, narrowed to the rows that are wanted.

use super::columns as c;
use super::decode::{self, numbers};
use super::opened::Opened;
use arrow_array::types::{UInt32Type, UInt64Type};
use arrow_array::{BooleanArray, RecordBatch};
use arrow_buffer::BooleanBuffer;
use arrow_schema::ArrowError;
use parquet::arrow::arrow_reader::{
    ArrowPredicate, ArrowPredicateFn, ParquetRecordBatchReader, RowFilter,
};
use rapport_core::position::Position;
use rapport_store::Result;
use std::collections::VecDeque;
use std::sync::Arc;

/// Bytes of a batch, about; long rows make short batches.
const BATCH_BYTES: usize = 1024 * 1024;
/// Rows of a batch.
const BATCH_ROWS: usize = 2048;

/// Which rows of a file are wanted; nothing set is all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Narrow {
    /// Only rows behind this.
    pub(super) after: Option<Position>,
}

/// The batches of a file, in its own order.
pub(super) struct Batches {
    opened: Arc<Opened>,
    narrow: Narrow,
    batch_rows: usize,
    groups: VecDeque<usize>,
    reader: Option<ParquetRecordBatchReader>,
}

impl Batches {
    /// Begins to read; `streams` is how many files are read at a time.
    pub(super) fn begin(opened: Arc<Opened>, narrow: Narrow, streams: usize) -> Batches {
        let groups = opened.footer().row_groups();
        let rows: i64 = groups.iter().map(|group| group.num_rows()).sum();
        let bytes: i64 = groups.iter().map(|group| group.total_byte_size()).sum();
        let row_bytes = (bytes / rows.max(1)).max(1) as usize;
        let batch_rows = (BATCH_BYTES / row_bytes).clamp(16, BATCH_ROWS);
        let batch_rows = if streams > 32 {
            batch_rows.min(512)
        } else {
            batch_rows
        };
        let groups = (0..groups.len()).collect();
        Batches {
            opened,
            narrow,
            batch_rows,
            groups,
            reader: None,
        }
    }

    /// The file that is read.
    pub(super) fn opened(&self) -> &Opened {
        &self.opened
    }

    /// The next batch with at least one row.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(reader) = &mut self.reader {
                match self.opened.next(reader)? {
                    Some(batch) if batch.num_rows() == 0 => continue,
                    Some(batch) => return Ok(Some(batch)),
                    None => self.reader = None,
                }
            }
            let Some(group) = self.groups.pop_front() else {
                return Ok(None);
            };
            let mut builder = self
                .opened
                .reader()
                .with_row_groups(vec![group])
                .with_batch_size(self.batch_rows);
            if let Some(after) = self.narrow.after {
                let is_behind = self.is_behind(after);
                builder = builder.with_row_filter(RowFilter::new(vec![is_behind]));
            }
            self.reader = Some(self.opened.begin(builder)?);
        }
    }

    fn is_behind(&self, after: Position) -> Box<dyn ArrowPredicate> {
        predicate(
            &self.opened,
            &[c::REQUEST, c::COMMAND, c::INDEX],
            move |batch| {
                let requests = numbers::<UInt64Type>(batch, c::REQUEST)?;
                let commands = numbers::<UInt32Type>(batch, c::COMMAND)?;
                let indexes = numbers::<UInt32Type>(batch, c::INDEX)?;
                let is_behind = |row: usize| {
                    let position = Position {
                        request: requests.value(row),
                        command: commands.value(row),
                        index: indexes.value(row),
                    };
                    position > after
                };
                Ok(BooleanBuffer::collect_bool(requests.len(), is_behind))
            },
        )
    }
}

/// A filter of rows that reads these columns only.
pub(super) fn predicate(
    opened: &Opened,
    columns: &[usize],
    mut keep: impl FnMut(&RecordBatch) -> std::result::Result<BooleanBuffer, decode::Detail>
    + Send
    + 'static,
) -> Box<dyn ArrowPredicate> {
    Box::new(ArrowPredicateFn::new(opened.only(columns), move |batch| {
        let kept = keep(&batch).map_err(ArrowError::ParquetError)?;
        Ok(BooleanArray::new(kept, None))
    }))
}
