//! What the worker needs of the outbox: messages in order, results in batches, and a bell.

use async_trait::async_trait;
use rapport_core::entry::Destination;
use rapport_core::time::Millis;
use tokio::sync::watch;

pub use rapport_core::outbox::{About, Delivery, Message};

/// The outbox could not be read or written; the worker asks again.
#[derive(Debug, thiserror::Error)]
#[error("the outbox is not available: {0}")]
pub struct Error(pub String);

/// The outbox as workers see it.
///
/// Numbers only grow: a message that comes back from the dead letters gets a new one, and a
/// message is never visible before one with a lower number.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Up to `limit` pending messages with a number above `after`, ascending, due or not. Fewer
    /// than `limit` means there are no more.
    ///
    /// # Errors
    /// Where the store cannot be read now.
    async fn load(&self, after: u64, limit: usize) -> Result<Vec<Message>, Error>;

    /// Records results in one transaction. Numbers no longer pending are passed over.
    ///
    /// # Errors
    /// Where nothing was recorded; the same results are given again.
    async fn done(&self, results: Vec<(u64, Delivery)>) -> Result<(), Error>;

    /// The destinations as configured now.
    ///
    /// # Errors
    /// Where the store cannot be read now.
    async fn destinations(&self) -> Result<Vec<Destination>, Error>;

    /// Changes whenever messages were added or destinations configured.
    fn changed(&self) -> watch::Receiver<u64>;

    /// The time now.
    fn now(&self) -> Millis;
}
