//! Freezing a segment: who is in it now is remembered in the transaction of the entry; a job puts
//! them on the list.

use super::{Outcome, Reply};
use crate::error::CommandError;
use crate::rows;
use crate::writer::Writer;
use rapport_core::entry::CommandEntry;
use rapport_core::segment::list;
use rapport_core::segment::membership::SegmentNo;
use rapport_core::segment::registry::Build;
use rapport_store::state::{Order, Page, Table, Write};
use std::sync::atomic::Ordering;

/// Chunks of the member list read in one go.
const CHUNKS: usize = 256;

/// Copies the segment's member list.
pub(super) async fn apply(
    writer: &mut Writer,
    entry: &CommandEntry,
    segment: &str,
    list: &str,
    writes: &mut Vec<Write>,
) -> Outcome {
    let registry = &writer.configuration.registry;
    let missing = |what: &str, key: &str| CommandError::NotFound {
        what: format!("{what} {key}"),
    };
    let from = registry
        .get(segment)
        .ok_or_else(|| missing("segment", segment))?;
    let onto = registry.get(list).ok_or_else(|| missing("list", list))?;
    if list::name(&onto.rule).is_none() {
        return Err(CommandError::Contradicts {
            message: format!("{list} is a segment with a rule, and no list"),
        });
    }
    if from.no == onto.no {
        return Err(CommandError::Contradicts {
            message: format!("{list} is the list itself"),
        });
    }
    if from.build != Build::Complete {
        return Err(CommandError::Contradicts {
            message: format!("{segment} is being built: freeze it when it is live"),
        });
    }
    let (from, onto) = (from.no, onto.no);
    let mut chunk = 0;
    loop {
        let page = Page {
            table: Table::Members,
            from: rows::members_key(from, chunk),
            to: Some(rows::members_key(SegmentNo(from.0 + 1), 0)),
            limit: CHUNKS,
            order: Order::Ascending,
        };
        let some = writer.shared.roles.state.scan(page).await?;
        let is_last = some.len() < CHUNKS;
        for (key, members) in some {
            chunk = u32::from_be_bytes(key[4..8].try_into().expect("a member list's key"));
            writes.push(Write {
                table: Table::Frozen,
                key: rows::frozen_key(entry.position, onto, chunk),
                value: Some(members),
            });
        }
        if is_last {
            break;
        }
        chunk += 1;
    }
    writer.shared.unlisted.store(true, Ordering::Release);
    Ok(Reply::Done)
}
