//! Who is in a segment, by profile number.

use crate::rows::{self, CHUNK};
use crate::shared::Shared;
use crate::writer::bitmap;
use rapport_core::identity::ProfileNo;
use rapport_core::segment::membership::SegmentNo;
use rapport_store::Result;
use rapport_store::state::{Order, Page, Table};

/// Chunks read in one go.
const CHUNKS: usize = 64;

/// Members' numbers above `after`, ascending.
pub(crate) async fn numbers(
    shared: &Shared,
    segment: SegmentNo,
    after: Option<ProfileNo>,
    limit: usize,
) -> Result<Vec<ProfileNo>> {
    let first = after.map_or(0, |after| after.0.saturating_add(1));
    let mut chunk = u32::try_from(first / CHUNK).unwrap_or(u32::MAX);
    let mut found = Vec::new();
    loop {
        let page = Page {
            table: Table::Members,
            from: rows::members_key(segment, chunk),
            to: Some(rows::members_key(SegmentNo(segment.0 + 1), 0)),
            limit: CHUNKS,
            order: Order::Ascending,
        };
        let read = shared.roles.state.scan(page).await?;
        for (key, value) in &read {
            chunk = u32::from_be_bytes(key[4..8].try_into().expect("a member list's key"));
            let base = u64::from(chunk) * CHUNK;
            let members = bitmap(Some(value))?;
            let inside = members.iter().map(|place| base + u64::from(place));
            found.extend(inside.filter(|number| *number >= first).map(ProfileNo));
        }
        if read.len() < CHUNKS || found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
        chunk += 1;
    }
}
