//! The floor of lists: the same contacts in a plain SQLite table with the indexes that the
//! question wants, asked in plain SQL, with nothing around it.

use super::{FACTS, SELECTIVITIES, SORTED_BY, TIMES, bounds, contact, record, tell};
use crate::commands::bench::load::histogram;
use crate::commands::bench::report::{Report, Target};
use crate::commands::bench::{Part, Scale};
use anyhow::Result;
use rusqlite::Connection;
use std::time::Instant;

/// Rows of one transaction.
const ROWS: u64 = 50_000;
/// What a contact carries besides.
const REST_BYTES: usize = 200;

/// Times each list in plain SQL.
///
/// # Errors
/// Those of SQLite.
pub(super) fn all(scale: &Scale, report: &mut Report) -> Result<()> {
    debug_assert!(scale.has(Part::Records));
    let mut database = Connection::open(scale.data.join("floor.db"))?;
    fill(&mut database, scale.people)?;
    let [a, b, c] = FACTS;
    let meets = format!("{a} < ?1 AND {b} < ?2 AND {c} < ?3");
    let mut page = database.prepare(&format!(
        "SELECT * FROM contacts WHERE {meets} ORDER BY {SORTED_BY}, id LIMIT 50"
    ))?;
    let mut total = database.prepare(&format!(
        "SELECT count(*) FROM (SELECT 1 FROM contacts WHERE {meets} LIMIT 10001)"
    ))?;
    for (name, share) in SELECTIVITIES {
        let mut took = histogram();
        for time in 0..TIMES as u64 {
            let [x, y, z] = bounds(share).map(|bound| bound as i64 + time as i64 % 3);
            let began = Instant::now();
            let mut rows = page.query([x, y, z])?;
            while rows.next()?.is_some() {}
            total.query_row([x, y, z], |row| row.get::<_, i64>(0))?;
            record(&mut took, began);
        }
        tell(
            report,
            &format!("floor: list in plain SQL, {name}, p95"),
            &took,
            Target::None,
            "the page and a total up to 10,000",
        );
    }
    Ok(())
}

fn fill(database: &mut Connection, contacts: u64) -> Result<()> {
    let [a, b, c] = FACTS;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "cache_size", -65_536)?;
    database.execute_batch(&format!(
        "CREATE TABLE contacts (id INTEGER PRIMARY KEY, {a} REAL, {b} REAL, {c} REAL, {SORTED_BY} TEXT, rest TEXT)"
    ))?;
    let rest = "x".repeat(REST_BYTES);
    for first in (0..contacts).step_by(ROWS as usize) {
        let transaction = database.transaction()?;
        {
            let mut insert =
                transaction.prepare("INSERT INTO contacts VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
            for number in first..contacts.min(first + ROWS) {
                let (facts, name) = contact(number);
                let [x, y, z] = facts.map(|fact| fact as f64);
                insert.execute(rusqlite::params![number as i64 + 1, x, y, z, name, rest])?;
            }
        }
        transaction.commit()?;
    }
    for column in [a, b, SORTED_BY] {
        database.execute_batch(&format!("CREATE INDEX by_{column} ON contacts ({column})"))?;
    }
    database.execute_batch("ANALYZE")?;
    Ok(())
}
