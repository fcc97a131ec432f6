//! Compact: rewrites many small files of history and runs of seen ids into fewer.

use super::{Published, publish};
use crate::error::Result;
use crate::shared::{Files, Shared};
use crate::writer::WriterOrder;
use rapport_core::time::Millis;
use rapport_store::history::File;
use rapport_store::seen::Run;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::mpsc;

/// Files of one level that are rewritten together.
const FANOUT: usize = 8;
/// The highest level.
const LEVEL_MAX: u8 = 2;
/// A file with this many bytes or rows is left as it is: half of what an engine puts into one, so
/// that rewriting always leaves fewer.
const FILE_BYTES_MAX: u64 = 128 << 20;
const FILE_ROWS_MAX: u64 = 2 << 20;
/// How long a reader may still be reading replaced files.
const GRACE: Duration = Duration::from_secs(30);

/// Whether there is anything to rewrite.
pub(crate) fn is_due(files: &Files) -> bool {
    crowded_level(files).is_some() || crowded_runs(files).is_some()
}

/// Rewrites one group of each.
pub(crate) async fn run(shared: &Arc<Shared>, orders: &mpsc::Sender<WriterOrder>) -> Result<()> {
    let files = shared.files();
    let mut published = Published::default();
    if let Some((level, group)) = crowded_level(&files) {
        let ownership = shared.ownership().clone();
        let next = (level + 1).min(LEVEL_MAX);
        published.history = shared
            .roles
            .history
            .compact(&group, &ownership, next)
            .await?;
        published.replaced_history = group.into_iter().map(|file| file.name).collect();
    }
    if let Some(group) = crowded_runs(&files) {
        let oldest = shared.window_begins().unwrap_or(Millis(i64::MIN));
        let leaves_out = group.iter().any(|run| run.received.0 < oldest);
        published.forgotten = leaves_out.then_some(oldest);
        published.runs = vec![shared.roles.seen.merge(&group, oldest).await?];
        published.replaced_runs = group.into_iter().map(|run| run.name).collect();
    }
    let (history, runs) = (
        published.replaced_history.clone(),
        published.replaced_runs.clone(),
    );
    publish(orders, published).await?;
    shared.stats.compactions.fetch_add(1, Ordering::Relaxed);
    tokio::spawn(remove_later(Arc::downgrade(shared), history, runs));
    Ok(())
}

/// Removes replaced files once no reader can be reading them. What is not removed, because the
/// process ended or the disk refused, is swept at the next start.
async fn remove_later(shared: Weak<Shared>, history: Vec<String>, runs: Vec<String>) {
    loop {
        tokio::time::sleep(GRACE).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        if shared.is_held() {
            continue;
        }
        let removed = shared.roles.history.remove(&history).await;
        let removed = removed.and(shared.roles.seen.remove(&runs).await);
        if let Err(error) = removed {
            tracing::warn!(%error, "replaced files stay until the next start");
        }
        return;
    }
}

fn crowded_level(files: &Files) -> Option<(u8, Vec<File>)> {
    (0..=LEVEL_MAX).find_map(|level| {
        let of_level = |file: &&File| {
            file.level == level && file.bytes < FILE_BYTES_MAX && file.rows < FILE_ROWS_MAX
        };
        let group: Vec<File> = files
            .history
            .iter()
            .filter(of_level)
            .take(FANOUT * 2)
            .cloned()
            .collect();
        (group.len() >= FANOUT).then_some((level, group))
    })
}

/// Runs of about the same size, so that every id is rewritten only a few times.
fn crowded_runs(files: &Files) -> Option<Vec<Run>> {
    let tier = |run: &Run| run.ids.max(1).ilog(FANOUT as u64);
    (0..=12).find_map(|wanted| {
        let group: Vec<Run> = files
            .runs
            .iter()
            .filter(|run| tier(run) == wanted)
            .cloned()
            .collect();
        (group.len() >= FANOUT).then_some(group)
    })
}
