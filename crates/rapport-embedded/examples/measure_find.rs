//! Measures looking up the ids of an import in history: ids that are there and ids that are new,
//! in files as they are flushed and as they are compacted.
//!
//! `cargo run --release -p rapport-embedded --example measure_find -- DIR [FILES] [ROWS] [IDS]`

use rapport_core::event::{Event, KeyKind, Kind, SourceNo};
use rapport_core::identity::ProfileNo;
use rapport_core::outcome::Outcome;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_embedded::history::ParquetHistory;
use rapport_store::Error;
use rapport_store::history::{Entry, File, History, MessageKey, Ownership, Row};
use std::sync::Arc;
use std::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let root = arguments.next().expect("a folder to write to");
    let mut number = |default: u64| {
        arguments
            .next()
            .map_or(default, |n| n.parse().expect("a number"))
    };
    let (files, rows, ids) = (number(100), number(50_000), number(8_000));
    let history = ParquetHistory::open(root.into())?;
    let mut listed = Vec::new();
    for file in 0..files {
        let entries = (0..rows).map(|row| entry(file, row, file * rows + row));
        listed.extend(history.write(entries.collect()).await?);
    }
    measure(&history, "flushed", &listed, files * rows, ids).await?;
    let compacted = history.compact(&listed, &Ownership::default(), 1).await?;
    measure(&history, "compacted", &compacted, files * rows, ids).await
}

async fn measure(
    history: &ParquetHistory,
    what: &str,
    files: &[File],
    total: u64,
    ids: u64,
) -> Result<(), Error> {
    let few: Vec<MessageKey> = (total..total + ids).map(key).collect();
    // Rows of one file stand together, as an import asks for them.
    let from = total / 2;
    let many: Vec<MessageKey> = (from..(from + ids).min(total)).map(key).collect();
    for (kind, asked) in [("new", few), ("there", many)] {
        history.find(files, &asked).await?;
        let began = Instant::now();
        let found = history.find(files, &asked).await?;
        let took = began.elapsed().as_secs_f64();
        println!(
            "{what}: {} files, {} {kind} ids in {took:.3} s, {:.0} ids/s, {} found",
            files.len(),
            asked.len(),
            asked.len() as f64 / took,
            found.iter().filter(|found| **found).count()
        );
    }
    Ok(())
}

/// An id as imports make it.
fn key(number: u64) -> MessageKey {
    (SourceNo(1), id(number))
}

fn id(number: u64) -> Box<str> {
    let low = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let high = number.wrapping_mul(0xC2B2_AE3D_27D4_EB4F) ^ low >> 7;
    format!("row-{low:016x}{high:016x}").into()
}

fn entry(file: u64, row: u64, number: u64) -> Entry {
    let person = ProfileNo(1 + number.wrapping_mul(0x9E37_79B9) % 1_000_000);
    Entry::Event(Arc::new(Row {
        event: Event {
            position: Position::event(file + 1, row as u32),
            received: Millis(1_700_000_000_000 + number as i64),
            original: None,
            sent: None,
            at: Millis(1_600_000_000_000 + number as i64 * 1_000),
            source: SourceNo(1),
            key_kind: KeyKind::Server,
            kind: Kind::Track,
            name: "Order Completed".into(),
            message_id: id(number),
            identifiers: Vec::new(),
            previous: None,
            group: None,
            traits: "{}".into(),
            properties: format!("{{\"revenue\":{}.5}}", number % 100).into(),
            context: "{}".into(),
            extra: "{}".into(),
        },
        origin: Some(person),
        outcome: Outcome::Accepted,
    }))
}
