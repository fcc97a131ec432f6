//! Files opened for reading: their footers parsed once and kept within bounds.

use super::columns::{self, SCHEMA};
use super::fault;
use super::folder::Folder;
use arrow_array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{
    ColumnChunkMask, PageIndexPolicy, ParquetMetaData, ParquetStatisticsPolicy,
};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use rapport_store::{Error, Result};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of parsed footers that are kept.
const KEPT_BYTES: usize = 16 * 1024 * 1024;
/// Files that are kept open.
const KEPT_FILES: usize = 256;

/// Rows, and bytes, that a row group can have.
const COUNT_MAX: i64 = 1 << 40;

/// A history file, its footer read and checked.
pub(super) struct Opened {
    /// Its name, for errors.
    pub(super) name: String,
    pub(super) bytes: Positional,
    metadata: ArrowReaderMetadata,
}

impl Opened {
    /// Opens a file that `expected_bytes` long, where that is known.
    pub(super) fn new(
        name: &str,
        file: std::fs::File,
        expected_bytes: Option<u64>,
    ) -> Result<Opened> {
        let length = file
            .metadata()
            .map_err(|error| fault::opening(name, &error))?
            .len();
        if let Some(expected) = expected_bytes.filter(|expected| *expected != length) {
            let detail = format!("it has {length} bytes, and was written with {expected}");
            return Err(fault::damaged(name, detail));
        }
        let bytes = Positional {
            file: Arc::new(file),
            length,
        };
        let options = ArrowReaderOptions::new()
            .with_page_index_policy(PageIndexPolicy::Optional)
            .with_column_index_mask(ColumnChunkMask::columns([columns::ORIGIN]))
            .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
        let metadata = ArrowReaderMetadata::load(&bytes, options)
            .map_err(|error| fault::reading(name, &error))?;
        let opened = Opened {
            name: name.to_owned(),
            bytes,
            metadata,
        };
        opened.check_columns()?;
        opened.check_groups()?;
        Ok(opened)
    }

    /// A footer that contradicts itself would send readers to rows that are not there.
    fn check_groups(&self) -> Result<()> {
        for (number, group) in self.footer().row_groups().iter().enumerate() {
            let fits = |count: i64| (0..=COUNT_MAX).contains(&count);
            let is_sound = fits(group.num_rows())
                && fits(group.total_byte_size())
                && self.has_pages_in_order(number, columns::ORIGIN, group.num_rows())
                && self.has_pages_described(number);
            if !is_sound {
                let detail = format!("row group {number} contradicts itself");
                return Err(fault::damaged(&self.name, detail));
            }
        }
        Ok(())
    }

    fn has_pages_in_order(&self, group: usize, column: usize, rows: i64) -> bool {
        let index = self.footer().page_index_for_row_group(group);
        let Some(pages) = index.page_locations(column) else {
            return true;
        };
        let firsts = pages.iter().map(|page| page.first_row_index);
        firsts.clone().is_sorted() && firsts.clone().all(|first| (0..=rows).contains(&first))
    }

    fn has_pages_described(&self, group: usize) -> bool {
        let index = self.footer().page_index_for_row_group(group);
        let pages = index.page_locations(columns::ORIGIN);
        let described = index.column_index(columns::ORIGIN);
        pages
            .zip(described)
            .is_none_or(|(pages, index)| index.num_pages() == pages.len() as u64)
    }

    fn check_columns(&self) -> Result<()> {
        let found = self.metadata.schema();
        for (number, field) in SCHEMA.fields().iter().enumerate() {
            let same = found.fields().get(number).is_some_and(|other| {
                other.name() == field.name() && other.data_type() == field.data_type()
            });
            if !same {
                return Err(fault::damaged(
                    &self.name,
                    format!("no column {}", field.name()),
                ));
            }
        }
        Ok(())
    }

    /// Its footer.
    pub(super) fn footer(&self) -> &Arc<ParquetMetaData> {
        self.metadata.metadata()
    }

    /// The pages of a column of a row group, none of them read yet.
    pub(super) fn pages(
        &self,
        group: usize,
        column: usize,
    ) -> ParquetResult<SerializedPageReader<Positional>> {
        let described = self.footer().row_group(group);
        let rows = described.num_rows();
        if !self.has_pages_in_order(group, column, rows) {
            let detail = format!("the pages of column {column} are in no order");
            return Err(ParquetError::General(detail));
        }
        let index = self.footer().page_index_for_row_group(group);
        SerializedPageReader::new(
            Arc::new(self.bytes.clone()),
            described.column(column),
            rows as usize,
            index.page_locations(column).cloned(),
        )
    }

    /// A reader of its columns, to be narrowed further.
    pub(super) fn reader(&self) -> ParquetRecordBatchReaderBuilder<Positional> {
        ParquetRecordBatchReaderBuilder::new_with_metadata(
            self.bytes.clone(),
            self.metadata.clone(),
        )
    }

    /// Begins to read what a reader was narrowed to; a filter of rows reads already here.
    pub(super) fn begin(
        &self,
        reader: ParquetRecordBatchReaderBuilder<Positional>,
    ) -> Result<ParquetRecordBatchReader> {
        let reader = self.guarded(|| reader.build())?;
        reader.map_err(|error| self.failed(&error))
    }

    /// The next batch of a reader.
    pub(super) fn next(
        &self,
        reader: &mut ParquetRecordBatchReader,
    ) -> Result<Option<RecordBatch>> {
        let batch = self.guarded(|| reader.next())?;
        batch.transpose().map_err(|error| self.damaged(error))
    }

    /// Runs a decoder that takes a page's word for how much there is of something, and panics where
    /// that is not true: such a file is damaged like any other.
    fn guarded<T>(&self, decode: impl FnOnce() -> T) -> Result<T> {
        let decoded = catch_unwind(AssertUnwindSafe(decode));
        decoded.map_err(|_| self.damaged("its pages contradict each other"))
    }

    /// The projection onto these columns.
    pub(super) fn only(&self, columns: &[usize]) -> ProjectionMask {
        ProjectionMask::roots(self.metadata.parquet_schema(), columns.iter().copied())
    }

    /// A failure of the format while reading this file.
    pub(super) fn failed(&self, error: &ParquetError) -> Error {
        fault::reading(&self.name, error)
    }

    /// A failure of the columns while reading this file.
    pub(super) fn damaged(&self, detail: impl std::fmt::Display) -> Error {
        fault::damaged(&self.name, detail)
    }
}

/// The files read last.
#[derive(Default)]
pub(super) struct Cache {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    files: BTreeMap<String, (Arc<Opened>, u64)>,
    bytes: usize,
    clock: u64,
}

impl Cache {
    /// The opened file of a listing.
    pub(super) fn open(
        &self,
        folder: &Folder,
        file: &rapport_store::history::File,
    ) -> Result<Arc<Opened>> {
        if let Some(opened) = self.lock().get(&file.name) {
            return Ok(opened);
        }
        let handle = std::fs::File::open(folder.path(&file.name))
            .map_err(|error| fault::opening(&file.name, &error))?;
        let opened = Arc::new(Opened::new(&file.name, handle, Some(file.bytes))?);
        self.lock().keep(opened.clone());
        Ok(opened)
    }

    /// Lets go of removed files, so that their room on the disk is free.
    pub(super) fn forget(&self, names: &[String]) {
        let mut kept = self.lock();
        for name in names {
            kept.drop_file(name);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn get(&mut self, name: &str) -> Option<Arc<Opened>> {
        self.clock += 1;
        let (opened, used) = self.files.get_mut(name)?;
        *used = self.clock;
        Some(opened.clone())
    }

    fn keep(&mut self, opened: Arc<Opened>) {
        let size = opened.footer().memory_size();
        if size > KEPT_BYTES / 2 {
            return;
        }
        self.drop_file(&opened.name);
        while self.bytes + size > KEPT_BYTES || self.files.len() >= KEPT_FILES {
            let oldest = self.files.iter().min_by_key(|(_, (_, used))| *used);
            let Some(name) = oldest.map(|(name, _)| name.clone()) else {
                break;
            };
            self.drop_file(&name);
        }
        self.bytes += size;
        self.files.insert(opened.name.clone(), (opened, self.clock));
    }

    fn drop_file(&mut self, name: &str) {
        if let Some((opened, _)) = self.files.remove(name) {
            self.bytes -= opened.footer().memory_size();
        }
    }
}

/// A file read at positions, so that readers of one handle do not disturb each other.
#[derive(Clone)]
pub(super) struct Positional {
    file: Arc<std::fs::File>,
    length: u64,
}

impl Positional {
    /// Reads into room that is there already.
    pub(super) fn read_at(&self, start: u64, bytes: &mut [u8]) -> ParquetResult<()> {
        let inside = start
            .checked_add(bytes.len() as u64)
            .is_some_and(|end| end <= self.length);
        if !inside {
            let length = bytes.len();
            return Err(ParquetError::EOF(format!(
                "{length} bytes at {start} are not there"
            )));
        }
        Ok(self.file.read_exact_at(bytes, start)?)
    }
}

impl Length for Positional {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Positional {
    type T = io::BufReader<From>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(io::BufReader::new(From {
            file: self.file.clone(),
            start,
        }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let inside = start
            .checked_add(length as u64)
            .is_some_and(|end| end <= self.length);
        if !inside {
            return Err(ParquetError::EOF(format!(
                "{length} bytes at {start} are not there"
            )));
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, start)?;
        Ok(bytes.into())
    }
}

/// Reads a file from a place on.
pub(super) struct From {
    file: Arc<std::fs::File>,
    start: u64,
}

impl Read for From {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(bytes, self.start)?;
        self.start += read as u64;
        Ok(read)
    }
}
