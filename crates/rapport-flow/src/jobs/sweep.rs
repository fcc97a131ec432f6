//! Sweep: has the writer look at every record that a changed definition is about, step by step. A
//! crash goes on where the last step ended.

use crate::crm::sweep;
use crate::error::{Error, Result};
use crate::shared::Shared;
use crate::writer::WriterOrder;
use std::sync::atomic::Ordering;
use tokio::sync::{mpsc, oneshot};

/// Whether records may wait to be looked at.
pub(crate) fn is_due(shared: &Shared) -> bool {
    shared.unswept.load(Ordering::Acquire)
}

/// Has all of them looked at.
pub(crate) async fn run(shared: &Shared, orders: &mpsc::Sender<WriterOrder>) -> Result<()> {
    loop {
        shared.unswept.store(false, Ordering::Release);
        let (reply, answer) = oneshot::channel();
        let order = WriterOrder::Sweep { reply };
        orders.send(order).await.map_err(|_| Error::Stopping)?;
        match answer.await.map_err(|_| Error::Stopping)? {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => {
                shared.unswept.store(true, Ordering::Release);
                return Err(error);
            }
        }
    }
}

/// Does the whole of it at once: for a replay, beside which nobody waits.
pub(crate) async fn all(writer: &mut crate::writer::Writer) -> rapport_store::Result<()> {
    while sweep::step(writer).await? {}
    Ok(())
}
