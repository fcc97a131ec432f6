//! What members said of a contact, as it was folded first.

use crate::rows;
use crate::shared::Shared;
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_core::profile::contact::Edit;
use rapport_store::Result;
use rapport_store::state::{Order, Page, Table};

/// Every edit that was folded into this number, in order.
pub(crate) async fn of(shared: &Shared, origin: ProfileNo) -> Result<Vec<Edit>> {
    let page = Page {
        table: Table::Edit,
        from: rows::edit_key(origin, Position::default()),
        to: Some(rows::edit_key(origin, Position::LAST)),
        limit: usize::MAX >> 1,
        order: Order::Ascending,
    };
    let rows = shared.roles.state.scan(page).await?;
    rows.iter()
        .map(|(_, row)| crate::rows::unpack(Table::Edit, row))
        .collect()
}

/// The newest edits that were folded into these numbers and are one person's now, newest first,
/// before an entry.
pub(crate) async fn newest(
    shared: &Shared,
    (person, origins): (ProfileNo, &[ProfileNo]),
    before: Option<Position>,
    limit: usize,
) -> Result<Vec<Edit>> {
    let mut found = Vec::new();
    for origin in origins {
        found.extend(newest_of(shared, person, *origin, before, limit).await?);
    }
    found.sort_by_key(|edit| std::cmp::Reverse(edit.place));
    found.truncate(limit);
    Ok(found)
}

async fn newest_of(
    shared: &Shared,
    person: ProfileNo,
    origin: ProfileNo,
    before: Option<Position>,
    limit: usize,
) -> Result<Vec<Edit>> {
    let mut found = Vec::new();
    let mut to = rows::edit_key(origin, before.unwrap_or(Position::LAST));
    loop {
        let page = Page {
            table: Table::Edit,
            from: rows::edit_key(origin, Position::default()),
            to: Some(to.clone()),
            limit,
            order: Order::Descending,
        };
        let rows = shared.roles.state.scan(page).await?;
        let is_last = rows.len() < limit;
        for (key, row) in rows {
            let edit: Edit = rows::unpack(Table::Edit, &row)?;
            if shared.ownership().owner(origin, edit.place) == person {
                found.push(edit);
            }
            to = key;
        }
        if is_last || found.len() >= limit {
            return Ok(found);
        }
    }
}
