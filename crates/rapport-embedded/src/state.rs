//! The state in `state.db`: one SQLite table per table, one transaction per commit.

mod keys;
mod sql;
#[cfg(test)]
mod tests;

use crate::Directory;
use crate::records::{self, Shelf};
use crate::sqlite::{Database, Settings, failure};
use async_trait::async_trait;
use rapport_core::position::Position;
use rapport_store::records::Changes;
use rapport_store::state::{Head, Key, Page, State, Table, Value};
use rapport_store::{Error, Result};
use rusqlite::{Connection, ToSql, TransactionBehavior};
use std::path::Path;
use std::sync::Arc;

/// Loads of at least this many keys are worth a warm cache.
const WIDE_LOAD_KEYS: usize = 256;

/// The embedded state.
pub struct SqliteState {
    pub(crate) database: Database,
    pub(crate) shelf: Arc<Shelf>,
    _directory: Directory,
}

impl SqliteState {
    /// Opens the state of a directory, or makes an empty one.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the file is not a state.
    pub fn open(directory: &Directory) -> Result<SqliteState> {
        let settings = Settings {
            name: "state",
            page_bytes: 4_096,
            writer_cache_kib: 64 << 10,
            reader_cache_kib: 4 << 10,
            readers: 4 + records::QUESTIONS,
            wal_bytes: 128 << 20,
            shrinks: false,
            application_id: 0x5261_7053,
            schema: sql::schema(),
        };
        let database = Database::open(directory.state(), settings)?;
        let shelf = crate::sqlite::open_copy(&directory.state())
            .and_then(|connection| records::Catalog::read(&connection))
            .map_err(|error| failure(&database.what(), &error))?;
        Ok(SqliteState {
            database,
            shelf: Arc::new(Shelf::new(shelf)),
            _directory: directory.clone(),
        })
    }

    async fn read<T, J>(&self, job: J) -> Result<T>
    where
        T: Send + 'static,
        J: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.database
            .read(on_snapshot(self.database.what(), job))
            .await
    }

    /// A load of many keys goes to the writer's connection while that is free: its cache outlives
    /// commits, a reader's does not. Behind a commit it would wait, so then a reader takes it.
    async fn load_from<K>(&self, table: Table, keys: Vec<K>) -> Result<Vec<Option<Value>>>
    where
        K: Ord + ToSql + Send + Sync + 'static,
    {
        let wide = keys.len() >= WIDE_LOAD_KEYS;
        let job = move |snapshot: &Connection| sql::load(snapshot, table, &keys);
        if wide && self.database.is_writer_free() {
            return self
                .database
                .write(on_snapshot(self.database.what(), job))
                .await;
        }
        self.read(job).await
    }
}

#[async_trait]
impl State for SqliteState {
    async fn head(&self) -> Result<Head> {
        self.read(sql::head).await
    }

    async fn load(&self, table: Table, keys: &[Key]) -> Result<Vec<Option<Value>>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        if table.is_numbered() {
            let numbers = keys
                .iter()
                .map(|key| keys::number(table, key))
                .collect::<Result<_>>()?;
            self.load_from::<i64>(table, numbers).await
        } else {
            self.load_from(table, keys.to_vec()).await
        }
    }

    async fn scan(&self, page: Page) -> Result<Vec<(Key, Value)>> {
        if table_is_empty_between(&page) {
            return Ok(Vec::new());
        }
        self.read(move |snapshot| sql::scan(snapshot, &page)).await
    }

    async fn commit(&self, expected: u64, position: Position, changes: Changes) -> Result<Head> {
        let what = self.database.what();
        let shelf = Arc::clone(&self.shelf);
        let changes = Changes {
            writes: keys::in_order(changes.writes)?,
            records: changes.records,
        };
        self.database
            .write(move |connection| {
                let place = Expected { expected, position };
                commit(connection, &what, &shelf, place, &changes)
            })
            .await
    }

    async fn size_bytes(&self) -> Result<u64> {
        self.database.size_bytes()
    }

    /// Writes `state.db` into the folder `target`.
    async fn back_up(&self, target: &Path) -> Result<Head> {
        let copy = self.database.back_up(target).await?;
        let what = format!("backup {}", copy.display());
        tokio::task::spawn_blocking(move || {
            crate::sqlite::open_copy(&copy)
                .and_then(|connection| sql::head(&connection))
                .map_err(|error| failure(&what, &error))
        })
        .await
        .map_err(|error| Error::Engine {
            what: self.database.what(),
            detail: error.to_string(),
        })?
    }

    async fn check(&self) -> Result<Vec<String>> {
        match self.read(sql::check).await {
            Err(Error::Damaged { what, detail }) => Ok(vec![format!("{what}: {detail}")]),
            checked => checked,
        }
    }
}

/// A job on a read transaction of its own.
fn on_snapshot<T>(
    what: String,
    job: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> impl FnOnce(&mut Connection) -> Result<T> {
    move |connection| {
        let snapshot = connection
            .transaction()
            .map_err(|error| failure(&what, &error))?;
        job(&snapshot).map_err(|error| failure(&what, &error))
    }
}

fn table_is_empty_between(page: &Page) -> bool {
    page.limit == 0 || page.to.as_ref().is_some_and(|to| *to <= page.from)
}

/// The version a commit expects, and the position it leads to.
struct Expected {
    expected: u64,
    position: Position,
}

fn commit(
    connection: &mut Connection,
    what: &str,
    shelf: &Shelf,
    Expected { expected, position }: Expected,
    changes: &Changes,
) -> Result<Head> {
    let failed = |error: rusqlite::Error| failure(what, &error);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let found = sql::head(&transaction).map_err(failed)?.version;
    if found != expected {
        return Err(Error::Conflict { expected, found });
    }
    let head = Head {
        position,
        version: found + 1,
    };
    sql::apply(&transaction, &changes.writes).map_err(failed)?;
    let mut catalog = shelf.catalog();
    records::apply(&transaction, what, &mut catalog, &changes.records)?;
    sql::set_head(&transaction, head).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    if !changes.records.is_empty() {
        shelf.note(catalog, &changes.records);
    }
    Ok(head)
}
