//! Records in `state.db`: a table of typed columns for each object, changed by the state's commits.
//!
//! Filters never become SQL. Each test of a column is a set of ids kept in memory ([`sets`]), read
//! once from an index or from the rows; a filter unites and intersects them, and a page is found by
//! its ids, along the index of its sort, or by looking the rows up. So every value is bound, every
//! name is made of numbers, and there is one meaning of a filter, that of the port.

mod asking;
mod catalog;
mod fetch;
mod indexes;
mod page;
mod rows;
mod select;
mod sets;
mod sums;
mod test;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use catalog::{Catalog, SCHEMA};
pub(crate) use write::apply;

use crate::SqliteState;
use crate::sqlite::failure;
use asking::Asking;
use async_trait::async_trait;
use indexes::Indexes;
use rapport_store::Result;
use rapport_store::records::{
    After, Answer, Cell, Defined, Filter, Group, Link, Linked, Links, Query, RecordWrite, Records,
    Row, Sums, Total, Whole,
};
use rusqlite::Connection;
use sets::Sets;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Semaphore;

/// Searches at once, each with a reader of its own.
pub(crate) const QUESTIONS: usize = 3;

/// What the engine knows of records beside the file.
pub(crate) struct Shelf {
    catalog: RwLock<Arc<Catalog>>,
    sets: Sets,
    indexes: Indexes,
    seats: Semaphore,
}

impl Shelf {
    /// What there is in a database.
    pub(crate) fn new(catalog: Catalog) -> Shelf {
        Shelf {
            catalog: RwLock::new(Arc::new(catalog)),
            sets: Sets::default(),
            indexes: Indexes::default(),
            seats: Semaphore::new(QUESTIONS),
        }
    }

    /// What there is as of the last commit.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over what a commit changed: after it is visible, before anybody is told.
    pub(crate) fn note(&self, catalog: Arc<Catalog>, records: &[RecordWrite]) {
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = catalog;
        self.sets.note(records);
    }
}

impl SqliteState {
    /// Asks what may take long. Only so many do at once: the fold's own reads never wait for them.
    async fn search<T, Q>(&self, question: Q) -> Result<T>
    where
        T: Send + 'static,
        Q: FnOnce(&mut Asking<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let seat = self.shelf.seats.acquire().await;
        debug_assert!(seat.is_ok(), "nobody closes the seats");
        self.ask(question).await
    }

    async fn ask<T, Q>(&self, question: Q) -> Result<T>
    where
        T: Send + 'static,
        Q: FnOnce(&mut Asking<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let shelf = Arc::clone(&self.shelf);
        let what = self.database.what();
        let asked = move |connection: &mut Connection| {
            let answer = Asking::begin(connection, &shelf).and_then(|mut asking| {
                let answer = question(&mut asking)?;
                Ok((answer, asking.end()))
            });
            answer.map_err(|error| failure(&what, &error))
        };
        let (answer, missed) = self.database.read(asked).await?;
        let what = self.database.what();
        indexes::miss(&self.shelf, &self.database.queue(), &what, missed)?;
        Ok(answer)
    }
}

#[async_trait]
impl Records for SqliteState {
    async fn rows(&self, object: u32, ids: &[u64], columns: &[u16]) -> Result<Vec<Option<Row>>> {
        let (ids, columns) = (ids.to_vec(), columns.to_vec());
        self.ask(move |asking| rows::rows(asking, object, &ids, &columns))
            .await
    }

    async fn find(&self, object: u32, column: u16, cells: &[Cell]) -> Result<Vec<Option<u64>>> {
        let cells = cells.to_vec();
        self.ask(move |asking| rows::find(asking, object, column, &cells))
            .await
    }

    async fn query(&self, query: Query) -> Result<Answer> {
        self.search(move |asking| answer(asking, &query)).await
    }

    async fn sums(&self, sums: Sums) -> Result<Vec<Group>> {
        self.search(move |asking| sums::groups(asking, &sums)).await
    }

    async fn links(&self, links: Links) -> Result<Vec<Vec<Linked>>> {
        self.ask(move |asking| rows::links(asking, &links)).await
    }

    async fn objects(&self) -> Result<Vec<(u32, Vec<Defined>)>> {
        self.ask(|asking| rows::objects(asking)).await
    }

    async fn walk(&self, object: u32, after: Option<u64>, limit: usize) -> Result<Vec<Whole>> {
        self.search(move |asking| rows::walk(asking, object, after, limit))
            .await
    }

    async fn walk_links(&self, after: Option<Link>, limit: usize) -> Result<Vec<Link>> {
        self.search(move |asking| rows::walk_links(asking, after, limit))
            .await
    }
}

fn answer(asking: &mut Asking<'_>, query: &Query) -> rusqlite::Result<Answer> {
    let mut found = select::matching(asking, query.object, &query.filter)?;
    if let Some(words) = query.words() {
        let having = select::having_words(asking, query.object, &words)?;
        found = Arc::new(having & &*found);
    }
    let mut places = page::places(asking, query, &found)?;
    let is_last = places.len() <= query.limit;
    places.truncate(query.limit);
    let ids: Vec<u64> = places.iter().map(|(_, id)| *id).collect();
    let next = places.pop().filter(|_| !is_last);
    Ok(Answer {
        rows: shown(asking, query, &ids)?,
        next: next.map(|(cells, id)| After::Key(cells, id)),
        total: Total::of(found.len(), query.count),
    })
}

/// The rows of a page as of one snapshot. A row that a commit changed since it was found is shown
/// only if the filter holds for what is shown: it may be about rights.
fn shown(asking: &mut Asking<'_>, query: &Query, ids: &[u64]) -> rusqlite::Result<Vec<Row>> {
    let mut columns = query.columns.clone();
    let asked = columns.len();
    query.filter.columns(&mut columns);
    let found = rows::rows(asking, query.object, ids, &columns)?;
    let mut shown = Vec::with_capacity(ids.len());
    for mut row in found.into_iter().flatten() {
        if holds(asking, query.object, &query.filter, &columns, &row)? {
            row.cells.truncate(asked);
            shown.push(row);
        }
    }
    Ok(shown)
}

fn holds(
    asking: &Asking<'_>,
    object: u32,
    filter: &Filter,
    columns: &[u16],
    row: &Row,
) -> rusqlite::Result<bool> {
    let failed = std::cell::RefCell::new(None);
    let cell = |column: u16| {
        let place = columns.iter().position(|known| *known == column);
        let cell = place.and_then(|place| row.cells.get(place));
        cell.cloned().unwrap_or_default()
    };
    let linked = |to: (u32, u64), kinds: &[u32]| {
        let linked = select::are_linked(asking, to, (object, row.id), kinds);
        linked.unwrap_or_else(|error| {
            *failed.borrow_mut() = Some(error);
            false
        })
    };
    let holds = filter.holds(row.id, &cell, &linked);
    failed.into_inner().map_or(Ok(holds), Err)
}
