//! Events of a source that were not as planned, newest first.

use crate::rows;
use crate::shared::Shared;
use crate::violations::Broken;
use rapport_core::event::SourceNo;
use rapport_core::position::Position;
use rapport_store::Result;
use rapport_store::state::{Order, Page, Table};

/// Rows read in one go.
const PAGE: usize = 500;

/// Those before `before`.
pub(crate) async fn page(
    shared: &Shared,
    source: SourceNo,
    before: Option<Position>,
    limit: usize,
) -> Result<Vec<Broken>> {
    let mut found = Vec::new();
    let mut to = before.map(rows::position_key);
    while found.len() < limit {
        let page = Page {
            table: Table::Violation,
            from: Box::default(),
            to: to.clone(),
            limit: PAGE,
            order: Order::Descending,
        };
        let read = shared.roles.state.scan(page).await?;
        for (_, row) in &read {
            let broken: Broken = rows::unpack(Table::Violation, row)?;
            if broken.source == source {
                found.push(broken);
            }
        }
        let Some((last, _)) = read.last().filter(|_| read.len() == PAGE) else {
            break;
        };
        to = Some(last.clone());
    }
    found.truncate(limit);
    Ok(found)
}
