//! Which kind of file it is: as said, by its name, or by its first bytes.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Separated values with a heading, or without.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Parquet.
    Parquet,
}

impl Format {
    /// The format behind a word.
    ///
    /// # Errors
    /// Where there is none; the message lists the words.
    pub fn from_word(word: &str) -> Result<Format> {
        match word.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Ok(Format::Csv),
            "ndjson" | "jsonl" | "json" => Ok(Format::Ndjson),
            "parquet" => Ok(Format::Parquet),
            other => Err(Error::File(format!(
                "`{other}` is no format: say csv, ndjson or parquet"
            ))),
        }
    }

    /// The word of the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Parquet => "parquet",
        }
    }

    /// The format that a file's name ends in, `.gz` apart.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Format> {
        let name = name.strip_suffix(".gz").unwrap_or(name);
        let (_, end) = name.rsplit_once('.')?;
        Format::from_word(end).ok()
    }

    /// The format that a file's first bytes, unpacked, look like.
    #[must_use]
    pub fn of_bytes(start: &[u8]) -> Format {
        if start.starts_with(b"PAR1") {
            return Format::Parquet;
        }
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{' | b'[') => Format::Ndjson,
            _ => Format::Csv,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_told_by_name_or_by_first_bytes() {
        assert_eq!(Format::of_name("a/b.CSV.gz"), Some(Format::Csv));
        assert_eq!(Format::of_name("orders.jsonl"), Some(Format::Ndjson));
        assert_eq!(Format::of_name("orders"), None);
        assert_eq!(Format::of_bytes(b"PAR1..."), Format::Parquet);
        assert_eq!(
            Format::of_bytes(b"\xef\xbb\xbf \n{\"a\":1}"),
            Format::Ndjson
        );
        assert_eq!(Format::of_bytes(b"a,b\n"), Format::Csv);
        assert!(Format::from_word("xlsx").is_err());
    }
}
