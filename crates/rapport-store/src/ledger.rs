//! The ledger: accepted requests in one order, on disk before anybody is told so.

use crate::Result;
use async_trait::async_trait;
use rapport_core::event::{Origin, Request};
use rapport_core::time::Millis;

/// A request that the door accepted, before it has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// What the door knew.
    pub origin: Origin,
    /// The body, decompressed: known to be JSON.
    pub body: Vec<u8>,
}

/// Accepted bytes in order, kept until folded and safe in history, and 24 hours more.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Appends a group of requests and returns them numbered and stamped, once they are on disk.
    ///
    /// Numbers are dense from 1. Every request of the group gets `received = max(now, the last
    /// stamp)`, so stamps never decrease. The group is stored whole or not at all.
    ///
    /// # Errors
    /// [`Error::Full`](crate::Error::Full) where the disk is; then nothing is stored and numbers
    /// are not used up.
    async fn append(&self, group: Vec<Submission>, now: Millis) -> Result<Vec<Request>>;

    /// Requests with a number above `after`, in order: whole groups, at least one where there is
    /// one, and no further group once `bytes_max` of bodies are read.
    async fn read(&self, after: u64, bytes_max: usize) -> Result<Vec<Request>>;

    /// Number and stamp of the last request; `(0, Millis(0))` on an empty ledger.
    async fn last(&self) -> Result<(u64, Millis)>;

    /// Lets an empty ledger go on behind `number`, stamped `received`: for a directory that was
    /// made of another one's history. Does nothing where the last number is not lower.
    ///
    /// # Errors
    /// As [`Ledger::append`].
    async fn skip_to(&self, number: u64, received: Millis) -> Result<()>;

    /// Drops groups whose last number is at most `through` and that were received before
    /// `received_before`. Numbers stay dense: they are never given again.
    async fn forget(&self, through: u64, received_before: Millis) -> Result<()>;

    /// Whether an append of `bytes` would find room now: writes as much, syncs it, and takes it
    /// away again. For a ledger that failed and that nobody appends to meanwhile.
    ///
    /// # Errors
    /// As [`Ledger::append`].
    async fn probe(&self, bytes: usize) -> Result<()>;

    /// Bytes the ledger takes on disk.
    async fn size_bytes(&self) -> Result<u64>;

    /// Copies the ledger as it is into `target` (a file or folder the engine names) while serving.
    async fn back_up(&self, target: &std::path::Path) -> Result<()>;
}
