//! Commands about records: what is done to them, how they belong together, and what is defined of
//! them. An input of a batch is done or refused by itself; a replay does and refuses the same.

use super::Outcome;
use crate::writer::Writer;
use rapport_core::entry::{Command, CommandEntry};
use rapport_store::state::Write;

mod bulk;
mod contacts;
mod define;
mod link;
mod merge;
mod records;
mod resolve;

/// Whether a command is one of these.
pub(super) fn is_about_records(command: &Command) -> bool {
    matches!(
        command,
        Command::Records { .. }
            | Command::MergeRecords { .. }
            | Command::Associate { .. }
            | Command::Disassociate { .. }
            | Command::StartBulk(_)
            | Command::StepBulk(_)
            | Command::StopBulk(..)
            | Command::ForgetBulk(_)
    ) || define::is_definition(command)
}

/// Applies it.
pub(super) async fn apply(
    writer: &mut Writer,
    entry: &CommandEntry,
    writes: &mut Vec<Write>,
) -> Outcome {
    match &entry.command {
        Command::Records { object, inputs } => {
            records::apply(writer, entry, *object, inputs, writes).await
        }
        Command::MergeRecords {
            object,
            primary,
            absorbed,
        } => merge::apply(writer, entry, (*object, *primary, *absorbed), writes).await,
        Command::Associate { inputs } => {
            link::apply(writer, entry, inputs, link::Way::Together, writes).await
        }
        Command::Disassociate { inputs } => {
            link::apply(writer, entry, inputs, link::Way::Apart, writes).await
        }
        Command::StartBulk(draft) => bulk::start(writer, entry, draft, writes).await,
        Command::StepBulk(step) => bulk::step(writer, entry, step, writes).await,
        Command::StopBulk(stop) => bulk::stop(writer, entry, stop, writes).await,
        Command::ForgetBulk(one) => bulk::forget(writer, entry, one.bulk, writes).await,
        definition => define::apply(writer, entry, definition, writes).await,
    }
}
