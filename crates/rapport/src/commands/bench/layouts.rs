//! Layouts of records: the same rows as typed columns, as one column of JSON, and as a row for
//! each value, asked and changed in the same ways, and in the engine itself. What
//! docs/adr/typed-columns.md goes by.

mod engine;
mod kinds;

use super::report::{Report, Target};
use super::traffic::Random;
use super::{Part, Scale};
use anyhow::Result;
use kinds::{Layout, Values};
use rusqlite::{Connection, params};
use std::time::{Duration, Instant};

/// Rows of one transaction while the tables are filled.
const FILLED: u64 = 20_000;
/// Rows of one transaction that is timed.
const BATCH: u64 = 100;
/// Transactions that are timed.
const BATCHES: u64 = 100;
/// Answers of each question that are timed.
const TIMES: usize = 20;
/// A share of all rows, and what owners are below and amounts at least for that; a stage is an
/// eighth of them.
const SHARES: [(&str, i64, i64); 4] = [
    ("5 %", 160, 50_000),
    ("0.1 %", 16, 90_000),
    ("0.001 %", 2, 99_200),
    ("none", 0, 0),
];

/// Every layout, one after another.
///
/// # Errors
/// Those of SQLite and of the engine.
pub(super) async fn all(scale: &Scale, report: &mut Report) -> Result<()> {
    debug_assert!(scale.has(Part::Layouts));
    for layout in Layout::ALL {
        let path = scale.data.join(format!("layout-{}.db", layout.name()));
        let mut database = open(&path)?;
        fill(&mut database, layout, scale.people)?;
        let bytes = std::fs::metadata(&path)?.len() as f64;
        add(report, layout, "size", bytes / 1e6, "MB");
        ask(&database, layout, report)?;
        write(&mut database, layout, scale.people, report)?;
        drop(database);
        std::fs::remove_file(&path)?;
    }
    engine::all(scale, report).await
}

fn add(report: &mut Report, layout: Layout, what: &str, value: f64, unit: &'static str) {
    let name = format!("layout {}: {what}", layout.name());
    report.add(
        &name,
        value,
        unit,
        Target::None,
        "plain SQL, one connection",
    );
}

/// As the state's file is opened.
fn open(path: &std::path::Path) -> Result<Connection> {
    let database = Connection::open(path)?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "cache_size", -65_536)?;
    Ok(database)
}

/// Fills the tables as a long life would: every index is there from the start.
fn fill(database: &mut Connection, layout: Layout, rows: u64) -> Result<()> {
    database.execute_batch(layout.schema())?;
    for first in (0..rows).step_by(FILLED as usize) {
        let transaction = database.transaction()?;
        for id in first..rows.min(first + FILLED) {
            layout.insert(&transaction, id, &Values::of(id))?;
        }
        transaction.commit()?;
    }
    database.execute_batch("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}

fn ask(database: &Connection, layout: Layout, report: &mut Report) -> Result<()> {
    let mut random = Random(5);
    for (share, owner, amount) in SHARES {
        let (mut page, mut total) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            let stage = kinds::STAGES[random.below(8) as usize];
            let bound = params![stage, owner, amount];
            page.push(timed(database, layout.list(), bound)?);
            total.push(timed(database, layout.total(), bound)?);
        }
        add(
            report,
            layout,
            &format!("page of 50, {share}, p95"),
            p95(page),
            "ms",
        );
        add(
            report,
            layout,
            &format!("total up to 10,000, {share}, p95"),
            p95(total),
            "ms",
        );
    }
    let mut board = Vec::new();
    for _ in 0..TIMES / 4 {
        board.push(timed(database, layout.board(), params![])?);
    }
    add(
        report,
        layout,
        "board of 8 stages with sums, p95",
        p95(board),
        "ms",
    );
    Ok(())
}

fn timed(database: &Connection, sql: &str, bound: &[&dyn rusqlite::ToSql]) -> Result<Duration> {
    let began = Instant::now();
    let mut select = database.prepare_cached(sql)?;
    let columns = select.column_count();
    let mut rows = select.query(bound)?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            std::hint::black_box(row.get_ref(column)?);
        }
    }
    Ok(began.elapsed())
}

fn write(database: &mut Connection, layout: Layout, rows: u64, report: &mut Report) -> Result<()> {
    let mut inserts = Vec::new();
    for batch in 0..BATCHES {
        let began = Instant::now();
        let transaction = database.transaction()?;
        for id in rows + batch * BATCH..rows + (batch + 1) * BATCH {
            layout.insert(&transaction, id, &Values::of(id))?;
        }
        transaction.commit()?;
        inserts.push(began.elapsed());
    }
    add(
        report,
        layout,
        "insert of 100 rows, p95",
        p95(inserts),
        "ms",
    );
    let mut random = Random(9);
    let mut updates = Vec::new();
    for batch in 0..BATCHES {
        let began = Instant::now();
        let transaction = database.transaction()?;
        for _ in 0..BATCH {
            let stage = kinds::STAGES[(batch % 8) as usize];
            layout.update(&transaction, random.below(rows), stage)?;
        }
        transaction.commit()?;
        updates.push(began.elapsed());
    }
    add(
        report,
        layout,
        "update of 100 rows, one value each, p95",
        p95(updates),
        "ms",
    );
    Ok(())
}

fn p95(mut took: Vec<Duration>) -> f64 {
    took.sort();
    let place = (took.len() * 95).div_ceil(100).saturating_sub(1);
    took[place].as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::types::Value;

    fn answers(layout: Layout) -> Vec<Vec<Vec<Value>>> {
        let mut database = Connection::open_in_memory().unwrap();
        fill(&mut database, layout, 3_000).unwrap();
        layout.update(&database, 17, "won").unwrap();
        let read = |sql: &str, bound: &[&dyn rusqlite::ToSql]| {
            let mut select = database.prepare(sql).unwrap();
            let columns = select.column_count();
            let row = |row: &rusqlite::Row<'_>| (0..columns).map(|at| row.get(at)).collect();
            let rows = select.query_map(bound, row).unwrap();
            rows.collect::<rusqlite::Result<Vec<Vec<Value>>>>().unwrap()
        };
        let bound = params!["won", 160, 50_000];
        vec![
            read(layout.list(), bound),
            read(layout.total(), bound),
            read(layout.board(), params![]),
        ]
    }

    #[test]
    fn every_layout_answers_the_same() {
        let wanted = answers(Layout::ALL[0]);
        assert_eq!(wanted[0].len(), 50);
        assert_eq!(wanted[2].len(), 8);
        for layout in &Layout::ALL[1..] {
            assert_eq!(answers(*layout), wanted, "{}", layout.name());
        }
    }
}
