//! What the storage role's errors are for failures of files and of their format.

use parquet::errors::ParquetError;
use rapport_store::Error;
use std::io;

/// A file of history whose content cannot be right.
pub(super) fn damaged(name: &str, detail: impl std::fmt::Display) -> Error {
    Error::Damaged {
        what: format!("history file {name}"),
        detail: detail.to_string(),
    }
}

/// A failure while writing `what`.
pub(super) fn writing(what: &str, error: &ParquetError) -> Error {
    match cause(error) {
        Some(cause) => from_io(what, cause),
        None => Error::Engine {
            what: what.to_owned(),
            detail: error.to_string(),
        },
    }
}

/// A failure while reading the file `name`.
pub(super) fn reading(name: &str, error: &ParquetError) -> Error {
    match cause(error) {
        Some(cause) => opening(name, cause),
        None => damaged(name, error),
    }
}

/// A failure of the operating system to hand out the file `name`: one that is gone or too short
/// is damage, anything else may pass.
pub(super) fn opening(name: &str, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => damaged(name, "the file is missing"),
        io::ErrorKind::UnexpectedEof => damaged(name, "the file is cut off"),
        _ => from_io(&format!("history file {name}"), error),
    }
}

/// A failure of the operating system.
pub(super) fn from_io(what: &str, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full {
            what: what.to_owned(),
        },
        _ => Error::Engine {
            what: what.to_owned(),
            detail: error.to_string(),
        },
    }
}

fn cause(error: &ParquetError) -> Option<&io::Error> {
    match error {
        ParquetError::External(cause) => cause.downcast_ref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart_from_damage_and_from_what_may_pass() {
        let caused = |kind: io::ErrorKind| ParquetError::from(io::Error::from(kind));
        let full = writing("a file", &caused(io::ErrorKind::StorageFull));
        assert!(matches!(full, Error::Full { .. }), "{full}");
        let gone = reading("a file", &caused(io::ErrorKind::NotFound));
        assert!(matches!(gone, Error::Damaged { .. }), "{gone}");
        let broken = reading("a file", &ParquetError::General("odd bytes".into()));
        assert!(matches!(broken, Error::Damaged { .. }), "{broken}");
        let refused = reading("a file", &caused(io::ErrorKind::PermissionDenied));
        assert!(matches!(refused, Error::Engine { .. }), "{refused}");
    }
}
