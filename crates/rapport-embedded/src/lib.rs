//! The default engines: SQLite and Parquet in one directory.

pub mod history;
