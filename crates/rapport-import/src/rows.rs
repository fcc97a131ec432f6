//! Rows of a file, one at a time, whatever its format: names and cells, or why it is no row.

use crate::error::Result;
use crate::format::Format;
use crate::mapping::Mapping;
use crate::text;
use rapport_core::event::dialect::object::Builder;
use rapport_core::json;
use rapport_core::outcome::Reason;
use std::borrow::Cow;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub mod csv;
pub mod ndjson;
pub mod parquet;

/// The most bytes of one row: more is a quote that nobody closed, or no data about a person.
pub const ROW_BYTES_MAX: usize = 4 << 20;
/// The most columns of a file.
pub const COLUMNS_MAX: usize = 4_096;
/// What is kept of a rejected row, in bytes.
const RAW_BYTES_MAX: usize = 4 << 10;

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A text whose type is still to be found out.
    Text(String),
    /// A value that is JSON already.
    Json(String),
}

/// One row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number in the file, from 1; a heading has none.
    pub number: u64,
    /// Its values by the names of their columns, in the file's order.
    pub cells: Vec<(Arc<str>, Cell)>,
}

impl Row {
    /// The value of a column; a name with dots is looked for inside, too.
    #[must_use]
    pub fn cell(&self, name: &str) -> Option<Cow<'_, Cell>> {
        let found = self.cells.iter().find(|(known, _)| **known == *name);
        if let Some((_, cell)) = found {
            return Some(Cow::Borrowed(cell));
        }
        let (first, inside) = name.split_once('.')?;
        let (_, outer) = self.cells.iter().find(|(known, _)| **known == *first)?;
        let Cell::Json(json) = outer else {
            return None;
        };
        let mut raw = json.as_str();
        for name in inside.split('.') {
            (_, raw) = json::members(raw).find(|(known, _)| **known == *name)?;
        }
        Some(Cow::Owned(Cell::Json(raw.to_owned())))
    }

    /// The value of the column at a place in another row: mostly it is at the same place in this one.
    #[must_use]
    pub fn cell_like(&self, place: usize, name: &str) -> Option<Cow<'_, Cell>> {
        match self.cells.get(place) {
            Some((known, cell)) if **known == *name => Some(Cow::Borrowed(cell)),
            _ => self.cell(name),
        }
    }

    /// Bytes it takes in memory: an empty cell is not nothing.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let of = |(_, cell): &(Arc<str>, Cell)| match cell {
            Cell::Text(text) | Cell::Json(text) => text.len() + size_of::<(Arc<str>, Cell)>(),
        };
        self.cells.iter().map(of).sum()
    }

    /// The row as one JSON object, to be shown.
    #[must_use]
    pub fn spelled(&self) -> String {
        let mut object = Builder::new();
        for (name, cell) in &self.cells {
            match cell {
                Cell::Text(text) => object.put_text(name, text),
                Cell::Json(json) => object.put(name, json),
            }
        }
        object.finish().into()
    }
}

/// A row that is not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its number in the file, from 1.
    pub row: u64,
    /// The last row it speaks for: an order is taken or rejected whole.
    pub last: u64,
    /// How many rows that are.
    pub rows: u64,
    /// Why not.
    pub reason: Reason,
    /// The row, as far as it is kept.
    pub raw: String,
}

impl Rejected {
    /// A rejected row; of a long one the beginning is kept.
    #[must_use]
    pub fn new(row: u64, reason: Reason, raw: &str) -> Rejected {
        let mut end = raw.len().min(RAW_BYTES_MAX);
        while !raw.is_char_boundary(end) {
            end -= 1;
        }
        Rejected {
            row,
            last: row,
            rows: 1,
            reason,
            raw: raw[..end].to_owned(),
        }
    }
}

/// A row, or why there is none.
pub type Read = std::result::Result<Row, Rejected>;

/// A file's rows.
pub struct Rows {
    inner: Box<dyn Iterator<Item = Result<Read>> + Send>,
    /// How many there are, where the file says so.
    pub total: Option<u64>,
    /// Names of the columns, where the file has some.
    pub columns: Vec<Arc<str>>,
    /// Bytes of the file read so far.
    pub read: Arc<AtomicU64>,
}

impl Rows {
    /// Opens a file's rows behind the first `skipped`.
    ///
    /// # Errors
    /// Where the file is not of this format.
    pub fn open(file: File, format: Format, mapping: &Mapping, skipped: u64) -> Result<Rows> {
        let named = mapping.encoding()?;
        match format {
            Format::Csv => {
                let text = text::open(file, named)?;
                let csv = csv::Csv::open(text.lines, &mapping.csv)?;
                let columns = csv.columns().to_vec();
                let inner: Box<dyn Iterator<Item = Result<Read>> + Send> = Box::new(csv);
                Ok(Rows {
                    inner: behind(inner, skipped),
                    total: None,
                    columns,
                    read: text.read,
                })
            }
            Format::Ndjson => {
                let text = text::open(file, named)?;
                let lines = ndjson::Ndjson::open(text.lines)?;
                Ok(Rows {
                    inner: behind(Box::new(lines), skipped),
                    total: None,
                    columns: Vec::new(),
                    read: text.read,
                })
            }
            Format::Parquet => {
                let rows = parquet::Parquet::open(file, skipped)?;
                Ok(Rows {
                    total: Some(rows.total()),
                    columns: rows.columns().to_vec(),
                    inner: Box::new(rows),
                    read: Arc::default(),
                })
            }
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Read>;

    fn next(&mut self) -> Option<Result<Read>> {
        self.inner.next()
    }
}

/// Reads over the rows up to number `skipped`.
fn behind(
    rows: Box<dyn Iterator<Item = Result<Read>> + Send>,
    skipped: u64,
) -> Box<dyn Iterator<Item = Result<Read>> + Send> {
    if skipped == 0 {
        return rows;
    }
    let is_before = move |read: &Result<Read>| match read {
        Ok(Ok(row)) => row.number <= skipped,
        Ok(Err(rejected)) => rejected.row <= skipped,
        Err(_) => false,
    };
    Box::new(rows.skip_while(is_before))
}
