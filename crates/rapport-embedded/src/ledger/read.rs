//! Reading groups back, each checked against its checksum and its neighbours.

use super::group::{self, Encoded};
use super::{Tail, number};
use crate::sqlite::failure;
use rapport_core::event::Request;
use rapport_core::time::Millis;
use rapport_store::{Error, Result};
use rusqlite::Connection;

/// One row of `groups`, its body not looked at yet.
struct Stored {
    first: u64,
    received: Millis,
    checksum: u64,
    group: Encoded,
}

/// Requests behind `after`: whole groups until their bodies reach `bytes_max`.
pub(super) fn groups(
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
