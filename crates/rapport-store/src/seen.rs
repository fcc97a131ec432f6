//! Seen ids: which (source, message id) was accepted inside the dedup window.
//!
//! Ids are keyed 128-bit hashes in immutable sorted runs with filters. The flow keeps the newest
//! in memory; a run is written and listed together with the history files of the same entries.

use crate::Result;
use async_trait::async_trait;
use rapport_core::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A keyed hash of (source, message id).
pub type SeenKey = u128;

/// A run of seen ids, as the state lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its name under the root of seen ids.
    pub name: String,
    /// How many ids.
    pub ids: u64,
    /// Its size.
    pub bytes: u64,
    /// Earliest and latest moment its ids were accepted.
    pub received: (Millis, Millis),
}

/// The ids accepted before, outside the flow's memory.
#[async_trait]
pub trait Seen: Send + Sync {
    /// For each key the latest moment it was accepted, of those in `runs`; filters first, one
    /// page of a run where a filter says maybe.
    async fn find(&self, runs: &[Run], keys: &[SeenKey]) -> Result<Vec<Option<Millis>>>;

    /// Writes a run of ids with the moments they were accepted: durable, not yet listed. Sorts
    /// them itself.
    async fn write(&self, ids: Vec<(SeenKey, Millis)>) -> Result<Run>;

    /// Merges runs into one, leaving out ids accepted before `oldest`: durable, not yet listed.
    async fn merge(&self, runs: &[Run], oldest: Millis) -> Result<Run>;

    /// Removes runs that no listing names any more.
    async fn remove(&self, names: &[String]) -> Result<()>;

    /// Removes every run that `listed` does not name: what a crash left behind.
    async fn sweep(&self, listed: &BTreeSet<String>) -> Result<u64>;

    /// Copies listed runs into `target` (links where the engine can), while serving.
    async fn back_up(&self, runs: &[Run], target: &std::path::Path) -> Result<()>;
}
