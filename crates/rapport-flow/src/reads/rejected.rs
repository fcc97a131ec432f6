//! Rejected events that are kept, newest first.

use crate::rejected::Rejected;
use crate::rows;
use crate::shared::Shared;
use rapport_core::position::Position;
use rapport_store::Result;
use rapport_store::state::{Order, Page, Table};

/// Rejected events before `before`, newest first.
pub(crate) async fn page(
    shared: &Shared,
    before: Option<Position>,
    limit: usize,
) -> Result<Vec<Rejected>> {
    let page = Page {
        table: Table::Rejected,
        from: Box::default(),
        to: before.map(rows::position_key),
        limit,
        order: Order::Descending,
    };
    let read = shared.roles.state.scan(page).await?;
    read.iter()
        .map(|(_, row)| rows::unpack(Table::Rejected, row))
        .collect()
}

/// One rejected event.
pub(crate) async fn one(shared: &Shared, position: Position) -> Result<Option<Rejected>> {
    let key = rows::position_key(position);
    let row = shared
        .roles
        .state
        .load(Table::Rejected, &[key])
        .await?
        .remove(0);
    row.map(|row| rows::unpack(Table::Rejected, &row))
        .transpose()
}
