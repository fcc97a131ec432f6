//! The flow: from bytes on the ledger to rows in the outbox, one list in one file.
//!
//! [`Rapport`] is the handle that doors, channels and the binary hold. Behind it a collector puts
//! requests on the ledger ([`collect`]), and one writer folds them ([`flow`] lists the steps),
//! applies [`commands`] and fires timers; [`jobs`] work beside it.

pub mod archive;
pub mod audit;
mod awaited;
pub mod backup;
pub mod check;
pub mod clock;
pub mod collect;
pub mod commands;
pub mod configuration;
pub mod counters;
pub mod crm;
pub mod discovery;
pub mod dump;
pub mod error;
pub mod feed;
pub mod flow;
pub mod health;
pub mod hooks;
pub mod imports;
pub mod jobs;
pub mod keys;
pub mod latency;
pub mod lists;
pub mod live;
pub mod outbox;
pub mod plan;
mod rapport;
pub mod reads;
mod recover;
pub mod rejected;
pub mod replay;
mod revisions;
pub mod rows;
mod scripts;
pub mod sessions;
pub mod settings;
mod shared;
mod spread;
pub mod steps;
pub mod tail;
pub mod tools;
mod transform;
pub mod violations;
mod writer;

pub use error::{CommandError, Error, Refusal, Result};
pub use rapport::{Rapport, Seen};
pub use settings::Settings;
pub use shared::{Files, Roles, Stats};
pub use tools::Tools;
pub use transform::{Sample, Tried, TriedStep};

#[cfg(test)]
mod tests;
