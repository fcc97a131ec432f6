//! What a source sent last, as it came: to see what an SDK really does.

use crate::rows;
use crate::shared::Shared;
use rapport_core::event::{Request, SourceNo};
use rapport_core::time::Millis;
use rapport_store::state::Table;
use rapport_store::{Error, Result};

/// Requests looked at in one go.
const WINDOW: u64 = 256;
/// Requests looked at in all.
const WINDOWS: u64 = 32;
/// Bodies read in one go, in bytes.
const BYTES: usize = 4 << 20;

/// The newest requests of a source that the ledger still has, newest first. Only the last few
/// thousand requests of all sources are looked at.
pub(crate) async fn newest(
    shared: &Shared,
    source: SourceNo,
    limit: usize,
) -> Result<Vec<Request>> {
    let (last, _) = shared.roles.ledger.last().await?;
    let mut found = Vec::new();
    let mut end = last;
    for _ in 0..WINDOWS {
        if end == 0 || found.len() >= limit {
            break;
        }
        let begin = end.saturating_sub(WINDOW);
        let mut own = between(shared, begin, end, source).await?;
        own.reverse();
        found.extend(own);
        end = begin;
    }
    found.truncate(limit);
    Ok(found)
}

async fn between(shared: &Shared, begin: u64, end: u64, source: SourceNo) -> Result<Vec<Request>> {
    let mut own = Vec::new();
    let mut after = begin;
    while after < end {
        let read = shared.roles.ledger.read(after, BYTES).await?;
        let Some(last) = read.last() else { break };
        after = last.number;
        let is_wanted = |request: &Request| {
            request.origin.source == source && request.number > begin && request.number <= end
        };
        own.extend(read.into_iter().filter(is_wanted));
    }
    Ok(own)
}

/// When a source was last heard of.
pub(crate) async fn last_received(shared: &Shared, source: SourceNo) -> Result<Option<Millis>> {
    let key = rows::received_key(source);
    let row = shared
        .roles
        .state
        .load(Table::Series, &[key])
        .await?
        .remove(0);
    let Some(row) = row else { return Ok(None) };
    let moment = row.as_slice().try_into().map(i64::from_be_bytes);
    let damaged = |_| Error::Damaged {
        what: format!("when source {} was last heard of", source.0),
        detail: format!("{} bytes", row.len()),
    };
    moment.map(|ms| Some(Millis(ms))).map_err(damaged)
}
