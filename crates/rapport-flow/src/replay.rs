//! Replay: folds every entry of a directory into a fresh one. Nothing leaves it: no worker
//! delivers what its outbox holds.

use crate::archive::Archive;
use crate::commands;
use crate::error::{CommandError, Error, Result};
use crate::flow::{self, Fresh};
use crate::jobs::{flush, sweep};
use crate::rows::Hash;
use crate::writer::publish;
use rapport_core::event::transform;
use rapport_core::outcome::Outcome;
use rapport_core::plan;
use rapport_store::history::{Entry, Row};
use std::sync::Arc;

/// Events folded in one transaction, at least: whole requests.
const BATCH: usize = 2_000;

/// Folds every entry of `from` into `into`, which is empty. `progress` hears how many entries are
/// done.
///
/// # Errors
/// Those of storage, and [`Error::Store`] where an entry cannot be applied again.
pub async fn replay(
    from: &Archive,
    into: &mut Archive,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<()> {
    let mut entries = from.entries();
    let mut waiting: Vec<Arc<Row>> = Vec::new();
    let mut done = 0;
    while let Some(entry) = entries.recv().await {
        done += 1;
        match entry? {
            Entry::Event(row) => {
                let request = row.event.position.request;
                let whole = waiting
                    .last()
                    .is_some_and(|last| last.event.position.request != request);
                if whole && waiting.len() >= BATCH {
                    fold(into, &mut waiting).await?;
                    progress(done);
                }
                waiting.push(row);
            }
            Entry::Command(entry) => {
                fold(into, &mut waiting).await?;
                apply(into, &entry).await?;
                progress(done);
            }
        }
    }
    fold(into, &mut waiting).await?;
    sweep::all(&mut into.writer).await?;
    flush_all(into).await?;
    let last = into.writer.head.position.request;
    let received = into.writer.received;
    into.shared.roles.ledger.skip_to(last, received).await?;
    progress(done);
    Ok(())
}

async fn apply(into: &mut Archive, entry: &rapport_core::entry::CommandEntry) -> Result<()> {
    match commands::replay(&mut into.writer, entry.clone()).await {
        Ok(_) => Ok(()),
        Err(CommandError::Flow(error)) => Err(error),
        Err(refused) => Err(Error::Store(rapport_store::Error::Damaged {
            what: format!("the command at {}", entry.position),
            detail: format!("it was applied once and is refused now: {refused}"),
        })),
    }
}

async fn fold(into: &mut Archive, waiting: &mut Vec<Arc<Row>>) -> Result<()> {
    if waiting.is_empty() {
        return Ok(());
    }
    let hash = into.writer.hash;
    let fresh = waiting.drain(..).map(|row| fresh(&hash, row)).collect();
    flow::replayed(&mut into.writer, fresh).await?;
    if into.shared.recorded().tail.bytes() >= into.shared.settings.flush_bytes {
        flush_all(into).await?;
    }
    Ok(())
}

/// A row of history as it goes into the fold: with the verdict it had.
pub(crate) fn fresh(hash: &Hash, row: Arc<Row>) -> Fresh {
    let row = Arc::unwrap_or_clone(row);
    let event = Box::new(row.event);
    match row.outcome {
        outcome @ (Outcome::Invalid(_) | Outcome::Duplicate) => Fresh::Ended(event, outcome),
        // Only what validation left out has no id: it never was an event.
        outcome @ Outcome::Filtered(_) if event.message_id.is_empty() => {
            Fresh::Ended(event, outcome)
        }
        outcome if transform::is_left_out(&outcome) || plan::is_blocked(&outcome) => {
            Fresh::Ended(event, outcome)
        }
        _ => {
            let key = hash.seen(event.source.0, &event.message_id);
            Fresh::Event(event, key)
        }
    }
}

async fn flush_all(into: &mut Archive) -> Result<()> {
    if let Some(published) = flush::write(&into.shared, &into.writer.hash).await? {
        publish(&mut into.writer, published).await?;
    }
    Ok(())
}
