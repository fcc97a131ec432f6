//! What can go wrong in the flow, told apart by what the caller does next.

/// A failure of a call into the flow.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A storage role failed.
    #[error(transparent)]
    Store(#[from] rapport_store::Error),
    /// The process is stopping.
    #[error("Rapport is stopping: ask again when it is back")]
    Stopping,
}

/// What every call of the flow answers.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command was not applied. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// What was asked for makes no sense.
    #[error("{message}")]
    Invalid {
        /// Stable word for programs.
        code: &'static str,
        /// What is wrong, and where.
        message: String,
        /// What to do about it; may be empty.
        help: String,
    },
    /// What was named does not exist.
    #[error("there is no {what}")]
    NotFound {
        /// What was named.
        what: String,
    },
    /// It would contradict what is there.
    #[error("{message}")]
    Contradicts {
        /// What it contradicts.
        message: String,
    },
    /// Whom it concerns changed while it was prepared, each time it was tried.
    #[error("the people it concerns change all the time: ask again")]
    Moved,
    /// The flow itself failed.
    #[error(transparent)]
    Flow(#[from] Error),
}

impl From<rapport_store::Error> for CommandError {
    fn from(error: rapport_store::Error) -> CommandError {
        CommandError::Flow(Error::Store(error))
    }
}

/// Why a request was not taken. It is not on the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// More is waiting than memory is given for.
    #[error("busy: try again in {retry_after_s} s")]
    Busy {
        /// Seconds after which to try again.
        retry_after_s: u32,
    },
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The process is stopping.
    #[error("stopping")]
    Stopping,
}
