//! Keys of numbered tables as SQLite row ids, and the order in which a commit writes.

use rapport_store::state::{Table, Write};
use rapport_store::{Error, Result};

/// The row id of a numbered key. Flipping the sign bit keeps the order of unsigned numbers.
pub(super) fn number(table: Table, key: &[u8]) -> Result<i64> {
    let bytes = <[u8; 8]>::try_from(key).map_err(|_| Error::Engine {
        what: format!("a key of table {table:?}"),
        detail: format!("it has {} bytes instead of 8", key.len()),
    })?;
    Ok(row_id(u64::from_be_bytes(bytes)))
}

/// The key of a row id.
pub(super) fn key(row_id: i64) -> [u8; 8] {
    (row_id.cast_unsigned() ^ SIGN).to_be_bytes()
}

/// The row id of the first numbered key at or behind any bytes; `None` where there is none.
pub(super) fn first_at(bytes: &[u8]) -> Option<i64> {
    let mut padded = [0; 8];
    let taken = bytes.len().min(8);
    padded[..taken].copy_from_slice(&bytes[..taken]);
    let number = u64::from_be_bytes(padded);
    let number = if bytes.len() > 8 {
        number.checked_add(1)?
    } else {
        number
    };
    Some(row_id(number))
}

/// Writes by table and key, so that neighbours in the file are touched one after another; of
/// several writes of one key only the last.
pub(super) fn in_order(mut writes: Vec<Write>) -> Result<Vec<Write>> {
    writes.sort_by(|left, right| (left.table, &left.key).cmp(&(right.table, &right.key)));
    let mut kept: Vec<Write> = Vec::with_capacity(writes.len());
    for write in writes {
        if write.table.is_numbered() {
            number(write.table, &write.key)?;
        }
        match kept.last_mut() {
            Some(last) if last.table == write.table && last.key == write.key => *last = write,
            _ => kept.push(write),
        }
    }
    Ok(kept)
}

const SIGN: u64 = 1 << 63;

fn row_id(number: u64) -> i64 {
    (number ^ SIGN).cast_signed()
}
