//! What can go wrong in a storage role, told apart by what the caller does next.

/// A failure of a storage role.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state moved since it was read: load again and decide again.
    #[error("the state moved: expected version {expected}, found {found}")]
    Conflict {
        /// The version the caller had read.
        expected: u64,
        /// The version that is there.
        found: u64,
    },
    /// No room is left: nothing was written, and writing again may work once there is room.
    #[error("no space is left for {what}: free some, nothing is lost")]
    Full {
        /// What was to be written.
        what: String,
    },
    /// Stored data cannot be read: never overwritten, never skipped.
    #[error("{what} is damaged: {detail}")]
    Damaged {
        /// Which stored thing.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Another process has the directory open.
    #[error("{what} is in use by another process: stop it, or choose another directory")]
    InUse {
        /// The directory or file.
        what: String,
    },
    /// Anything else the engine says; trying again may work.
    #[error("{what}: {detail}")]
    Engine {
        /// What was tried.
        what: String,
        /// The engine's own words.
        detail: String,
    },
}
