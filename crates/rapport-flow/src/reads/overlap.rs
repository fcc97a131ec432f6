//! How many people are in two segments, in one of them, in the other: counted from their member
//! lists, a few chunks at a time.

use crate::rows::{self, CHUNK};
use crate::shared::Shared;
use crate::writer::{bitmap, next_profile};
use rapport_core::segment::membership::SegmentNo;
use rapport_store::Result;
use rapport_store::state::Table;

/// Chunks of each list read in one go, from one snapshot: a million people.
const CHUNKS: u32 = 64;

/// How two segments overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlap {
    /// Members of both.
    pub both: u64,
    /// Members of the first only.
    pub only_left: u64,
    /// Members of the second only.
    pub only_right: u64,
}

/// Counts them.
pub(crate) async fn of(shared: &Shared, left: SegmentNo, right: SegmentNo) -> Result<Overlap> {
    let state = &shared.roles.state;
    let last = next_profile(&**state).await?.0 / CHUNK;
    let last = u32::try_from(last).unwrap_or(u32::MAX);
    let mut overlap = Overlap::default();
    let mut first = 0;
    while first <= last {
        let chunks = first..first.saturating_add(CHUNKS).min(last.saturating_add(1));
        let key = |chunk| [left, right].map(|segment| rows::members_key(segment, chunk));
        let keys: Vec<_> = chunks.clone().flat_map(key).collect();
        let values = state.load(Table::Members, &keys).await?;
        for pair in values.chunks_exact(2) {
            let [left, right] = [bitmap(pair[0].as_deref())?, bitmap(pair[1].as_deref())?];
            let both = left.intersection_len(&right);
            overlap.both += both;
            overlap.only_left += left.len() - both;
            overlap.only_right += right.len() - both;
        }
        if chunks.end == u32::MAX {
            break;
        }
        first = chunks.end;
    }
    Ok(overlap)
}
