//! Retain, of bulks: what they did to records, once it cannot be taken back any more. Forgetting is an
//! entry like the bulk itself, so that a replay forgets the same.

use crate::error::{CommandError, Error, Result};
use crate::rows;
use crate::shared::Shared;
use crate::writer::WriterOrder;
use rapport_core::crm::bulk::{Bulk, Forgetting};
use rapport_core::entry::Command;
use rapport_core::position::Position;
use rapport_store::state::{Key, Order, Page, Table};
use tokio::sync::{mpsc, oneshot};

/// Bulks read at once.
const PAGE: usize = 200;

/// Who forgets.
const ACTOR: &str = "rapport";

/// Forgets what is past.
pub(super) async fn run(shared: &Shared, orders: &mpsc::Sender<WriterOrder>) -> Result<()> {
    let mut from = Key::default();
    loop {
        let page = Page {
            table: Table::Bulk,
            from,
            to: None,
            limit: PAGE,
            order: Order::Ascending,
        };
        let some = shared.roles.state.scan(page).await?;
        let Some((last, _)) = some.last() else {
            return Ok(());
        };
        from = crate::reads::turnover::behind(last);
        let is_last = some.len() < PAGE;
        for (_, row) in some {
            let bulk: Bulk = rows::unpack(Table::Bulk, &row)?;
            if bulk.is_past(shared.clock.now()) {
                forget(orders, bulk.id).await?;
            }
        }
        if is_last {
            return Ok(());
        }
    }
}

/// Has the writer forget one, step by step.
async fn forget(orders: &mpsc::Sender<WriterOrder>, bulk: Position) -> Result<()> {
    loop {
        let (reply, answer) = oneshot::channel();
        let order = WriterOrder::Command {
            actor: ACTOR.to_owned(),
            command: Box::new(Command::ForgetBulk(Forgetting { bulk })),
            prepared: None,
            reply,
        };
        orders.send(order).await.map_err(|_| Error::Stopping)?;
        match answer.await.map_err(|_| Error::Stopping)? {
            Ok(_) => {}
            Err(CommandError::Flow(error)) => return Err(error),
            // All of it is gone, or an undo that goes on needs it.
            Err(_) => return Ok(()),
        }
    }
}
