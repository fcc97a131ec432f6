//! Why two profiles are one, and who was refused.

use crate::rows;
use crate::shared::Shared;
use rapport_core::identity::ProfileNo;
use rapport_core::identity::journal::Record;
use rapport_store::Result;
use rapport_store::state::{Order, Page, Table, number_key};

/// One journal entry.
pub(crate) async fn entry(shared: &Shared, number: u64) -> Result<Option<Record>> {
    let row = shared
        .roles
        .state
        .load(Table::Journal, &[number_key(number)])
        .await?
        .remove(0);
    row.map(|row| rows::unpack(Table::Journal, &row))
        .transpose()
}

/// Every journal entry that speaks of a profile number, oldest first.
pub(crate) async fn of(shared: &Shared, person: ProfileNo) -> Result<Vec<(u64, Record)>> {
    let mut found = page(shared, person, None, usize::MAX >> 1).await?;
    found.reverse();
    Ok(found)
}

/// Journal entries that speak of a profile number, newest first, below `before`.
pub(crate) async fn page(
    shared: &Shared,
    person: ProfileNo,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, Record)>> {
    let page = Page {
        table: Table::JournalOfProfile,
        from: rows::journal_of_key(person, 0),
        to: Some(rows::journal_of_key(person, before.unwrap_or(u64::MAX))),
        limit,
        order: Order::Descending,
    };
    let listed = shared.roles.state.scan(page).await?;
    let number = |(key, _): &(Box<[u8]>, Vec<u8>)| {
        key.get(8..16)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u64::from_be_bytes)
    };
    let numbers: Vec<u64> = listed.iter().filter_map(number).collect();
    let keys: Vec<_> = numbers.iter().map(|number| number_key(*number)).collect();
    let rows = shared.roles.state.load(Table::Journal, &keys).await?;
    let mut found = Vec::new();
    for (number, row) in numbers.into_iter().zip(rows) {
        if let Some(row) = row {
            found.push((number, rows::unpack(Table::Journal, &row)?));
        }
    }
    Ok(found)
}
