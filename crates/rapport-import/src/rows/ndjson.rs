//! Rows of NDJSON: one JSON object a line.

use super::{COLUMNS_MAX, ROW_BYTES_MAX, Read, Rejected, Row};
use crate::error::{Error, Result};
use crate::rows::Cell;
use crate::text::{peek, readable, unpacking};
use rapport_core::event::dialect::object;
use rapport_core::event::dialect::readable::mend_surrogates;
use rapport_core::outcome::Reason;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

/// How deep a row may nest, as the tracking API's events.
const DEPTH_MAX: usize = 100;

/// A reader of lines of JSON.
pub struct Ndjson {
    lines: Box<dyn BufRead + Send>,
    number: u64,
    over: bool,
}

impl Ndjson {
    /// Opens lines of JSON.
    ///
    /// # Errors
    /// Where the file is empty, or one JSON array.
    pub fn open(mut lines: Box<dyn BufRead + Send>) -> Result<Ndjson> {
        let start = peek(&mut lines)?;
        match start.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None if start.len() < 4_096 => Err(Error::File("the file is empty".to_owned())),
            Some(b'[') => Err(Error::File(
                "the file is one JSON array: write an object a line, as `jq -c '.[]'` does"
                    .to_owned(),
            )),
            _ => Ok(Ndjson {
                lines,
                number: 0,
                over: false,
            }),
        }
    }

    /// The next line and whether it is longer than a row may be; `None` at the end.
    fn line(&mut self) -> Result<Option<(Vec<u8>, bool)>> {
        let mut line = Vec::new();
        let (mut is_long, mut has_any) = (false, false);
        loop {
            let input = self.lines.fill_buf().map_err(unpacking)?;
            if input.is_empty() {
                return Ok(has_any.then_some((line, is_long)));
            }
            has_any = true;
            let end = input.iter().position(|byte| *byte == b'\n');
            let part = &input[..end.unwrap_or(input.len())];
            if line.len() + part.len() > ROW_BYTES_MAX {
                is_long = true;
                line.clear();
            } else if !is_long {
                line.extend_from_slice(part);
            }
            let read = end.map_or(input.len(), |end| end + 1);
            self.lines.consume(read);
            if end.is_some() {
                return Ok(Some((line, is_long)));
            }
        }
    }

    fn next_row(&mut self) -> Result<Option<Read>> {
        loop {
            let Some((line, is_long)) = self.line()? else {
                return Ok(None);
            };
            if !is_long && line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            self.number += 1;
            if is_long {
                let message = format!("a row may have {ROW_BYTES_MAX} bytes");
                let reason = Reason::new("row_too_large", message);
                return Ok(Some(Err(Rejected::new(self.number, reason, ""))));
            }
            return Ok(Some(row(self.number, &readable(&line).0)));
        }
    }
}

/// Reads one line.
fn row(number: u64, line: &str) -> Read {
    let reject = |code, message: String| {
        let reason = Reason::new(code, message);
        Err(Rejected::new(number, reason, line))
    };
    if is_deep(line) {
        return reject("too_deep", format!("a row may nest {DEPTH_MAX} levels"));
    }
    let mended = mend_surrogates(line.trim());
    let mut cells: Vec<(Arc<str>, Cell)> = Vec::new();
    let mut places: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    let read = object::members(&mended, |name, value| {
        let cell = Cell::Json(value.get().to_owned());
        // Of repeated members the last wins, as in every event.
        if let Some(place) = places.get(&*name) {
            cells[*place].1 = cell;
        } else if cells.len() <= COLUMNS_MAX {
            let name: Arc<str> = Arc::from(&*name);
            places.insert(Arc::clone(&name), cells.len());
            cells.push((name, cell));
        }
    });
    match read {
        Ok(()) if cells.len() > COLUMNS_MAX => reject(
            "too_many_columns",
            format!("a row may have {COLUMNS_MAX} members"),
        ),
        Ok(()) => Ok(Row { number, cells }),
        Err(error) => reject("not_json", format!("the line is no JSON object: {error}")),
    }
}

/// Whether JSON nests deeper than allowed.
fn is_deep(line: &str) -> bool {
    let (mut open, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in line.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => {
                open += 1;
                if open > DEPTH_MAX {
                    return true;
                }
            }
            b'}' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    false
}

impl Iterator for Ndjson {
    type Item = Result<Read>;

    fn next(&mut self) -> Option<Result<Read>> {
        if self.over {
            return None;
        }
        let read = self.next_row().transpose();
        self.over = !matches!(read, Some(Ok(_)));
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<String> {
        let lines = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
        let told = |read: Result<Read>| match read.unwrap() {
            Ok(row) => format!("{}: {} cells", row.number, row.cells.len()),
            Err(rejected) => format!("{}: {}", rejected.row, rejected.reason.code),
        };
        Ndjson::open(lines).unwrap().map(told).collect()
    }

    #[test]
    fn a_broken_line_is_rejected_and_the_next_one_read() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        let text = format!("{{\"a\":1,\"b\":2}}\r\n\n{{\"a\":\n7\n{deep}\n{{\"a\":1,\"a\":2}}");
        assert_eq!(
            codes(&text),
            [
                "1: 2 cells",
                "2: not_json",
                "3: not_json",
                "4: too_deep",
                "5: 1 cells"
            ]
        );
    }

    #[test]
    fn an_array_and_an_empty_file_are_refused_in_words() {
        for text in ["", " \n", "[{}]"] {
            let lines = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
            assert!(Ndjson::open(lines).is_err(), "{text}");
        }
    }
}
