//! Bulks as they are kept: how far each is, and what it did to which record.

use crate::rows;
use crate::shared::Shared;
use rapport_core::crm::RecordNo;
use rapport_core::crm::bulk::{Bulk, Draft, Touched};
use rapport_core::position::Position;
use rapport_store::Result;
use rapport_store::state::{Key, Order, Page, Table};

/// The one that an entry began.
pub(crate) async fn one(shared: &Shared, id: Position) -> Result<Option<Bulk>> {
    let key = rows::position_key(id);
    let stored = shared.roles.state.load(Table::Bulk, &[key]).await?.pop();
    let stored = stored.flatten();
    stored
        .map(|row| rows::unpack(Table::Bulk, &row))
        .transpose()
}

/// What an entry began.
pub(crate) async fn draft(shared: &Shared, id: Position) -> Result<Option<Draft>> {
    let key = rows::position_key(id);
    let state = &shared.roles.state;
    let stored = state.load(Table::BulkDraft, &[key]).await?.pop();
    let stored = stored.flatten();
    stored
        .map(|row| rows::unpack(Table::BulkDraft, &row))
        .transpose()
}

/// Those begun before an entry, newest first.
pub(crate) async fn before(
    shared: &Shared,
    id: Option<Position>,
    limit: usize,
) -> Result<Vec<Bulk>> {
    let page = Page {
        table: Table::Bulk,
        from: Key::default(),
        to: id.map(rows::position_key),
        limit,
        order: Order::Descending,
    };
    let stored = shared.roles.state.scan(page).await?;
    let bulk = |(_, row): &(Key, Vec<u8>)| rows::unpack(Table::Bulk, row);
    stored.iter().map(bulk).collect()
}

/// The keys of what one did, some of them.
pub(crate) async fn keys(shared: &Shared, id: Position, limit: usize) -> Result<Vec<Key>> {
    let page = Page {
        table: Table::BulkRecord,
        from: rows::bulk_record_key(id, RecordNo(0)),
        to: Some(rows::bulk_record_key(id, RecordNo(u64::MAX))),
        limit,
        order: Order::Ascending,
    };
    let stored = shared.roles.state.scan(page).await?;
    Ok(stored.into_iter().map(|(key, _)| key).collect())
}

/// What one did to the records behind a number, ascending.
pub(crate) async fn records(
    shared: &Shared,
    id: Position,
    after: RecordNo,
    limit: usize,
) -> Result<Vec<(RecordNo, Touched)>> {
    let page = Page {
        table: Table::BulkRecord,
        from: rows::bulk_record_key(id, RecordNo(after.0.saturating_add(1))),
        to: Some(rows::bulk_record_key(id, RecordNo(u64::MAX))),
        limit,
        order: Order::Ascending,
    };
    let stored = shared.roles.state.scan(page).await?;
    let numbered = stored
        .iter()
        .filter_map(|(key, row)| Some((rows::bulk_record_of(key)?, row)));
    let touched = numbered.map(|(number, row)| Ok((number, rows::unpack(Table::BulkRecord, row)?)));
    touched.collect()
}
