//! Retain: forgets rejected events and violations of plans that are too old or too many, and ids
//! outside the window.

use super::{Published, publish};
use crate::error::{Error, Result};
use crate::rejected::Rejected;
use crate::rows;
use crate::shared::Shared;
use crate::violations::Broken;
use crate::writer::WriterOrder;
use rapport_core::time::{HOUR_MS, Millis};
use rapport_store::state::{Key, Order, Page, Table};
use std::sync::atomic::Ordering;
use tokio::sync::{mpsc, oneshot};

/// Rows read at once.
const PAGE: usize = 500;
/// Rows counted at once.
const COUNTED: usize = 5_000;

/// How often it looks, in milliseconds.
const EVERY_MS: i64 = 60_000;

/// Whether it is time to look again.
pub(crate) fn is_due(shared: &Shared) -> bool {
    let now = shared.clock.now().0;
    now.saturating_sub(shared.retained_ms.load(Ordering::Relaxed)) >= EVERY_MS
}

/// Whether it is another hour than when it looked last.
fn is_new_hour(shared: &Shared) -> bool {
    let last = shared.retained_ms.load(Ordering::Relaxed);
    last.div_euclid(HOUR_MS) != shared.clock.now().0.div_euclid(HOUR_MS)
}

/// Forgets what is not to be kept any longer.
pub(crate) async fn run(shared: &Shared, orders: &mpsc::Sender<WriterOrder>) -> Result<()> {
    rejected(shared, orders).await?;
    violations(shared, orders).await?;
    runs(shared, orders).await?;
    if is_new_hour(shared) {
        super::retain_changes::run(shared, orders).await?;
        super::retain_bulks::run(shared, orders).await?;
    }
    // Behind the work: what failed is tried again soon, and not in a minute.
    shared
        .retained_ms
        .store(shared.clock.now().0, Ordering::Relaxed);
    Ok(())
}

async fn rejected(shared: &Shared, orders: &mpsc::Sender<WriterOrder>) -> Result<()> {
    let oldest = shared.clock.now().plus(-shared.settings.rejected_keep_ms);
    let mut room = shared.settings.rejected_bytes;
    let mut keys = Vec::new();
    let mut before: Option<Key> = None;
    loop {
        let page = Page {
            table: Table::Rejected,
            from: Key::default(),
            to: before.take(),
            limit: PAGE,
            order: Order::Descending,
        };
        let rows = shared.roles.state.scan(page).await?;
        let is_last = rows.len() < PAGE;
        for (key, row) in rows {
            let size = row.len() as u64;
            let kept: Rejected = rows::unpack(Table::Rejected, &row)?;
            before = Some(key.clone());
            if kept.received < oldest || size > room {
                room = 0;
                keys.push(key);
            } else {
                room -= size;
            }
        }
        if is_last {
            break;
        }
    }
    forget(orders, Table::Rejected, keys).await
}

/// Keeps the newest violations, as long as rejected events.
async fn violations(shared: &Shared, orders: &mpsc::Sender<WriterOrder>) -> Result<()> {
    let oldest = shared.clock.now().plus(-shared.settings.rejected_keep_ms);
    let state = &shared.roles.state;
    let end = newest_but(shared, shared.settings.violations_kept).await?;
    loop {
        let page = Page {
            table: Table::Violation,
            from: Key::default(),
            to: None,
            limit: PAGE,
            order: Order::Ascending,
        };
        let mut keys = Vec::new();
        for (key, row) in state.scan(page).await? {
            let broken: Broken = rows::unpack(Table::Violation, &row)?;
            if broken.received < oldest || end.as_ref().is_some_and(|end| key <= *end) {
                keys.push(key);
            }
        }
        // Keys go up, and so does what was received: behind the first that stays, all stay.
        let is_last = keys.len() < PAGE;
        forget(orders, Table::Violation, keys).await?;
        if is_last {
            return Ok(());
        }
    }
}

/// The newest violation that is one too many, where so many are to be kept.
async fn newest_but(shared: &Shared, kept: usize) -> Result<Option<Key>> {
    let mut before: Option<Key> = None;
    let mut left = kept;
    loop {
        let page = Page {
            table: Table::Violation,
            from: Key::default(),
            to: before.take(),
            limit: COUNTED,
            order: Order::Descending,
        };
        let rows = shared.roles.state.scan(page).await?;
        if let Some((key, _)) = rows.get(left) {
            return Ok(Some(key.clone()));
        }
        left = left.saturating_sub(rows.len());
        match rows.last() {
            Some((last, _)) if rows.len() == COUNTED => before = Some(last.clone()),
            _ => return Ok(None),
        }
    }
}

/// Has the writer remove keys.
pub(super) async fn forget(
    orders: &mpsc::Sender<WriterOrder>,
    table: Table,
    keys: Vec<Key>,
) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let (reply, answer) = oneshot::channel();
    let order = WriterOrder::Forget { table, keys, reply };
    orders.send(order).await.map_err(|_| Error::Stopping)?;
    answer.await.map_err(|_| Error::Stopping)?
}

async fn runs(shared: &Shared, orders: &mpsc::Sender<WriterOrder>) -> Result<()> {
    let files = shared.files();
    let oldest = shared.window_begins().unwrap_or(Millis(i64::MIN));
    let mut bytes: u64 = files.runs.iter().map(|run| run.bytes).sum();
    let mut replaced_runs = Vec::new();
    let mut forgotten = None;
    for run in &files.runs {
        if run.received.1 < oldest || bytes > shared.settings.dedup_disk_bytes {
            bytes -= run.bytes;
            forgotten = forgotten.max(Some(run.received.1.plus(1)));
            replaced_runs.push(run.name.clone());
        }
    }
    if replaced_runs.is_empty() {
        return Ok(());
    }
    let names = replaced_runs.clone();
    publish(
        orders,
        Published {
            replaced_runs,
            forgotten,
            ..Published::default()
        },
    )
    .await?;
    if !shared.is_held() {
        shared.roles.seen.remove(&names).await?;
    }
    Ok(())
}
