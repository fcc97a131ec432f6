//! Commands about records: what is done to them, how they belong together, and what is defined of
//! them. An input of a batch is done or refused by itself; a replay does and refuses the same.

use super::Outcome;
use crate::writer::Writer;
use rapport_core::entry::{Command, CommandEntry};
use rapport_store::state::Write;

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
        definition => define::apply(writer, entry, definition, writes).await,
    }
}
