//! Tables read whole, page by page, so that no read transaction is long.

use crate::rows;
use rapport_store::Result;
use rapport_store::state::{Key, Order, Page, State, Table, Value};

/// Reads a whole small table.
pub(crate) async fn all(state: &dyn State, table: Table) -> Result<Vec<(Key, Value)>> {
    pages(state, table).all().await
}

/// A table, page by page, in the order of its keys.
pub(crate) fn pages(state: &dyn State, table: Table) -> Pages<'_> {
    Pages {
        state,
        table,
        from: Some(Key::default()),
    }
}

/// A walk through a table.
pub(crate) struct Pages<'a> {
    state: &'a dyn State,
    table: Table,
    /// Where the next page begins; `None` behind the last.
    from: Option<Key>,
}

impl Pages<'_> {
    /// The next page; `None` behind the last.
    pub async fn next(&mut self) -> Result<Option<Vec<(Key, Value)>>> {
        const PAGE: usize = 10_000;
        let Some(from) = self.from.take() else {
            return Ok(None);
        };
        let table = self.table;
        let page = Page {
            table,
            from,
            to: None,
            limit: PAGE,
            order: Order::Ascending,
        };
        let page = self.state.scan(page).await?;
        if let (PAGE, Some((last, _))) = (page.len(), page.last()) {
            self.from = behind(table, last)?;
        }
        Ok(Some(page))
    }

    /// Everything that is left.
    pub async fn all(mut self) -> Result<Vec<(Key, Value)>> {
        let mut rows = Vec::new();
        while let Some(page) = self.next().await? {
            rows.extend(page);
        }
        Ok(rows)
    }
}

/// The key right behind another.
fn behind(table: Table, key: &[u8]) -> Result<Option<Key>> {
    if !table.is_numbered() {
        return Ok(Some(key.iter().copied().chain([0]).collect()));
    }
    let next = rows::number_of(table, key)?.checked_add(1);
    Ok(next.map(|next| Key::from(next.to_be_bytes())))
}
