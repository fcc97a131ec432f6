//! Messages that wait, and those that were given up.

use crate::outbox::Message;
use crate::rows;
use crate::shared::Shared;
use rapport_store::Result;
use rapport_store::state::{Order, Page, Table, number_key};

/// Messages of the outbox or the dead letters with a number above `after`, ascending.
pub(crate) async fn page(
    shared: &Shared,
    table: Table,
    after: u64,
    limit: usize,
) -> Result<Vec<Message>> {
    let from = number_key(after.saturating_add(1));
    let page = Page {
        table,
        from,
        to: None,
        limit,
        order: Order::Ascending,
    };
    let read = shared.roles.state.scan(page).await?;
    read.iter()
        .map(|(_, row)| rows::unpack(table, row))
        .collect()
}
