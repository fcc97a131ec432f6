//! Definitions as commands: what is another way afterwards is replied whole.

use super::fault::Fault;
use super::gate::Caller;
use crate::Api;
use rapport_core::crm::change::Definition;
use rapport_core::entry::Command;
use rapport_flow::commands::Reply;

/// Changes what is defined.
pub(super) async fn define(
    api: &Api,
    caller: &Caller,
    command: Command,
) -> Result<Vec<Definition>, Fault> {
    match api.rapport.command(&caller.actor, command).await?.reply {
        Reply::Defined(definitions) => Ok(definitions),
        _ => Ok(Vec::new()),
    }
}
