//! What can go wrong with a whole file; what is wrong with one row is a rejected row.

use std::io;

/// A failure of an import.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The mapping makes no sense.
    #[error("{0}")]
    Mapping(String),
    /// The file is not what it is said to be, or cannot be read on.
    #[error("{0}")]
    File(String),
    /// More bytes than an upload may have.
    #[error("the file has more than {max} bytes, which is the most an import may have here")]
    TooLarge {
        /// The most.
        max: u64,
    },
    /// Not enough room for the upload.
    #[error("the disk has {free} bytes left, and an upload must leave {reserve} of them")]
    NoRoom {
        /// What is left.
        free: u64,
        /// What must stay.
        reserve: u64,
    },
    /// There is no such import.
    #[error("there is no import imp_{0}")]
    Missing(u64),
    /// The disk failed.
    #[error("{what}: {error}")]
    Disk {
        /// What was being done.
        what: String,
        /// How it failed.
        error: io::Error,
    },
    /// The flow failed.
    #[error(transparent)]
    Flow(#[from] rapport_flow::Error),
    /// The process is stopping; the import goes on with the next start.
    #[error("Rapport is stopping: the import goes on when it is back")]
    Stopping,
}

/// What every call here answers.
pub type Result<T> = std::result::Result<T, Error>;

/// Says what was being done when the disk failed.
pub(crate) fn disk(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
    let what = what.into();
    move |error| Error::Disk { what, error }
}
