//! One column of a CSV file.

use crate::errors::{Code, Error};
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use csv_core::{ReadRecordResult, Reader};

/// The largest file, in bytes.
const BYTES_MAX: usize = 32 << 20;
/// The most rows of a file.
const ROWS_MAX: usize = 200_000;
/// The longest record, in bytes: what is longer is no record.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// The bytes of a file.
pub(super) async fn bytes(request: Request) -> Result<Bytes, Error> {
    to_bytes(request.into_body(), BYTES_MAX).await.map_err(|_| {
        let message = "a file for a list may have 32 MB: send it in parts";
        Error::new(Code::ImportTooLarge, message)
    })
}

/// The cells of a column, trimmed, each with the row it is of: the header is row 1.
pub(super) fn column(bytes: &[u8], name: &str) -> Result<Vec<(u64, String)>, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut records = Records::of(bytes);
    let header = records.next()?.unwrap_or_default();
    let place = header.iter().position(|cell| cell.trim() == name);
    let Some(place) = place else {
        let names = header.iter().take(20).map(|cell| cell.trim());
        let message = format!(
            "there is no column `{name}`: the first row names {}",
            names.collect::<Vec<_>>().join(", ")
        );
        return Err(Error::new(Code::InvalidFile, message));
    };
    let mut cells = Vec::new();
    while let Some(record) = records.next()? {
        if cells.len() >= ROWS_MAX {
            let message = format!("a file for a list may have {ROWS_MAX} rows: send it in parts");
            return Err(Error::new(Code::ImportTooLarge, message));
        }
        let cell = record.get(place).map_or("", |cell| cell.trim());
        cells.push((cells.len() as u64 + 2, cell.to_owned()));
    }
    Ok(cells)
}

struct Records<'a> {
    reader: Reader,
    rest: &'a [u8],
    output: Vec<u8>,
    ends: Vec<usize>,
}

impl<'a> Records<'a> {
    fn of(bytes: &'a [u8]) -> Records<'a> {
        Records {
            reader: Reader::new(),
            rest: bytes,
            output: vec![0; 4_096],
            ends: vec![0; 64],
        }
    }

    fn next(&mut self) -> Result<Option<Vec<String>>, Error> {
        let (mut written, mut fields) = (0, 0);
        loop {
            let (result, read, wrote, ended) = self.reader.read_record(
                self.rest,
                &mut self.output[written..],
                &mut self.ends[fields..],
            );
            self.rest = &self.rest[read..];
            (written, fields) = (written + wrote, fields + ended);
            match result {
                // Nothing is left to read: an empty input says so.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => grow(&mut self.output)?,
                ReadRecordResult::OutputEndsFull => grow(&mut self.ends)?,
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        let mut begin = 0;
        let cells = self.ends[..fields].iter().map(|end| {
            let cell = String::from_utf8_lossy(&self.output[begin..*end]).into_owned();
            begin = *end;
            cell
        });
        Ok(Some(cells.collect()))
    }
}

fn grow<T: Clone + Default>(buffer: &mut Vec<T>) -> Result<(), Error> {
    if buffer.len() >= RECORD_BYTES_MAX {
        let message = "a row has more than 1 MB: a quote may not be closed";
        return Err(Error::new(Code::InvalidFile, message));
    }
    buffer.resize(buffer.len() * 2, T::default());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(file: &str, name: &str) -> Result<Vec<(u64, String)>, String> {
        column(file.as_bytes(), name).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_column_is_read_through_quotes_marks_and_short_rows() {
        let file =
            "\u{feff}name, email \r\n\"Byron, Ada\",ada@example.org\n\nBob\n\"C\"\"d\", c@x.y ";
        let read = cells(file, "email").expect("cells");
        let expected = [(2, "ada@example.org"), (3, ""), (4, "c@x.y")];
        assert_eq!(read, expected.map(|(row, cell)| (row, cell.to_owned())));
    }

    #[test]
    fn a_file_without_the_column_says_which_it_has() {
        let error = cells("name,phone\nA,1\n", "email").expect_err("no column");
        assert!(error.contains("name, phone"), "{error}");
        assert!(cells("", "email").is_err());
    }

    #[test]
    fn a_quote_that_is_never_closed_ends_somewhere() {
        let file = format!("email\n\"{}", "a".repeat(3 << 20));
        assert!(
            cells(&file, "email")
                .expect_err("an error")
                .contains("quote")
        );
    }
}
