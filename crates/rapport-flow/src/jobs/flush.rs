//! Flush: moves folded entries from memory to files of history and of seen ids.

use super::{Published, publish};
use crate::discovery;
use crate::error::{Error, Result};
use crate::rows::Hash;
use crate::shared::Shared;
use crate::writer::{Writer, WriterOrder};
use rapport_core::outcome::Outcome;
use rapport_core::time::Millis;
use rapport_store::history::Entry;
use rapport_store::seen::SeenKey;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long stopping may take because of what is not flushed yet.
pub(crate) const LAST_MAX: Duration = Duration::from_secs(10);

/// Whether enough, or something old enough, waits.
pub(crate) fn is_due(shared: &Shared) -> bool {
    let recorded = shared.recorded();
    let Some(oldest) = recorded.tail.oldest() else {
        return false;
    };
    let age_ms = shared.clock.now().since(oldest);
    recorded.tail.bytes() >= shared.settings.flush_bytes || age_ms >= shared.settings.flush_age_ms
}

/// Writes everything that waits, has it listed, and lets the ledger forget it in time.
pub(crate) async fn run(
    shared: &Shared,
    orders: &mpsc::Sender<WriterOrder>,
    hash: &Hash,
) -> Result<()> {
    let Some(published) = write(shared, hash).await? else {
        return Ok(());
    };
    let through = published.flushed.unwrap_or_default();
    publish(orders, published).await?;
    shared.stats.flushes.fetch_add(1, Ordering::Relaxed);
    if !shared.is_held() {
        let before = shared.clock.now().plus(-shared.settings.ledger_keep_ms);
        shared.roles.ledger.forget(through.request, before).await?;
    }
    Ok(())
}

/// The last thing a writer does that is asked to stop: everything that waits goes to files, so
/// that the next start reads nothing back from the ledger. What is not done in time, or fails,
/// stays where it is safe already.
pub(crate) async fn last(writer: &mut Writer, until: Instant) {
    let shared = Arc::clone(&writer.shared);
    let hash = writer.hash;
    let left = until.saturating_duration_since(Instant::now());
    let written = tokio::time::timeout(left, write(&shared, &hash)).await;
    let published = match written {
        Ok(Ok(None)) => return,
        Ok(Ok(Some(published))) => {
            let listed = crate::writer::publish(writer, published).await;
            listed.map_err(Error::Store)
        }
        Ok(Err(error)) => Err(error),
        Err(_) => return tracing::warn!("stopping does not wait for the last flush any longer"),
    };
    match published {
        Ok(()) => drop(shared.stats.flushes.fetch_add(1, Ordering::Relaxed)),
        Err(error) => tracing::warn!(%error, "the last flush failed: the next start reads more"),
    }
}

/// Writes everything that waits, to be listed.
pub(crate) async fn write(shared: &Shared, hash: &Hash) -> Result<Option<Published>> {
    let entries = shared.recorded().tail.entries().to_vec();
    let Some(last) = entries.last() else {
        return Ok(None);
    };
    let flushed = Some(last.position());
    let ids = accepted(&entries, hash);
    let discovered = discovery::look(&entries);
    let history = shared.roles.history.write(entries).await?;
    let runs = match ids.is_empty() {
        true => Vec::new(),
        false => vec![shared.roles.seen.write(ids.clone()).await?],
    };
    Ok(Some(Published {
        history,
        runs,
        flushed,
        ids,
        discovered,
        ..Published::default()
    }))
}

fn accepted(entries: &[Entry], hash: &Hash) -> Vec<(SeenKey, Millis)> {
    let id = |entry: &Entry| match entry {
        Entry::Event(row) if row.outcome == Outcome::Accepted => {
            let event = &row.event;
            Some((hash.seen(event.source.0, &event.message_id), event.received))
        }
        _ => None,
    };
    entries.iter().filter_map(id).collect()
}
