//! One column of a CSV file, read as imported files are: any usual separator and encoding, gzip or
//! not.

use super::report::Row;
use crate::errors::{Code, Error};
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use rapport_core::entry::Reference;
use rapport_import::mapping::CsvShape;
use rapport_import::rows::Cell;
use rapport_import::rows::csv::Csv;
use rapport_import::text;

/// The largest file, in bytes, and the most bytes of its column once unpacked.
const BYTES_MAX: usize = 32 << 20;
/// The longest identifier, in bytes.
const CELL_BYTES_MAX: usize = 1_024;
/// The most rows of a file.
const ROWS_MAX: usize = 200_000;

/// The bytes of a file.
pub(super) async fn bytes(request: Request) -> Result<Bytes, Error> {
    to_bytes(request.into_body(), BYTES_MAX).await.map_err(|_| {
        let message = "a file for a list may have 32 MB: send it in parts";
        Error::new(Code::ImportTooLarge, message)
    })
}

/// The cells of a column, trimmed, each with the row it is of: the header is row 1. `refer` says
/// whom a cell that is not empty means.
pub(super) fn column(
    bytes: &[u8],
    name: &str,
    refer: impl Fn(&str) -> Reference,
) -> Result<Vec<Row>, Error> {
    let csv = Csv::open(text::of(bytes.to_vec())?, &CsvShape::default())?;
    let place = csv.columns().iter().position(|known| known.trim() == name);
    let Some(place) = place else {
        let names = csv.columns().iter().take(20).map(|known| known.trim());
        let message = format!(
            "there is no column `{name}`: the first row names {}",
            names.collect::<Vec<_>>().join(", ")
        );
        return Err(Error::new(Code::InvalidFile, message));
    };
    let mut rows = Vec::new();
    let mut left = BYTES_MAX;
    for read in csv {
        let row = match read? {
            Ok(mut found) => {
                let text = match found.cells.swap_remove(place).1 {
                    Cell::Text(text) | Cell::Json(text) => text.trim().to_owned(),
                };
                let reference = match text.len() {
                    0 => Err("there is nothing in it".to_owned()),
                    1..=CELL_BYTES_MAX => Ok(refer(&text)),
                    _ => Err("it is too long for an identifier: is a quote not closed?".to_owned()),
                };
                let row = found.number + 1;
                Row {
                    row,
                    text,
                    reference,
                }
            }
            Err(rejected) => Row {
                row: rejected.row + 1,
                text: rejected.raw,
                reference: Err(rejected.reason.message.to_string()),
            },
        };
        let fits = left.checked_sub(row.text.len());
        let (Some(rest), true) = (fits, rows.len() < ROWS_MAX) else {
            let message =
                format!("a file for a list may have {ROWS_MAX} rows and 32 MB: send it in parts");
            return Err(Error::new(Code::ImportTooLarge, message));
        };
        left = rest;
        rows.push(row);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::identity::{IdKind, Identifier};

    fn cells(file: &[u8], name: &str) -> Result<Vec<(u64, String, bool)>, String> {
        let refer = |text: &str| Reference::Identifier(Identifier::new(IdKind::Email, text));
        let rows = column(file, name, refer).map_err(|error| error.message().to_owned())?;
        let row = |row: Row| (row.row, row.text, row.reference.is_ok());
        Ok(rows.into_iter().map(row).collect())
    }

    #[test]
    fn a_column_is_read_through_quotes_marks_and_short_rows() {
        let file =
            "\u{feff}name, email \r\n\"Byron, Ada\",ada@example.org\n\nBob\n\"C\"\"d\", c@x.y ";
        let read = cells(file.as_bytes(), "email").expect("cells");
        let expected = [
            (2, "ada@example.org", true),
            (3, "Bob", false),
            (4, "c@x.y", true),
        ];
        assert_eq!(
            read,
            expected.map(|(row, cell, is)| (row, cell.to_owned(), is))
        );
    }

    #[test]
    fn a_file_of_a_european_spreadsheet_is_read() {
        let file = b"Name;E-Mail\r\nJ\xfcrgen;juergen@example.org\r\n";
        let read = cells(file, "E-Mail").expect("cells");
        assert_eq!(read, [(2, "juergen@example.org".to_owned(), true)]);
    }

    #[test]
    fn a_file_without_the_column_says_which_it_has() {
        let error = cells(b"name,phone\nA,1\n", "email").expect_err("no column");
        assert!(error.contains("name, phone"), "{error}");
        assert!(cells(b"", "email").is_err());
    }

    #[test]
    fn a_quote_that_is_never_closed_ends_somewhere() {
        let file = format!("email\n\"{}", "a".repeat(3 << 20));
        let read = cells(file.as_bytes(), "email").expect("rows");
        let named: Vec<bool> = read.iter().map(|(_, _, is_named)| *is_named).collect();
        assert_eq!(named, [false]);
    }
}
