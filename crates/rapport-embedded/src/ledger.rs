//! The ledger in `ledger.db`: one row per group, one transaction and one sync per append.

mod group;
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

/// At most this many groups are dropped in one transaction, so that no append waits long.
const FORGET_GROUPS: usize = 256;
/// At most this many stored bytes are dropped in one transaction.
const FORGET_BYTES: i64 = 16 << 20;
/// Pages given back to the disk in one transaction.
const SHRINK_PAGES: i64 = 512;
/// Free pages below this number are kept for the next appends.
const SHRINK_KEEP_PAGES: i64 = 8_192;

/// `groups` holds requests `first` to `first + count - 1`; `forgotten` the last one dropped.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS groups (
        first INTEGER PRIMARY KEY, count INTEGER NOT NULL, received INTEGER NOT NULL,
        codec INTEGER NOT NULL, checksum INTEGER NOT NULL, body BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS forgotten (
        id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, received INTEGER NOT NULL
    );
    INSERT OR IGNORE INTO forgotten VALUES (1, 0, 0);";

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
            .read(move |connection| read_groups(connection, &what, after, bytes_max))
            .await
    }

    async fn last(&self) -> Result<(u64, Millis)> {
        let tail = *lock(&self.tail);
        Ok((tail.number, tail.received))
    }

    async fn forget(&self, through: u64, received_before: Millis) -> Result<()> {
        loop {
            let what = self.database.what();
            let more = self
                .database
                .write(move |connection| {
                    forget_some(connection, through, received_before)
                        .map_err(|error| failure(&what, &error))
                })
                .await?;
            if !more {
                return Ok(());
            }
        }
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

/// One row of `groups`, its body not looked at yet.
struct Stored {
    first: u64,
    received: Millis,
    checksum: u64,
    group: Encoded,
}

fn read_groups(
    connection: &mut Connection,
    what: &str,
    after: u64,
    bytes_max: usize,
) -> Result<Vec<Request>> {
    let failed = |error: rusqlite::Error| failure(what, &error);
    let transaction = connection.transaction().map_err(failed)?;
    let forgotten: i64 = transaction
        .query_row("SELECT number FROM forgotten", [], |row| row.get(0))
        .map_err(failed)?;
    let mut select = transaction
        .prepare_cached(
            "SELECT first, received, checksum, count, codec, body FROM groups
             WHERE first >= (SELECT coalesce(max(first), 0) FROM groups WHERE first <= ?1)
             ORDER BY first",
        )
        .map_err(failed)?;
    let start = after.saturating_add(1).min(i64::MAX.cast_unsigned());
    let mut rows = select.query([start.cast_signed()]).map_err(failed)?;
    let mut requests = Vec::new();
    let mut expected = start.max(forgotten.cast_unsigned() + 1);
    let mut bytes = 0;
    loop {
        let step = next_group(&mut rows, what, expected);
        // What stands before the damage is good, and the next call meets the damage first.
        let (mut found, last) = match step {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(requests),
            Err(_) if !requests.is_empty() => return Ok(requests),
            Err(error) => return Err(error),
        };
        found.retain(|request| request.number > after);
        bytes += found
            .iter()
            .map(|request| request.body.len())
            .sum::<usize>();
        requests.append(&mut found);
        expected = expected.max(last + 1);
        if bytes >= bytes_max && !requests.is_empty() {
            return Ok(requests);
        }
    }
}

/// The next group and its last number; a gap in front of it is damage.
fn next_group(
    rows: &mut rusqlite::Rows<'_>,
    what: &str,
    expected: u64,
) -> Result<Option<(Vec<Request>, u64)>> {
    let damaged = |number: u64, detail: &str| Error::Damaged {
        what: format!("request {number} of {what}"),
        detail: detail.to_owned(),
    };
    let row = match rows.next() {
        Ok(Some(row)) => row,
        Ok(None) => return Ok(None),
        Err(error) => return Err(failure(&format!("request {expected} of {what}"), &error)),
    };
    let stored = read_row(row).map_err(|error| damaged(expected, &error.to_string()))?;
    if stored.first > expected {
        return Err(damaged(expected, "it is missing"));
    }
    let last = stored
        .first
        .saturating_add(u64::from(stored.group.count))
        .saturating_sub(1);
    if stored.checksum != stored.group.checksum(stored.first, stored.received) {
        return Err(damaged(
            stored.first,
            "its bytes are not the ones that were stored",
        ));
    }
    if last < expected {
        return Ok(Some((Vec::new(), last)));
    }
    let submissions =
        group::decode(&stored.group).map_err(|detail| damaged(stored.first, &detail))?;
    Ok(Some((
        number(
            submissions,
            Tail {
                number: last,
                received: stored.received,
            },
        ),
        last,
    )))
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        first: row.get::<_, i64>(0)?.cast_unsigned(),
        received: Millis(row.get(1)?),
        checksum: row.get::<_, i64>(2)?.cast_unsigned(),
        group: Encoded {
            count: row.get(3)?,
            codec: row.get(4)?,
            body: row.get(5)?,
        },
    })
}

/// Drops a bounded number of groups; whether there may be more.
fn forget_some(
    connection: &mut Connection,
    through: u64,
    before: Millis,
) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut dropped: Option<(i64, i64)> = None;
    let (mut groups, mut bytes) = (0, 0);
    {
        let mut select = transaction.prepare_cached(
            "SELECT first + count - 1, received, length(body) FROM groups ORDER BY first",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (last, received): (i64, i64) = (row.get(0)?, row.get(1)?);
            let droppable = last.cast_unsigned() <= through && received < before.0;
            if !droppable || groups == FORGET_GROUPS || bytes >= FORGET_BYTES {
                break;
            }
            dropped = Some((last, received));
            groups += 1;
            bytes += row.get::<_, i64>(2)?;
        }
    }
    if let Some((last, received)) = dropped {
        transaction.execute("DELETE FROM groups WHERE first <= ?1", [last])?;
        transaction.execute(
            "UPDATE forgotten SET number = ?1, received = ?2",
            [last, received],
        )?;
    }
    transaction.commit()?;
    let shrunk = shrink(connection)?;
    Ok(groups == FORGET_GROUPS || bytes >= FORGET_BYTES || shrunk)
}

/// Gives some free pages back where most of the file is free; whether it did.
///
/// Free pages are the room of the next day's appends, so a steady ledger never shrinks.
fn shrink(connection: &Connection) -> rusqlite::Result<bool> {
    let count = |name: &str| {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
    };
    let (free, pages) = (count("freelist_count")?, count("page_count")?);
    if free < SHRINK_KEEP_PAGES || free < pages / 2 {
        return Ok(false);
    }
    let mut step = connection.prepare(&format!("PRAGMA incremental_vacuum({SHRINK_PAGES})"))?;
    let mut rows = step.query([])?;
    while rows.next()?.is_some() {}
    Ok(true)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
