//! A Parquet file's pages, sized by their headers before any is unpacked: the decoder makes room for
//! what a page says it unpacks to, of every column at once.

use super::compact::{Compact, STRUCT};
use crate::error::{Error, Result, disk};
use flate2::read::MultiGzDecoder;
use parquet::basic::Compression;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// What the pages that are unpacked at once, one of each column and its dictionary, may take.
const UNPACKED_BYTES_MAX: u64 = 256 << 20;
/// Pages of a file.
const PAGES_MAX: u64 = 1 << 20;
/// Values of a column with lists in one row group: a single row may claim all of them.
const LISTED_VALUES_MAX: u64 = 1 << 26;
/// A page's header: mostly what the smallest and largest of its values are.
const HEADER_BYTES_MAX: u64 = 4 << 20;
/// So much of it is read at first.
const HEADER_BYTES: u64 = 512;

/// An encoding in which a value repeats the beginning of the one before: it says more than it has.
const DELTA_BYTE_ARRAY: i64 = 7;

const DICTIONARY_PAGE: i64 = 2;

/// What a page's header says.
#[derive(Default)]
struct Page {
    kind: i64,
    unpacked: i64,
    packed: i64,
    values: i64,
    encoding: i64,
    /// Bytes before the values that are never packed.
    levels: i64,
    header_bytes: u64,
}

/// What is unpacked at once of one column.
#[derive(Default)]
struct Held {
    dictionary: u64,
    page: u64,
    prefixed: u64,
}

/// Checks every page and returns how many bytes one row may have beside its pages, at worst.
///
/// # Errors
/// Where pages are damaged, too many, or unpack to too much.
pub(super) fn check(file: &File, metadata: &ParquetMetaData) -> Result<u64> {
    let (mut pages, mut row_bytes) = (0, 0);
    for group in metadata.row_groups() {
        let (mut unpacked, mut prefixed) = (0, 0);
        for column in group.columns() {
            let held = held(file, column, &mut pages)?;
            unpacked += held.dictionary + held.page;
            prefixed += held.prefixed;
            if unpacked > UNPACKED_BYTES_MAX {
                return Err(Error::File(format!(
                    "the Parquet file's pages unpack to more than {UNPACKED_BYTES_MAX} bytes at once: \
                     write it with smaller pages or row groups"
                )));
            }
        }
        row_bytes = row_bytes.max(prefixed);
    }
    Ok(row_bytes)
}

fn held(file: &File, column: &ColumnChunkMetaData, pages: &mut u64) -> Result<Held> {
    let (start, length) = column.byte_range();
    let end = start.saturating_add(length);
    let has_lists = column.column_descr().max_rep_level() > 0;
    let (mut at, mut values) = (start, 0_u64);
    let mut held = Held::default();
    while at < end {
        *pages += 1;
        if *pages > PAGES_MAX {
            return Err(Error::File(format!(
                "the Parquet file has more than {PAGES_MAX} pages: write it with larger ones"
            )));
        }
        let page = header(file, at, end)?.ok_or_else(damaged)?;
        let [unpacked, packed, levels, counted] =
            [page.unpacked, page.packed, page.levels, page.values].map(u64::try_from);
        let (Ok(unpacked), Ok(packed), Ok(levels), Ok(counted)) =
            (unpacked, packed, levels, counted)
        else {
            return Err(damaged());
        };
        at = at.saturating_add(page.header_bytes);
        check_gzip(file, column, (at, packed, levels))?;
        at = at.saturating_add(packed);
        let bytes = unpacked.max(packed);
        if page.kind == DICTIONARY_PAGE {
            held.dictionary = held.dictionary.max(bytes);
        } else {
            held.page = held.page.max(bytes);
            values = values.saturating_add(counted);
        }
        if page.encoding == DELTA_BYTE_ARRAY {
            held.prefixed = held.prefixed.max(bytes);
        }
        if has_lists && values > LISTED_VALUES_MAX {
            return Err(Error::File(format!(
                "a column of the Parquet file lists more than {LISTED_VALUES_MAX} values in a row \
                 group: write it with smaller ones"
            )));
        }
    }
    Ok(held)
}

/// The decoder unpacks gzip to its end, whatever the header says it is.
fn check_gzip(
    mut file: &File,
    column: &ColumnChunkMetaData,
    (at, packed, levels): (u64, u64, u64),
) -> Result<()> {
    // Nothing is packed tighter than a thousandth.
    let is_small = packed.saturating_mul(1_100) < UNPACKED_BYTES_MAX;
    if is_small || !matches!(column.compression(), Compression::GZIP(_)) {
        return Ok(());
    }
    let start = at.saturating_add(levels);
    file.seek(SeekFrom::Start(start))
        .map_err(disk("reading the file"))?;
    let page = file.take(packed.saturating_sub(levels));
    let mut unpacked = MultiGzDecoder::new(page).take(UNPACKED_BYTES_MAX + 1);
    match io::copy(&mut unpacked, &mut io::sink()) {
        Ok(bytes) if bytes > UNPACKED_BYTES_MAX => Err(damaged()),
        // What is no gzip is the decoder's to refuse: it may not even be packed.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn damaged() -> Error {
    Error::File("the Parquet file is damaged: a page is not what its header says".to_owned())
}

/// Reads the header of the page at a place; `None` where there is none.
fn header(mut file: &File, at: u64, end: u64) -> Result<Option<Page>> {
    let mut length = HEADER_BYTES;
    loop {
        let within = length.min(end - at);
        file.seek(SeekFrom::Start(at))
            .map_err(disk("reading the file"))?;
        let mut bytes = Vec::new();
        let read = file.take(within).read_to_end(&mut bytes);
        read.map_err(disk("reading the file"))?;
        let is_all = (bytes.len() as u64) < length;
        match page(&bytes) {
            Some(page) => return Ok(Some(page)),
            None if is_all || length >= HEADER_BYTES_MAX => return Ok(None),
            None => length *= 8,
        }
    }
}

fn page(bytes: &[u8]) -> Option<Page> {
    let mut header = Compact::new(bytes);
    let mut page = Page::default();
    header.members(|header, number, kind| match (number, kind) {
        (1, 4..=6) => read(header, &mut page.kind),
        (2, 4..=6) => read(header, &mut page.unpacked),
        (3, 4..=6) => read(header, &mut page.packed),
        (5 | 7 | 8, STRUCT) => {
            let is_second = number == 8;
            header.members(|inner, member, kind| match (member, kind, is_second) {
                (1, 4..=6, _) => read(inner, &mut page.values),
                (2, 4..=6, false) | (4, 4..=6, true) => read(inner, &mut page.encoding),
                (5 | 6, 4..=6, true) => {
                    let mut bytes = 0;
                    read(inner, &mut bytes)?;
                    page.levels = page.levels.checked_add(bytes)?;
                    Some(())
                }
                _ => inner.skip(kind),
            })
        }
        _ => header.skip(kind),
    })?;
    page.header_bytes = header.at() as u64;
    Some(page)
}

fn read(from: &mut Compact<'_>, to: &mut i64) -> Option<()> {
    *to = from.number()?;
    Some(())
}
