//! Dropping old groups in small steps, and giving much free room back to the disk.

use rapport_core::time::Millis;
use rusqlite::{Connection, TransactionBehavior};

/// At most this many groups are dropped in one transaction, so that no append waits long.
const FORGET_GROUPS: usize = 256;
/// At most this many stored bytes are dropped in one transaction.
const FORGET_BYTES: i64 = 16 << 20;
/// Pages given back to the disk in one transaction.
const SHRINK_PAGES: i64 = 512;
/// Free pages below this number are kept for the next appends.
pub(super) const SHRINK_KEEP_PAGES: i64 = 2_048;

/// Drops a bounded number of groups; whether there may be more.
pub(super) fn some(
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
    Ok(count("freelist_count")? < free)
}
