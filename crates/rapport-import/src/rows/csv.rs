//! Rows of separated values: quotes over several lines, ragged rows, any separator; a row that is
//! too large is read over without being held.

use super::{COLUMNS_MAX, ROW_BYTES_MAX, Read, Rejected, Row};
use crate::error::{Error, Result};
use crate::mapping::CsvShape;
use crate::rows::Cell;
use crate::text::{peek, readable, unpacking};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use rapport_core::outcome::Reason;
use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::sync::Arc;

const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A reader of separated values.
pub struct Csv {
    lines: Box<dyn BufRead + Send>,
    core: Reader,
    separator: u8,
    columns: Vec<Arc<str>>,
    number: u64,
    record: Record,
    /// A first row that is no heading.
    first: bool,
    over: bool,
}

/// The bytes of one record and where its fields end.
struct Record {
    bytes: Vec<u8>,
    filled: usize,
    ends: Vec<usize>,
    fields: usize,
    is_too_large: bool,
}

impl Csv {
    /// Opens separated values; the first row is the heading unless the shape says otherwise.
    ///
    /// # Errors
    /// Where nothing is there to be read, or the heading is none.
    pub fn open(mut lines: Box<dyn BufRead + Send>, shape: &CsvShape) -> Result<Csv> {
        let separator = match shape.separator()? {
            Some(separator) => separator,
            None => sniff(&peek(&mut lines)?),
        };
        let core = ReaderBuilder::new()
            .delimiter(separator)
            .quote(shape.quote()?)
            .build();
        let mut csv = Csv {
            lines,
            core,
            separator,
            columns: Vec::new(),
            number: 0,
            record: Record {
                bytes: vec![0; 16 << 10],
                filled: 0,
                ends: vec![0; 64],
                fields: 0,
                is_too_large: false,
            },
            first: false,
            over: false,
        };
        if !csv.read()? {
            csv.over = true;
            return match shape.header {
                true => Err(Error::File("the file is empty".to_owned())),
                false => Ok(csv),
            };
        }
        if csv.record.is_too_large {
            return Err(Error::File(
                "the first line is larger than any heading: is it CSV?".to_owned(),
            ));
        }
        if csv.record.fields().any(|field| field.contains(&0)) {
            return Err(Error::File("the file is no text".to_owned()));
        }
        csv.columns = named(&csv.record, shape.header);
        csv.first = !shape.header;
        Ok(csv)
    }

    /// Names of the columns.
    #[must_use]
    pub fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }

    /// Reads the next record; false where there is none.
    fn read(&mut self) -> Result<bool> {
        let record = &mut self.record;
        record.filled = 0;
        record.fields = 0;
        record.is_too_large = false;
        loop {
            let input = self.lines.fill_buf().map_err(unpacking)?;
            let (result, read, written, ended) = self.core.read_record(
                input,
                &mut record.bytes[record.filled..],
                &mut record.ends[record.fields..],
            );
            self.lines.consume(read);
            record.filled += written;
            record.fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => record.make_room(),
                ReadRecordResult::OutputEndsFull => record.make_fields(),
                ReadRecordResult::Record => return Ok(true),
                ReadRecordResult::End => return Ok(false),
            }
        }
    }

    fn row(&mut self) -> Read {
        self.number += 1;
        let record = &self.record;
        if record.is_too_large {
            let message = format!("a row may have {ROW_BYTES_MAX} bytes: is a quote not closed?");
            let reason = Reason::new("row_too_large", message);
            return Err(Rejected::new(self.number, reason, ""));
        }
        let raw = || {
            let fields: Vec<_> = record.fields().map(|field| readable(field).0).collect();
            fields.join(&char::from(self.separator).to_string())
        };
        if record.fields != self.columns.len() {
            let (has, wants) = (record.fields, self.columns.len());
            let message = format!("the row has {has} cells, the heading {wants}");
            let reason = Reason::new("wrong_number_of_cells", message);
            return Err(Rejected::new(self.number, reason, &raw()));
        }
        if record.bytes[..record.filled].contains(&0) {
            let reason = Reason::new("not_text", "the row has bytes that are no text");
            return Err(Rejected::new(self.number, reason, &raw()));
        }
        let cell = |field| Cell::Text(readable(field).0.into_owned());
        let named = self.columns.iter().cloned();
        Ok(Row {
            number: self.number,
            cells: named.zip(record.fields().map(cell)).collect(),
        })
    }
}

impl Record {
    fn make_room(&mut self) {
        if self.bytes.len() < ROW_BYTES_MAX {
            self.bytes.resize(self.bytes.len() * 2, 0);
        } else {
            self.is_too_large = true;
            self.filled = 0;
        }
    }

    fn make_fields(&mut self) {
        if self.ends.len() < COLUMNS_MAX {
            self.ends.resize(self.ends.len() * 2, 0);
        } else {
            self.is_too_large = true;
            self.fields = 0;
        }
    }

    fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = 0;
        self.ends[..self.fields].iter().map(move |end| {
            let field = self.bytes.get(from..*end).unwrap_or_default();
            from = *end;
            field
        })
    }
}

impl Iterator for Csv {
    type Item = Result<Read>;

    fn next(&mut self) -> Option<Result<Read>> {
        if std::mem::take(&mut self.first) {
            return Some(Ok(self.row()));
        }
        if self.over {
            return None;
        }
        match self.read() {
            Ok(true) => Some(Ok(self.row())),
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

/// The separator that the first line has most of, outside quotes.
fn sniff(start: &[u8]) -> u8 {
    let mut counts = [0_usize; SEPARATORS.len()];
    let mut quoted = false;
    for byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if quoted => {}
            other => {
                if let Some(place) = SEPARATORS.iter().position(|one| one == other) {
                    counts[place] += 1;
                }
            }
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let place = counts.iter().position(|count| *count == most).unwrap_or(0);
    SEPARATORS[place]
}

/// Names for the columns: the heading's, each made unique, or numbers.
fn named(record: &Record, is_heading: bool) -> Vec<Arc<str>> {
    let mut taken = BTreeSet::new();
    // What the next repeat of a name is called, so that a heading of one name alone takes no longer.
    let mut repeats: BTreeMap<String, usize> = BTreeMap::new();
    let mut names = Vec::with_capacity(record.fields);
    for (place, field) in record.fields().enumerate() {
        let said = readable(field).0.trim().to_owned();
        let mut name = match is_heading && !said.is_empty() {
            true => said,
            false => format!("column_{}", place + 1),
        };
        if !taken.insert(name.clone()) {
            let number = repeats.entry(name.clone()).or_insert(2);
            let first = std::mem::take(&mut name);
            loop {
                name = format!("{first}_{number}");
                *number += 1;
                if taken.insert(name.clone()) {
                    break;
                }
            }
        }
        names.push(Arc::from(name));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<std::result::Result<Vec<String>, String>> {
        let lines = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
        let csv = Csv::open(lines, &CsvShape::default()).unwrap();
        csv.map(|read| match read.unwrap() {
            Ok(row) => Ok(row
                .cells
                .into_iter()
                .map(|(name, cell)| match cell {
                    Cell::Text(text) => format!("{name}={text}"),
                    Cell::Json(json) => json,
                })
                .collect()),
            Err(rejected) => Err(format!("{}: {}", rejected.row, rejected.reason.code)),
        })
        .collect()
    }

    fn row(cells: &[&str]) -> std::result::Result<Vec<String>, String> {
        Ok(cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn quotes_may_hold_separators_quotes_and_lines() {
        let text = "a,b\r\n\"1,\"\"x\"\"\n2\",3\r\n\n4,";
        assert_eq!(
            read(text),
            [row(&["a=1,\"x\"\n2", "b=3"]), row(&["a=4", "b="])]
        );
    }

    #[test]
    fn a_ragged_row_is_rejected_and_the_next_one_read() {
        let text = "a;b;c\n1;2\n1;2;3;4\n1;2;3\n";
        let told = |row: u64| Err(format!("{row}: wrong_number_of_cells"));
        assert_eq!(read(text), [told(1), told(2), row(&["a=1", "b=2", "c=3"])]);
    }

    #[test]
    fn names_are_unique_and_none_is_empty() {
        assert_eq!(
            read("a\ta\t\n1\t2\t3\n"),
            [row(&["a=1", "a_2=2", "column_3=3"])]
        );
    }

    #[test]
    fn a_quote_that_is_not_closed_is_a_row_too_large_not_a_full_memory() {
        let text = format!("a,b\n1,2\n3,\"{}", "x,\n".repeat(8 << 20));
        assert_eq!(
            read(&text),
            [row(&["a=1", "b=2"]), Err("2: row_too_large".to_owned())]
        );
    }

    #[test]
    fn a_heading_alone_has_no_rows_and_an_empty_file_is_no_csv() {
        assert_eq!(read("a,b\n"), []);
        let lines = Box::new(std::io::Cursor::new(Vec::new()));
        assert!(Csv::open(lines, &CsvShape::default()).is_err());
    }
}
