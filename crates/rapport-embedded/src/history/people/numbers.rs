//! One column of numbers of a row group, read as far as it is wanted.

use crate::history::opened::{Opened, Positional};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result};
use parquet::file::serialized_reader::SerializedPageReader;

/// A column, a stretch of rows at a time.
pub(super) struct Numbers<T: DataType> {
    reader: ColumnReaderImpl<T>,
    /// Rows to be left out before the next that is read.
    behind: usize,
    levels: Vec<i16>,
    values: Vec<T::T>,
}

impl<T: DataType> Numbers<T> {
    /// Opens a column; reads nothing yet.
    pub(super) fn open(opened: &Opened, group: usize, column: usize) -> Result<Numbers<T>> {
        let pages: SerializedPageReader<Positional> = opened.pages(group, column)?;
        let schema = opened.footer().file_metadata().schema_descr_ptr();
        Ok(Numbers {
            reader: ColumnReaderImpl::new(schema.column(column), Box::new(pages)),
            behind: 0,
            levels: Vec::new(),
            values: Vec::new(),
        })
    }

    /// Leaves rows out.
    pub(super) fn skip(&mut self, rows: usize) {
        self.behind += rows;
    }

    /// Reads the next rows, each of which has a number.
    pub(super) fn read(&mut self, rows: usize) -> Result<&[T::T]> {
        if self.read_leading(rows)?.len() < rows {
            return Err(damaged("an event has no number there"));
        }
        Ok(&self.values)
    }

    /// Reads the next rows and gives the numbers of those that have one: they come first.
    pub(super) fn read_leading(&mut self, rows: usize) -> Result<&[T::T]> {
        if self.behind > 0 {
            let skipped = self.reader.skip_records(self.behind)?;
            self.behind -= skipped;
        }
        self.levels.clear();
        self.values.clear();
        let levels = Some(&mut self.levels);
        let (read, _, _) = self
            .reader
            .read_records(rows, levels, None, &mut self.values)?;
        if read < rows || self.behind > 0 {
            return Err(damaged("it has fewer rows than the others"));
        }
        if !self.levels.is_sorted_by(|left, right| left >= right) {
            return Err(damaged("who has one does not come first"));
        }
        Ok(&self.values)
    }

    /// The numbers read last.
    pub(super) fn values(&self) -> &[T::T] {
        &self.values
    }
}

fn damaged(detail: &str) -> ParquetError {
    ParquetError::General(format!("a column of numbers: {detail}"))
}
