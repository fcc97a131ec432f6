//! The ledger in `ledger.db`: one row per group, one transaction and one sync per append.

mod forget;
pub(crate) mod group;
mod read;
#[cfg(test)]
mod tests;

use crate::Directory;
use crate::sqlite::{Database, Settings, failure};
use async_trait::async_trait;
use group::Encoded;
use rapport_core::event::Request;
use rapport_core::time::Millis;
use rapport_store::ledger::{Ledger, Submission};
use rapport_store::{Error, Result};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// `groups` holds requests `first` to `first + count - 1`; `forgotten` the last one dropped;
/// `probe` nothing, but for the moment in which it is tried whether there is room.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS groups (
        first INTEGER PRIMARY KEY, count INTEGER NOT NULL, received INTEGER NOT NULL,
        codec INTEGER NOT NULL, checksum INTEGER NOT NULL, body BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS forgotten (
        id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, received INTEGER NOT NULL
    );
    INSERT OR IGNORE INTO forgotten VALUES (1, 0, 0);
    CREATE TABLE IF NOT EXISTS probe (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL);";

/// The embedded ledger.
pub struct SqliteLedger {
    database: Database,
    waiting: Arc<Mutex<Vec<Waiting>>>,
    tail: Arc<Mutex<Tail>>,
    _directory: Directory,
}

/// Number and stamp of the last request on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tail {
    number: u64,
    received: Millis,
}

/// A group that waits for the writer.
struct Waiting {
    group: Encoded,
    now: Millis,
    answer: oneshot::Sender<Result<Tail>>,
}

impl SqliteLedger {
    /// Opens the ledger of a directory, or makes it.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the file is not a ledger.
    pub fn open(directory: &Directory) -> Result<SqliteLedger> {
        let settings = Settings {
            name: "ledger",
            page_bytes: 8_192,
            writer_cache_kib: 4_096,
            reader_cache_kib: 1_024,
            readers: 2,
            wal_bytes: 32 << 20,
            shrinks: true,
            application_id: 0x5261_704c,
            schema: SCHEMA.to_owned(),
        };
        let path = directory.ledger();
        let database = Database::open(path.clone(), settings)?;
        let what = database.what();
        let reader = crate::sqlite::open_copy(&path).map_err(|error| failure(&what, &error))?;
        let tail = read_tail(&reader).map_err(|error| failure(&what, &error))?;
        Ok(SqliteLedger {
            database,
            waiting: Arc::default(),
            tail: Arc::new(Mutex::new(tail)),
            _directory: directory.clone(),
        })
    }
}

#[async_trait]
impl Ledger for SqliteLedger {
    async fn append(&self, group: Vec<Submission>, now: Millis) -> Result<Vec<Request>> {
        if group.is_empty() {
            return Ok(Vec::new());
        }
        let (answer, answered) = oneshot::channel();
        let encoded = group::encode(&group)?;
        lock(&self.waiting).push(Waiting {
            group: encoded,
            now,
            answer,
        });
        let (waiting, tail) = (Arc::clone(&self.waiting), Arc::clone(&self.tail));
        let what = self.database.what();
        // Whoever comes first takes all that wait: many appends, one sync.
        self.database
            .write(move |connection| {
                append_waiting(connection, &waiting, &tail, &what);
                Ok(())
            })
            .await?;
        let stopped = |_| Error::Engine {
            what: self.database.what(),
            detail: "its writer has stopped".into(),
        };
        let last = answered.await.map_err(stopped)??;
        Ok(number(group, last))
    }

    async fn read(&self, after: u64, bytes_max: usize) -> Result<Vec<Request>> {
        let what = self.database.what();
        self.database
            .read(move |connection| read::groups(connection, &what, after, bytes_max))
            .await
    }

    async fn last(&self) -> Result<(u64, Millis)> {
        let tail = *lock(&self.tail);
        Ok((tail.number, tail.received))
    }

    async fn skip_to(&self, number: u64, received: Millis) -> Result<()> {
        let last = *lock(&self.tail);
        if last.number >= number {
            return Ok(());
        }
        let to = Tail {
            number,
            received: last.received.max(received),
        };
        let what = self.database.what();
        self.database
            .write(move |connection| {
                connection
                    .execute(
                        "UPDATE forgotten SET number = ?1, received = ?2",
                        params![to.number.cast_signed(), to.received.0],
                    )
                    .map_err(|error| failure(&what, &error))
            })
            .await?;
        *lock(&self.tail) = to;
        Ok(())
    }

    async fn forget(&self, through: u64, received_before: Millis) -> Result<()> {
        loop {
            let what = self.database.what();
            let more = self
                .database
                .write(move |connection| {
                    forget::some(connection, through, received_before)
                        .map_err(|error| failure(&what, &error))
                })
                .await?;
            if !more {
                return Ok(());
            }
        }
    }

    async fn probe(&self, bytes: usize) -> Result<()> {
        let what = self.database.what();
        self.database
            .write(move |connection| probe(connection, bytes).map_err(|e| failure(&what, &e)))
            .await
    }

    async fn size_bytes(&self) -> Result<u64> {
        self.database.size_bytes()
    }

    /// Writes `ledger.db` into the folder `target`.
    async fn back_up(&self, target: &Path) -> Result<()> {
        self.database.back_up(target).await.map(|_| ())
    }
}

fn number(group: Vec<Submission>, last: Tail) -> Vec<Request> {
    let first = last.number + 1 - group.len() as u64;
    (first..)
        .zip(group)
        .map(|(number, Submission { origin, body })| Request {
            number,
            received: last.received,
            origin,
            body,
        })
        .collect()
}

/// Stores all waiting groups in one transaction; where that fails, each in one of its own, so
/// that every caller gets the answer to its own group.
fn append_waiting(
    connection: &mut Connection,
    waiting: &Mutex<Vec<Waiting>>,
    tail: &Mutex<Tail>,
    what: &str,
) {
    let taken = std::mem::take(&mut *lock(waiting));
    if taken.is_empty() {
        return;
    }
    let before = *lock(tail);
    if let Ok(tails) = append(connection, &taken, before) {
        for (each, last) in taken.into_iter().zip(tails) {
            *lock(tail) = last;
            drop(each.answer.send(Ok(last)));
        }
        return;
    }
    for each in taken {
        let before = *lock(tail);
        let outcome = append(connection, std::slice::from_ref(&each), before)
            .map(|tails| tails.last().copied().unwrap_or(before))
            .map_err(|error| failure(what, &error));
        if let Ok(last) = &outcome {
            *lock(tail) = *last;
        }
        drop(each.answer.send(outcome));
    }
}

fn append(
    connection: &mut Connection,
    groups: &[Waiting],
    from: Tail,
) -> rusqlite::Result<Vec<Tail>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut tails = Vec::with_capacity(groups.len());
    let mut tail = from;
    {
        let mut insert =
            transaction.prepare_cached("INSERT INTO groups VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for Waiting { group, now, .. } in groups {
            let first = tail.number + 1;
            tail.number += u64::from(group.count);
            tail.received = tail.received.max(*now);
            let checksum = group.checksum(first, tail.received);
            insert.execute(params![
                first.cast_signed(),
                group.count,
                tail.received.0,
                group.codec,
                checksum.cast_signed(),
                group.body
            ])?;
            tails.push(tail);
        }
    }
    transaction.commit()?;
    Ok(tails)
}

/// Two transactions: what is rolled back never reaches the disk, so it would prove nothing.
fn probe(connection: &Connection, bytes: usize) -> rusqlite::Result<()> {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let put = "INSERT OR REPLACE INTO probe VALUES (1, zeroblob(?1))";
    connection.execute(put, params![bytes])?;
    connection.execute("DELETE FROM probe", [])?;
    Ok(())
}

fn read_tail(connection: &Connection) -> rusqlite::Result<Tail> {
    let tail = |row: &rusqlite::Row<'_>| {
        Ok(Tail {
            number: row.get::<_, i64>(0)?.cast_unsigned(),
            received: Millis(row.get(1)?),
        })
    };
    let newest = "SELECT first + count - 1, received FROM groups ORDER BY first DESC LIMIT 1";
    match connection.query_row(newest, [], tail).optional()? {
        Some(found) => Ok(found),
        None => connection.query_row("SELECT number, received FROM forgotten", [], tail),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
