//! The default engines: SQLite and Parquet in one directory.
//!
//! A [`Directory`] is one workspace. [`SqliteLedger`] keeps `ledger.db` in it, [`SqliteState`]
//! `state.db`, [`history`] the files under `history/` and [`seen`] those under `seen/`. The
//! databases hold the directory's lock as long as they live, write on a thread of their own, and
//! read on a few pooled connections.

pub mod directory;
pub mod history;
pub mod ledger;
pub mod raw;
mod records;
pub mod seen;
pub mod state;

mod disk;
mod sqlite;

pub use directory::Directory;
pub use ledger::SqliteLedger;
pub use seen::SeenRuns;
pub use state::SqliteState;
