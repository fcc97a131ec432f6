//! The storage roles as traits, each speaking in sets, and one conformance suite for each.
//!
//! A role is named for what it holds: the [`ledger`] (accepted bytes in order), the [`state`]
//! (what the fold has made of them, with its [`records`]), the [`history`] (every entry for ever, columnar) and
//! [`seen`] (message ids accepted inside the dedup window). An engine implements a role and runs
//! its suite; [`memory`] is the engine that injects conflicts, errors and crashes.

pub mod conformance;
pub mod error;
pub mod history;
pub mod ledger;
pub mod memory;
pub mod records;
pub mod seen;
pub mod state;

pub use error::Error;
/// What every call of a role answers.
pub type Result<T> = std::result::Result<T, Error>;
