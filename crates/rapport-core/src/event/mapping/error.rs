//! What is wrong with a map, and where.

use std::fmt;

/// A map that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The place in the map: `parts[0].rules[2].when`; empty for the map itself.
    pub place: String,
    /// What is wrong there.
    pub message: String,
}

impl Error {
    pub(super) fn new(place: &str, message: impl Into<String>) -> Error {
        Error {
            place: place.to_owned(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "`{}`: {}", self.place, self.message)
    }
}

impl std::error::Error for Error {}
