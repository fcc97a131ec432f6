//! Every statement of the state; names of tables come from one list and never from a caller.

use super::keys;
use rapport_core::position::Position;
use rapport_store::state::{Head, Key, Order, Page, Table, Value, Write};
use rusqlite::{Connection, OptionalExtension, ToSql, params};

/// Statements that make the tables.
pub(super) fn schema() -> String {
    let mut schema = String::from(
        "CREATE TABLE IF NOT EXISTS head (
            id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL,
            request INTEGER NOT NULL, command INTEGER NOT NULL, place INTEGER NOT NULL
        );
        INSERT OR IGNORE INTO head VALUES (1, 0, 0, 0, 0);",
    );
    for table in Table::ALL {
        let name = name(table);
        let columns = if table.is_numbered() {
            "(k INTEGER PRIMARY KEY, v BLOB NOT NULL)"
        } else {
            "(k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID"
        };
        schema.push_str(&format!("CREATE TABLE IF NOT EXISTS {name} {columns};"));
    }
    schema.push_str(crate::records::SCHEMA);
    schema
}

/// How far the state is.
pub(super) fn head(connection: &Connection) -> rusqlite::Result<Head> {
    let mut select =
        connection.prepare_cached("SELECT version, request, command, place FROM head")?;
    select.query_row([], |row| {
        Ok(Head {
            version: row.get::<_, i64>(0)?.cast_unsigned(),
            position: Position {
                request: row.get::<_, i64>(1)?.cast_unsigned(),
                command: row.get(2)?,
                index: row.get(3)?,
            },
        })
    })
}

/// Moves the head.
pub(super) fn set_head(connection: &Connection, head: Head) -> rusqlite::Result<()> {
    let Head { version, position } = head;
    connection
        .prepare_cached("UPDATE head SET version = ?1, request = ?2, command = ?3, place = ?4")?
        .execute(params![
            version.cast_signed(),
            position.request.cast_signed(),
            position.command,
            position.index
        ])
        .map(|_| ())
}

/// Values of keys in the order asked, looked up in key order.
pub(super) fn load<K: Ord + ToSql>(
    snapshot: &Connection,
    table: Table,
    keys: &[K],
) -> rusqlite::Result<Vec<Option<Value>>> {
    let mut places: Vec<usize> = (0..keys.len()).collect();
    places.sort_unstable_by_key(|&place| &keys[place]);
    let sql = format!("SELECT v FROM {} WHERE k = ?1", name(table));
    let mut select = snapshot.prepare_cached(&sql)?;
    let mut values = vec![None; keys.len()];
    for place in places {
        values[place] = select
            .query_row([&keys[place]], |row| row.get(0))
            .optional()?;
    }
    Ok(values)
}

/// A page of a table.
pub(super) fn scan(snapshot: &Connection, page: &Page) -> rusqlite::Result<Vec<(Key, Value)>> {
    if page.table.is_numbered() {
        scan_numbers(snapshot, page)
    } else {
        scan_bytes(snapshot, page)
    }
}

fn scan_numbers(snapshot: &Connection, page: &Page) -> rusqlite::Result<Vec<(Key, Value)>> {
    let Some(from) = keys::first_at(&page.from) else {
        return Ok(Vec::new());
    };
    let last = match page.to.as_deref().map(keys::first_at) {
        None | Some(None) => i64::MAX,
        Some(Some(i64::MIN)) => return Ok(Vec::new()),
        Some(Some(behind)) => behind - 1,
    };
    let sql = format!(
        "SELECT k, v FROM {} WHERE k BETWEEN ?1 AND ?2 ORDER BY k {} LIMIT ?3",
        name(page.table),
        direction(page.order)
    );
    snapshot
        .prepare_cached(&sql)?
        .query_map(params![from, last, limit(page)], |row| {
            Ok((Key::from(keys::key(row.get(0)?)), row.get(1)?))
        })?
        .collect()
}

fn scan_bytes(snapshot: &Connection, page: &Page) -> rusqlite::Result<Vec<(Key, Value)>> {
    let below = if page.to.is_some() { "AND k < ?3" } else { "" };
    let sql = format!(
        "SELECT k, v FROM {} WHERE k >= ?1 {below} ORDER BY k {} LIMIT ?2",
        name(page.table),
        direction(page.order)
    );
    let (from, limit) = (&*page.from, limit(page));
    let mut bound: Vec<&dyn ToSql> = vec![&from, &limit];
    if let Some(to) = &page.to {
        bound.push(to);
    }
    snapshot
        .prepare_cached(&sql)?
        .query_map(bound.as_slice(), |row| {
            Ok((row.get::<_, Vec<u8>>(0)?.into_boxed_slice(), row.get(1)?))
        })?
        .collect()
}

/// Writes in the order given: by table and key.
pub(super) fn apply(connection: &Connection, writes: &[Write]) -> rusqlite::Result<()> {
    for of_table in writes.chunk_by(|left, right| left.table == right.table) {
        let table = of_table[0].table;
        let mut put = connection.prepare_cached(&format!(
            "INSERT OR REPLACE INTO {} VALUES (?1, ?2)",
            name(table)
        ))?;
        let mut remove =
            connection.prepare_cached(&format!("DELETE FROM {} WHERE k = ?1", name(table)))?;
        for write in of_table {
            let number = keys::number(table, &write.key);
            let key: &dyn ToSql = match &number {
                Ok(number) if table.is_numbered() => number,
                _ => &write.key,
            };
            match &write.value {
                Some(value) => put.execute(params![key, value])?,
                None => remove.execute(params![key])?,
            };
        }
    }
    Ok(())
}

/// What is wrong with the file, in SQLite's words and ours.
pub(super) fn check(snapshot: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut findings: Vec<String> = snapshot
        .prepare("PRAGMA integrity_check")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    findings.retain(|finding| finding != "ok");
    let heads: u32 = snapshot.query_row("SELECT count(*) FROM head", [], |row| row.get(0))?;
    if heads != 1 {
        findings.push(format!("the state has {heads} heads instead of one"));
    }
    for table in Table::ALL {
        let sql = format!(
            "SELECT count(*) FROM {} WHERE typeof(v) <> 'blob' OR typeof(k) <> '{}'",
            name(table),
            if table.is_numbered() {
                "integer"
            } else {
                "blob"
            }
        );
        let foreign: i64 = snapshot.query_row(&sql, [], |row| row.get(0))?;
        if foreign > 0 {
            findings.push(format!(
                "table {} holds {foreign} rows of another shape",
                name(table)
            ));
        }
    }
    Ok(findings)
}

fn limit(page: &Page) -> i64 {
    i64::try_from(page.limit).unwrap_or(i64::MAX)
}

fn direction(order: Order) -> &'static str {
    match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    }
}

/// The name a table has in the file: never rename.
fn name(table: Table) -> &'static str {
    match table {
        Table::Meta => "meta",
        Table::Config => "config",
        Table::Profile => "profile",
        Table::Redirect => "redirect",
        Table::Identifier => "identifier",
        Table::Journal => "journal",
        Table::JournalOfProfile => "journal_of_profile",
        Table::Timer => "timer",
        Table::Members => "members",
        Table::Company => "company",
        Table::Outbox => "outbox",
        Table::DeadLetter => "dead_letter",
        Table::Rejected => "rejected",
        Table::Outcome => "outcome",
        Table::Tail => "tail",
        Table::File => "file",
        Table::Moved => "moved",
        Table::Shared => "shared",
        Table::Command => "command",
        Table::Series => "series",
        Table::Revision => "revision",
        Table::Discovered => "discovered",
        Table::Violation => "violation",
        Table::Violations => "violations",
        Table::CompanyPeople => "company_people",
        Table::Change => "change",
        Table::Turnover => "turnover",
        Table::Frozen => "frozen",
        Table::PropertyHistory => "property_history",
        Table::Edit => "edit",
        Table::Attached => "attached",
        Table::MergedRecord => "merged_record",
        Table::Session => "session",
        Table::Audit => "audit",
        Table::Bulk => "bulk",
        Table::BulkRecord => "bulk_record",
        Table::BulkDraft => "bulk_draft",
    }
}
