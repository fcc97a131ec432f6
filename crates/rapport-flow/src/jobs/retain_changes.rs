//! Retain, of segments: forgets who entered and left where that is too old or too much, counts of
//! hours that are too old, and everything of segments that are no more.

use super::retain::forget;
use crate::error::Result;
use crate::reads::turnover::{HOURS_KEEP_MS, behind, hours};
use crate::rows;
use crate::shared::Shared;
use crate::writer::WriterOrder;
use rapport_core::segment::membership::SegmentNo;
use rapport_core::time::{HOUR_MS, Millis};
use rapport_store::state::{Key, Order, Page, Table};
use std::collections::BTreeMap;
use tokio::sync::mpsc;

/// Keys removed in one transaction.
const PAGE: usize = 2_000;

/// Forgets what is not to be kept any longer.
pub(super) async fn run(shared: &Shared, orders: &mpsc::Sender<WriterOrder>) -> Result<()> {
    let now = shared.clock.now();
    let oldest = kept_since(shared, now.plus(-shared.settings.changes_keep_ms)).await?;
    let oldest_hour = now.plus(-HOURS_KEEP_MS).0.div_euclid(HOUR_MS);
    for (table, oldest) in [(Table::Change, oldest.0), (Table::Turnover, oldest_hour)] {
        for segment in segments(shared, table).await? {
            let lives = shared.configuration().registry.by_no(segment).is_some();
            let end = match lives {
                true => rows::segment_from_key(segment, oldest),
                false => rows::segment_from_key(SegmentNo(segment.0 + 1), i64::MIN),
            };
            let from = rows::segment_from_key(segment, i64::MIN);
            remove(shared, orders, table, from, end).await?;
        }
    }
    Ok(())
}

/// The segments that a table has something of: a look for each.
async fn segments(shared: &Shared, table: Table) -> Result<Vec<SegmentNo>> {
    let mut found = Vec::new();
    let mut from = Key::default();
    loop {
        let page = Page {
            table,
            from,
            to: None,
            limit: 1,
            order: Order::Ascending,
        };
        let first = shared.roles.state.scan(page).await?;
        let Some((segment, _)) = first.first().and_then(|(key, _)| rows::segment_from(key)) else {
            return Ok(found);
        };
        found.push(segment);
        from = rows::segment_from_key(SegmentNo(segment.0 + 1), i64::MIN);
    }
}

/// From which moment on changes may stay: `oldest`, or later where there would be too many. Each
/// hour's counts say how many rows it has at most.
async fn kept_since(shared: &Shared, oldest: Millis) -> Result<Millis> {
    let mut rows_of: BTreeMap<i64, u64> = BTreeMap::new();
    for segment in segments(shared, Table::Change).await? {
        for (hour, (entered, left)) in hours(shared, segment, oldest).await?.moved {
            *rows_of.entry(hour).or_default() += entered + left;
        }
    }
    let mut room = shared.settings.changes_max;
    for (hour, number) in rows_of.into_iter().rev() {
        if number > room {
            return Ok(Millis((hour + 1).saturating_mul(HOUR_MS)).max(oldest));
        }
        room -= number;
    }
    Ok(oldest)
}

async fn remove(
    shared: &Shared,
    orders: &mpsc::Sender<WriterOrder>,
    table: Table,
    mut from: Key,
    end: Key,
) -> Result<()> {
    loop {
        let page = Page {
            table,
            from,
            to: Some(end.clone()),
            limit: PAGE,
            order: Order::Ascending,
        };
        let some = shared.roles.state.scan(page).await?;
        let keys: Vec<Key> = some.into_iter().map(|(key, _)| key).collect();
        let Some(last) = keys.last() else {
            return Ok(());
        };
        from = behind(last);
        let is_last = keys.len() < PAGE;
        forget(orders, table, keys).await?;
        if is_last {
            return Ok(());
        }
    }
}
