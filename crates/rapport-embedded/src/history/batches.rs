//! One file read front to back, a row group at a time, narrowed to the rows that are wanted.

use super::columns as c;
use super::decode::{self, numbers, texts};
use super::opened::Opened;
use arrow_array::types::{UInt32Type, UInt64Type};
use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_buffer::BooleanBuffer;
use arrow_schema::ArrowError;
use parquet::arrow::arrow_reader::{
    ArrowPredicate, ArrowPredicateFn, ParquetRecordBatchReader, RowFilter,
};
use parquet::file::statistics::Statistics;
use rapport_core::position::Position;
use rapport_store::Result;
use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

/// Bytes of a batch, about; long rows make short batches.
const BATCH_BYTES: usize = 1024 * 1024;
/// Rows of a batch.
const BATCH_ROWS: usize = 2048;

/// Which rows of a file are wanted; nothing set is all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Narrow {
    /// Only rows whose origin lies here.
    pub(super) origins: Option<Range<u64>>,
    /// Only rows behind this.
    pub(super) after: Option<Position>,
    /// Only rows at or before this.
    pub(super) through: Option<Position>,
    /// Only events of these names, where not empty.
    pub(super) names: BTreeSet<String>,
    /// Only events of these types, where not empty.
    pub(super) kinds: BTreeSet<String>,
    /// Only these columns, where not empty.
    pub(super) columns: Vec<usize>,
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
        let wanted = |group: &usize| match (&narrow.origins, origins(&opened, *group)) {
            (Some(asked), Some(there)) => asked.start <= *there.end() && *there.start() < asked.end,
            (Some(_), None) => !groups[*group]
                .column(c::ORIGIN)
                .statistics()
                .is_some_and(is_null),
            (None, _) => true,
        };
        let groups = (0..groups.len()).filter(wanted).collect();
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
                match reader.next() {
                    Some(Ok(batch)) if batch.num_rows() == 0 => continue,
                    Some(Ok(batch)) => return Ok(Some(batch)),
                    Some(Err(error)) => return Err(self.opened.damaged(error)),
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
            if !self.narrow.columns.is_empty() {
                builder = builder.with_projection(self.opened.only(&self.narrow.columns));
            }
            let predicates = self.predicates(group);
            if !predicates.is_empty() {
                builder = builder.with_row_filter(RowFilter::new(predicates));
            }
            let reader = builder
                .build()
                .map_err(|error| self.opened.failed(&error))?;
            self.reader = Some(reader);
        }
    }

    /// The cheapest and sharpest first: each only looks at what the ones before it left.
    fn predicates(&self, group: usize) -> Vec<Box<dyn ArrowPredicate>> {
        let mut predicates = Vec::new();
        for (names, column) in [
            (&self.narrow.names, c::EVENT),
            (&self.narrow.kinds, c::TYPE),
        ] {
            if !names.is_empty() {
                predicates.push(self.is_one_of(column, names));
            }
        }
        if let Some(asked) = &self.narrow.origins {
            let whole = origins(&self.opened, group).is_some_and(|there| {
                let has_all = self.nulls(group) == Some(0);
                has_all && asked.contains(there.start()) && asked.contains(there.end())
            });
            if !whole {
                predicates.push(self.has_origin_in(asked.clone()));
            }
        }
        if self.narrow.after.is_some() || self.narrow.through.is_some() {
            predicates.push(self.is_placed());
        }
        predicates
    }

    fn nulls(&self, group: usize) -> Option<u64> {
        let column = self.opened.footer().row_group(group).column(c::ORIGIN);
        column.statistics().and_then(Statistics::null_count_opt)
    }

    fn is_one_of(&self, column: usize, names: &BTreeSet<String>) -> Box<dyn ArrowPredicate> {
        let names: Vec<String> = names.iter().cloned().collect();
        predicate(&self.opened, &[column], move |batch| {
            let found = texts(batch, column)?;
            let is_asked = |row: usize| {
                let value = found.value(row);
                found.is_valid(row) && names.iter().any(|name| name == value)
            };
            Ok(BooleanBuffer::collect_bool(found.len(), is_asked))
        })
    }

    fn has_origin_in(&self, asked: Range<u64>) -> Box<dyn ArrowPredicate> {
        predicate(&self.opened, &[c::ORIGIN], move |batch| {
            let found = numbers::<UInt64Type>(batch, c::ORIGIN)?;
            let is_asked = |row: usize| found.is_valid(row) && asked.contains(&found.value(row));
            Ok(BooleanBuffer::collect_bool(found.len(), is_asked))
        })
    }

    fn is_placed(&self) -> Box<dyn ArrowPredicate> {
        let (after, through) = (self.narrow.after, self.narrow.through);
        predicate(
            &self.opened,
            &[c::REQUEST, c::COMMAND, c::INDEX],
            move |batch| {
                let requests = numbers::<UInt64Type>(batch, c::REQUEST)?;
                let commands = numbers::<UInt32Type>(batch, c::COMMAND)?;
                let indexes = numbers::<UInt32Type>(batch, c::INDEX)?;
                let is_asked = |row: usize| {
                    let position = Position {
                        request: requests.value(row),
                        command: commands.value(row),
                        index: indexes.value(row),
                    };
                    after.is_none_or(|after| position > after)
                        && through.is_none_or(|through| position <= through)
                };
                Ok(BooleanBuffer::collect_bool(requests.len(), is_asked))
            },
        )
    }
}

/// The least and the largest origin of a row group, where the file says so and has any.
pub(super) fn origins(opened: &Opened, group: usize) -> Option<std::ops::RangeInclusive<u64>> {
    match opened
        .footer()
        .row_group(group)
        .column(c::ORIGIN)
        .statistics()?
    {
        Statistics::Int64(values) => Some(*values.min_opt()? as u64..=*values.max_opt()? as u64),
        _ => None,
    }
}

fn is_null(statistics: &Statistics) -> bool {
    statistics.min_bytes_opt().is_none() && statistics.null_count_opt().is_some_and(|n| n > 0)
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
