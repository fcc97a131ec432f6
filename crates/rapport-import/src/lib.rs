//! Files of historical and offline events: read, mapped, and handed to the flow in bounded memory.
//!
//! [`rows`] reads CSV, NDJSON and Parquet one row at a time; [`mapping`] says what a row means and
//! makes items of it; [`units`] puts the rows of one order together and numbers repeats, so that
//! every row has a message id that the same file gives it again. [`preview`] shows what would
//! happen. [`desk`] keeps uploads on disk and runs one [`job`] after another, whose batches go
//! through the same ledger as everybody's events.

mod check;
pub mod desk;
pub mod error;
pub mod format;
#[cfg(test)]
mod hostile;
pub mod instant;
pub mod job;
pub mod mapping;
mod pace;
pub mod plan;
pub mod preview;
mod reader;
pub mod record;
pub mod rejected;
pub mod repeats;
pub mod rows;
pub mod text;
pub mod units;
pub mod upload;
pub mod value;

pub use desk::{Imports, Settings};
pub use error::{Error, Result};
pub use format::Format;
pub use mapping::Mapping;
