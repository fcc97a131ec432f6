//! Recover: takes a directory up where it was left, however it was left.

use crate::error::Result;
use crate::rows;
use crate::shared::{Files, Shared};
use crate::tail;
use crate::writer::{FORGOTTEN, Writer, all, pages};
use rapport_core::entry::CommandEntry;
use rapport_core::time::Millis;
use rapport_store::history::{Entry, File};
use rapport_store::seen::Run;
use rapport_store::state::Table;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Removes what a crash left behind, and reads everything again.
pub(crate) async fn recover(shared: &Shared, writer: &mut Writer) -> Result<()> {
    let files = manifest(shared).await?;
    let listed: BTreeSet<String> = files.history.iter().map(|file| file.name.clone()).collect();
    shared.roles.history.sweep(&listed).await?;
    let listed: BTreeSet<String> = files.runs.iter().map(|run| run.name.clone()).collect();
    shared.roles.seen.sweep(&listed).await?;
    Ok(reload(shared, writer).await?)
}

/// Reads the manifest and redirects, and rebuilds the tail.
pub(crate) async fn reload(shared: &Shared, writer: &mut Writer) -> rapport_store::Result<()> {
    let state = &*shared.roles.state;
    let mut files = manifest(shared).await?;
    let mut waiting = 0;
    let mut outbox = pages(state, Table::Outbox);
    while let Some(page) = outbox.next().await? {
        waiting += page.len() as u64;
    }
    shared.stats.outbox.store(waiting, Ordering::Relaxed);
    files.forgotten = forgotten(shared, &files).await?;
    writer.read_ownership().await?;
    writer.read_merged().await?;
    let ends = all(state, Table::Tail).await?;
    let commands = commands(&all(state, Table::Command).await?)?;
    let ledger = &*shared.roles.ledger;
    let (tail, seen) = tail::rebuild(ledger, &ends, commands, &writer.hash).await?;
    writer.recent.extend(seen);
    let mut recorded = shared.recorded_mut();
    recorded.tail = tail;
    recorded.files = Arc::new(files);
    Ok(())
}

async fn manifest(shared: &Shared) -> rapport_store::Result<Files> {
    let mut files = Files::default();
    for (key, row) in all(&*shared.roles.state, Table::File).await? {
        if key.starts_with(b"history/") {
            files.history.push(rows::unpack::<File>(Table::File, &row)?);
        } else {
            files.runs.push(rows::unpack::<Run>(Table::File, &row)?);
        }
    }
    files.history.sort_by_key(|file| (file.first, file.last));
    files.runs.sort_by_key(|run| run.received);
    Ok(files)
}

/// What the state says about ids that left the runs. A directory of before it said so may have
/// let go of everything outside the window.
async fn forgotten(shared: &Shared, files: &Files) -> rapport_store::Result<Option<Millis>> {
    let state = &shared.roles.state;
    let row = state
        .load(Table::Meta, &[FORGOTTEN.into()])
        .await?
        .remove(0);
    if let Some(row) = row {
        return Ok(Some(rows::unpack(Table::Meta, &row)?));
    }
    let oldest = shared.clock.now().plus(-shared.settings.dedup_window_ms);
    let is_older = files.history.iter().any(|file| file.received.0 < oldest);
    Ok(is_older.then_some(oldest))
}

fn commands(rows: &[(Box<[u8]>, Vec<u8>)]) -> rapport_store::Result<Vec<Entry>> {
    let entry = |(_, json): &(Box<[u8]>, Vec<u8>)| {
        let entry: CommandEntry =
            serde_json::from_slice(json).map_err(|error| rapport_store::Error::Damaged {
                what: "a command".into(),
                detail: error.to_string(),
            })?;
        Ok(Entry::Command(Arc::new(entry)))
    };
    rows.iter().map(entry).collect()
}
