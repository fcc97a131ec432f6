//! What happened behind a position, for whoever saw everything up to there.

use crate::rows;
use crate::shared::Shared;
use rapport_core::identity::journal::Record;
use rapport_core::position::Position;
use rapport_store::history::Entry;
use rapport_store::state::{Order, Page, Table};
use rapport_store::{Error, Result};

/// Journal lines read at once.
const LINES: usize = 256;

/// Entries behind `after`, in order, `limit` at most.
pub(crate) async fn entries(shared: &Shared, after: Position, limit: usize) -> Result<Vec<Entry>> {
    let (files, waiting) = {
        let recorded = shared.recorded();
        let entries = recorded.tail.entries();
        let first = entries.partition_point(|entry| entry.position() <= after);
        let waiting: Vec<Entry> = entries[first..].iter().take(limit).cloned().collect();
        (recorded.files.clone(), waiting)
    };
    let mut older: Vec<_> = files.history.clone();
    older.retain(|file| file.last > after);
    let mut found = Vec::new();
    if !older.is_empty() {
        let history = &shared.roles.history;
        let sink = &mut |entry: Entry| {
            if found.len() >= limit {
                return Err(enough());
            }
            found.push(entry);
            Ok(())
        };
        let scanned = history.scan_order(&older, after, sink).await;
        if let Err(error) = scanned
            && found.len() < limit
        {
            return Err(error);
        }
    }
    // An entry that was flushed between two looks would be in both.
    let last = found.last().map_or(after, Entry::position);
    found.extend(waiting.into_iter().filter(|entry| entry.position() > last));
    found.truncate(limit);
    Ok(found)
}

/// Stops a scan that has found what it looked for.
fn enough() -> Error {
    Error::Engine {
        what: "reading history in order".to_owned(),
        detail: "enough is read".to_owned(),
    }
}

/// Lines of the journal about entries behind `after`, in order, the newest `limit`.
pub(crate) async fn journal(
    shared: &Shared,
    after: Position,
    limit: usize,
) -> Result<Vec<(u64, Record)>> {
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let page = Page {
            table: Table::Journal,
            from: Box::default(),
            to: before.take(),
            limit: LINES,
            order: Order::Descending,
        };
        let read = shared.roles.state.scan(page).await?;
        let is_last = read.len() < LINES;
        for (key, row) in read {
            let record: Record = rows::unpack(Table::Journal, &row)?;
            if record.place <= after || found.len() >= limit {
                found.reverse();
                return Ok(found);
            }
            found.push((rows::number_of(Table::Journal, &key)?, record));
            before = Some(key);
        }
        if is_last {
            found.reverse();
            return Ok(found);
        }
    }
}
