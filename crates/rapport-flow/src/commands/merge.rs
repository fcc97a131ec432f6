//! A merge that a member asks for.

use super::{Outcome, Reply, effects, person};
use crate::error::CommandError;
use crate::writer::Writer;
use rapport_core::entry::{CommandEntry, Reference};
use rapport_core::fold::Fold;
use rapport_core::identity::journal::MergeCause;
use rapport_store::state::Write;
use std::sync::Arc;

/// Joins two profiles whatever the limits say.
pub(super) async fn apply(
    writer: &mut Writer,
    entry: &CommandEntry,
    left: &Reference,
    right: &Reference,
    writes: &mut Vec<Write>,
) -> Outcome {
    let cause = MergeCause::Member {
        actor: entry.actor.clone(),
        left: left.clone(),
        right: right.clone(),
    };
    let left = person(writer, left).await?;
    let right = person(writer, right).await?;
    if left == right {
        let message = format!("both are {left} already");
        return Err(CommandError::Contradicts { message });
    }
    let configuration = Arc::clone(&writer.configuration);
    let due = std::mem::take(&mut writer.due);
    let last = writer.head.position;
    let mut fold = Fold::resume(configuration.rules(), &mut writer.people, due, last);
    let survivor = fold.merge((left, right), cause, entry.position, entry.received);
    let (done, due) = fold.finish();
    writer.due = due;
    let survivor = survivor.expect("both are loaded and differ");
    let journal = writer.next_journal + done.journal.len().saturating_sub(1) as u64;
    effects(writer, &done, writes).await?;
    Ok(Reply::Merged { journal, survivor })
}
