//! The same rows in the state's own engine, asked the same questions through its port.

use super::kinds::{STAGES, Values};
use super::{BATCH, BATCHES, SHARES, TIMES, p95};
use crate::commands::bench::Scale;
use crate::commands::bench::report::{Report, Target};
use crate::commands::bench::traffic::Random;
use anyhow::{Context, Result};
use rapport_core::position::Position;
use rapport_embedded::{Directory, SqliteState};
use rapport_store::records::{
    Cell, Changes, Comparison, Count, Direction, Filter, Form, Query, RecordWrite, Records, Sort,
    Sums, Test, column,
};
use rapport_store::state::State;
use std::time::{Duration, Instant};

const DEAL: u32 = 3;
const STAGE: u16 = 16;
const OWNER: u16 = 17;
const AMOUNT: u16 = 18;
const CLOSES: u16 = 19;
const TEXT: u16 = 20;
/// Rows of one commit while the table is filled.
const FILLED: u64 = 5_000;

/// Fills the engine's table, asks and changes it.
///
/// # Errors
/// Those of the engine.
pub(super) async fn all(scale: &Scale, report: &mut Report) -> Result<()> {
    let path = scale.data.join("layout-engine");
    let state = SqliteState::open(&Directory::open(&path)?)?;
    let began = Instant::now();
    commit(&state, definitions()).await?;
    for first in (0..scale.people).step_by(FILLED as usize) {
        let rows = first..scale.people.min(first + FILLED);
        commit(&state, rows.map(row).collect()).await?;
    }
    let rate = scale.people as f64 / began.elapsed().as_secs_f64();
    add(report, "filled", rate, "rows/s");
    lists(&state, report).await?;
    board(&state, report).await?;
    add(report, "size", state.size_bytes().await? as f64 / 1e6, "MB");
    writes(&state, scale.people, report).await?;
    drop(state);
    std::fs::remove_dir_all(&path).context("the engine's directory")
}

fn add(report: &mut Report, what: &str, value: f64, unit: &'static str) {
    let name = format!("layout engine: {what}");
    report.add(
        &name,
        value,
        unit,
        Target::None,
        "through the port of records",
    );
}

fn definitions() -> Vec<RecordWrite> {
    let columns = [
        (STAGE, Form::Text),
        (OWNER, Form::Integer),
        (AMOUNT, Form::Number),
        (CLOSES, Form::Integer),
    ];
    let texts = (TEXT..TEXT + 8).map(|column| (column, Form::Text));
    let define = |(column, form)| RecordWrite::Define {
        object: DEAL,
        column,
        form,
        unique: false,
    };
    columns.into_iter().chain(texts).map(define).collect()
}

fn row(id: u64) -> RecordWrite {
    let values = Values::of(id);
    let mut cells = vec![
        (column::ARCHIVED, Cell::Integer(0)),
        (STAGE, Cell::text(values.stage)),
        (OWNER, Cell::Integer(values.owner)),
        (AMOUNT, Cell::Number(values.amount as f64)),
        (CLOSES, Cell::Integer(values.closes)),
    ];
    let texts = (TEXT..).zip(&values.texts);
    cells.extend(texts.map(|(column, text)| (column, Cell::text(text))));
    RecordWrite::Put {
        object: DEAL,
        id,
        cells,
    }
}

async fn commit(state: &SqliteState, records: Vec<RecordWrite>) -> Result<Duration> {
    let head = state.head().await?;
    let changes = Changes {
        writes: Vec::new(),
        records,
    };
    let began = Instant::now();
    state
        .commit(head.version, Position::event(1, 0), changes)
        .await?;
    Ok(began.elapsed())
}

fn list(stage: &str, owner: i64, amount: i64) -> Query {
    let compare = |column, comparison, number| {
        let cell = Cell::Integer(number);
        Filter::Column(column, Test::Compare(comparison, cell))
    };
    Query {
        filter: Filter::equal(STAGE, Cell::text(stage))
            .and(compare(OWNER, Comparison::Below, owner))
            .and(compare(AMOUNT, Comparison::AtLeast, amount)),
        sort: vec![Sort {
            column: CLOSES,
            direction: Direction::Ascending,
        }],
        limit: 50,
        columns: vec![STAGE, OWNER, AMOUNT, CLOSES, TEXT, TEXT + 1],
        count: Count::Capped(10_000),
        ..Query::all(DEAL)
    }
}

async fn lists(state: &SqliteState, report: &mut Report) -> Result<()> {
    let mut random = Random(5);
    let began = Instant::now();
    state.query(list(STAGES[0], 150, 40_000)).await?;
    let cold = began.elapsed().as_secs_f64() * 1_000.0;
    add(report, "the first list of all, no index there", cold, "ms");
    for stage in &STAGES[1..4] {
        state.query(list(stage, 149, 41_000)).await?;
    }
    let ms = indexed(state).await?.as_secs_f64() * 1_000.0;
    add(
        report,
        "the longest commit while indexes are made",
        ms,
        "ms",
    );
    for (share, owner, amount) in SHARES {
        let mut first = Vec::new();
        let mut again = Vec::new();
        for time in 0..TIMES as i64 {
            let stage = STAGES[random.below(8) as usize];
            for took in [&mut first, &mut again] {
                let began = Instant::now();
                // Another bound every time: nothing of it was asked before.
                state.query(list(stage, owner, amount + time)).await?;
                took.push(began.elapsed());
            }
        }
        let first_name = format!("page of 50 and total, {share}, bounds never asked before, p95");
        add(report, &first_name, p95(first), "ms");
        let again_name = format!("page of 50 and total, {share}, p95");
        add(report, &again_name, p95(again), "ms");
    }
    Ok(())
}

/// Waits until the indexes that questions missed are made, one between two commits; how long the
/// longest of these commits took.
async fn indexed(state: &SqliteState) -> Result<Duration> {
    let mut longest = Duration::ZERO;
    for _ in 0..8 {
        longest = longest.max(commit(state, Vec::new()).await?);
    }
    Ok(longest)
}

async fn board(state: &SqliteState, report: &mut Report) -> Result<()> {
    let asked = || Sums {
        object: DEAL,
        filter: Filter::equal(column::ARCHIVED, Cell::Integer(0)),
        by: Some(STAGE),
        columns: vec![AMOUNT],
    };
    let mut took = Vec::new();
    for time in 0..TIMES / 2 {
        if time == 3 {
            indexed(state).await?;
        }
        let began = Instant::now();
        state.sums(asked()).await?;
        took.push(began.elapsed());
    }
    let first = took[0].as_secs_f64() * 1_000.0;
    add(report, "board of 8 stages with sums, first", first, "ms");
    let again = took.split_off(3);
    add(report, "board of 8 stages with sums, p95", p95(again), "ms");
    Ok(())
}

async fn writes(state: &SqliteState, rows: u64, report: &mut Report) -> Result<()> {
    let mut inserts = Vec::new();
    for batch in 0..BATCHES {
        let ids = rows + batch * BATCH..rows + (batch + 1) * BATCH;
        inserts.push(commit(state, ids.map(row).collect()).await?);
    }
    add(report, "insert of 100 rows, p95", p95(inserts), "ms");
    let mut random = Random(9);
    let mut updates = Vec::new();
    for batch in 0..BATCHES {
        let stage = STAGES[(batch % 8) as usize];
        let put = |id| RecordWrite::Put {
            object: DEAL,
            id,
            cells: vec![(STAGE, Cell::text(stage))],
        };
        let changed = (0..BATCH).map(|_| put(random.below(rows))).collect();
        updates.push(commit(state, changed).await?);
    }
    add(
        report,
        "update of 100 rows, one value each, p95",
        p95(updates),
        "ms",
    );
    Ok(())
}
