//! The outbox, as those who deliver it see it.

use super::Rapport;
use crate::error::{Error, Result};
use crate::outbox::{Delivery, Message};
use crate::reads;
use crate::writer::WriterOrder;
use rapport_store::state::Table;
use tokio::sync::{oneshot, watch};

impl Rapport {
    /// Messages that wait, with a number above `after`, in order.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn outbox(&self, after: u64, limit: usize) -> Result<Vec<Message>> {
        Ok(reads::messages::page(&self.shared, Table::Outbox, after, limit).await?)
    }

    /// Messages that were given up, with a number above `after`, in order.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn dead_letters(&self, after: u64, limit: usize) -> Result<Vec<Message>> {
        Ok(reads::messages::page(&self.shared, Table::DeadLetter, after, limit).await?)
    }

    /// Notes how deliveries ended, in one transaction.
    ///
    /// # Errors
    /// Those of storage; then the messages are still there as they were.
    pub async fn delivered(&self, results: Vec<(u64, Delivery)>) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let order = WriterOrder::Deliveries { results, reply };
        self.orders.send(order).await.map_err(|_| Error::Stopping)?;
        answer.await.map_err(|_| Error::Stopping)?
    }

    /// Puts a dead letter back into the outbox; false where there is none with this number.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn redrive(&self, number: u64) -> Result<bool> {
        let (reply, answer) = oneshot::channel();
        let order = WriterOrder::Redrive { number, reply };
        self.orders.send(order).await.map_err(|_| Error::Stopping)?;
        answer.await.map_err(|_| Error::Stopping)?
    }

    /// Changes whenever messages were added.
    #[must_use]
    pub fn outbox_changed(&self) -> watch::Receiver<u64> {
        self.shared.outbox_changed()
    }
}
