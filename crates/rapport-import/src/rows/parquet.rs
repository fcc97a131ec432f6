//! Rows of Parquet files, a few hundred at a time, each value as JSON.

use super::{COLUMNS_MAX, ROW_BYTES_MAX, Read, Rejected, Row};
use crate::error::{Error, Result};
use crate::rows::Cell;
use arrow_array::{Array, RecordBatch};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use rapport_core::outcome::Reason;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

mod compact;
mod footer;
pub mod json;
mod pages;
mod views;

/// Rows decoded at a time.
const BATCH_ROWS: u64 = 512;
/// What they may take together, where a row can be larger than what the file has of it.
const BATCH_BYTES_MAX: u64 = 256 << 20;

/// A reader of a Parquet file.
pub struct Parquet {
    reader: ParquetRecordBatchReader,
    columns: Vec<Arc<str>>,
    total: u64,
    number: u64,
    batch: Option<RecordBatch>,
    at: usize,
    over: bool,
}

impl Parquet {
    /// Opens a file's rows behind the first `skipped`.
    ///
    /// # Errors
    /// Where it is no Parquet file, or one of a kind that cannot be read.
    pub fn open(file: File, skipped: u64) -> Result<Parquet> {
        footer::check(&file)?;
        guarded(|| {
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            let said = ArrowReaderMetadata::load(&file, options).map_err(damaged)?;
            let fields = said.schema().fields();
            if fields.len() > COLUMNS_MAX {
                return Err(Error::File(format!(
                    "the file has {} columns: {COLUMNS_MAX} are read at most",
                    fields.len()
                )));
            }
            let columns = fields.iter().map(|field| Arc::from(field.name().as_str()));
            let columns = columns.collect();
            let total = said.metadata().file_metadata().num_rows();
            let row_bytes = pages::check(&file, said.metadata())?;
            let rows = (BATCH_BYTES_MAX / row_bytes.max(1)).clamp(1, BATCH_ROWS);
            let options = ArrowReaderOptions::new().with_schema(views::of(said.schema()));
            let said = ArrowReaderMetadata::try_new(Arc::clone(said.metadata()), options)
                .map_err(damaged)?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, said)
                .with_batch_size(usize::try_from(rows).unwrap_or(1))
                .with_offset(usize::try_from(skipped).unwrap_or(usize::MAX));
            Ok(Parquet {
                reader: builder.build().map_err(damaged)?,
                columns,
                total: u64::try_from(total).unwrap_or(0),
                number: skipped,
                batch: None,
                at: 0,
                over: false,
            })
        })
    }

    /// How many rows the file says it has.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Names of the columns.
    #[must_use]
    pub fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }

    fn load(&mut self) -> Result<bool> {
        while self
            .batch
            .as_ref()
            .is_none_or(|batch| self.at >= batch.num_rows())
        {
            let reader = &mut self.reader;
            let next = guarded(|| {
                reader.next().transpose().map_err(|error| {
                    Error::File(format!("the Parquet file cannot be read on: {error}"))
                })
            })?;
            let Some(batch) = next else {
                return Ok(false);
            };
            self.batch = Some(batch);
            self.at = 0;
        }
        Ok(true)
    }

    fn row(&mut self) -> Option<Read> {
        let batch = self.batch.as_ref()?;
        let row = self.at;
        self.at += 1;
        self.number += 1;
        let mut cells = Vec::with_capacity(self.columns.len());
        for (name, column) in self.columns.iter().zip(batch.columns()) {
            match cell(column.as_ref(), row) {
                Ok(Some(cell)) => cells.push((Arc::clone(name), cell)),
                Ok(None) => {}
                Err(what) => {
                    let message = format!("column `{name}`: {what}");
                    let reason = Reason::new("unreadable_value", message);
                    return Some(Err(Rejected::new(self.number, reason, "")));
                }
            }
        }
        let row = Row {
            number: self.number,
            cells,
        };
        if row.bytes() > ROW_BYTES_MAX {
            let message = format!("a row may have {ROW_BYTES_MAX} bytes");
            let reason = Reason::new("row_too_large", message);
            return Some(Err(Rejected::new(self.number, reason, "")));
        }
        Some(Ok(row))
    }
}

impl Iterator for Parquet {
    type Item = Result<Read>;

    fn next(&mut self) -> Option<Result<Read>> {
        if self.over {
            return None;
        }
        match self.load() {
            Ok(true) => self.row().map(Ok),
            Ok(false) => {
                self.over = true;
                None
            }
            Err(error) => {
                self.over = true;
                Some(Err(error))
            }
        }
    }
}

/// A value of a column; `None` where it is null. A text keeps its type open only where the
/// mapping says so: Parquet has types of its own.
fn cell(column: &dyn Array, row: usize) -> std::result::Result<Option<Cell>, String> {
    json::value(column, row).map(|json| json.map(Cell::Json))
}

fn damaged(error: parquet::errors::ParquetError) -> Error {
    Error::File(format!("the file is no Parquet that can be read: {error}"))
}

/// The decoder panics on some damage: that is the file's fault, and ends its import alone.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::File(
            "the Parquet file is damaged: its decoder gave up".to_owned(),
        ))
    })
}

#[cfg(test)]
mod tests;
