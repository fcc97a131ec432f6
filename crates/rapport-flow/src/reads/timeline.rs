//! What one person did, newest first, from memory and from history.

use crate::shared::Shared;
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_store::Result;
use rapport_store::history::{Ask, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A person's accepted events, newest first.
pub(crate) async fn of(shared: &Shared, profile: &Profile, ask: &Ask) -> Result<Vec<Arc<Row>>> {
    let origins = profile.origins();
    let (files, waiting) = {
        let recorded = shared.recorded();
        (
            recorded.files.clone(),
            recorded.tail.timeline(&origins, ask),
        )
    };
    let is_theirs = |row: &Arc<Row>| {
        let origin = row.origin.expect("accepted events have an origin");
        shared.ownership().owner(origin, row.event.position) == profile.number
    };
    let mut waiting: Vec<_> = waiting.into_iter().filter(&is_theirs).collect();
    if ask.limit > 0 {
        waiting.truncate(ask.limit);
    }
    let mut kept = Vec::new();
    let mut page = ask.clone();
    loop {
        let rows = shared
            .roles
            .history
            .timeline(&files.history, &origins, &page)
            .await?;
        let full = ask.limit > 0 && rows.len() >= page.limit;
        page.before = rows.last().map(|row| (row.event.at, row.event.position));
        kept.extend(rows.into_iter().filter(&is_theirs));
        if !full || kept.len() >= ask.limit {
            break;
        }
    }
    Ok(merged(waiting, kept, ask.limit))
}

/// Accepted events of these origins behind an entry, in the one order; whose they are now is not
/// asked.
pub(crate) async fn behind(
    shared: &Shared,
    origins: &[ProfileNo],
    after: Position,
) -> Result<Vec<Arc<Row>>> {
    let ask = Ask::default();
    let (mut files, waiting) = {
        let recorded = shared.recorded();
        let files = recorded.files.history.clone();
        (files, recorded.tail.timeline(origins, &ask))
    };
    files.retain(|file| file.last > after);
    let kept = shared.roles.history.timeline(&files, origins, &ask).await?;
    let mut rows: BTreeMap<Position, Arc<Row>> = BTreeMap::new();
    for row in waiting.into_iter().chain(kept) {
        rows.insert(row.event.position, row);
    }
    Ok(rows
        .into_values()
        .filter(|row| row.event.position > after)
        .collect())
}

/// One order of both; an entry that was flushed between the two looks is in both and kept once.
fn merged(waiting: Vec<Arc<Row>>, kept: Vec<Arc<Row>>, limit: usize) -> Vec<Arc<Row>> {
    let mut seen = BTreeSet::new();
    let mut rows: Vec<_> = waiting.into_iter().chain(kept).collect();
    rows.retain(|row| seen.insert(row.event.position));
    rows.sort_by_key(|row| std::cmp::Reverse((row.event.at, row.event.position)));
    if limit > 0 {
        rows.truncate(limit);
    }
    rows
}
