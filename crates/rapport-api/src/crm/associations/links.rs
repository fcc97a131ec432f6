//! Links as commands: one entry for all of a request, each input by itself.

use crate::Api;
use crate::crm::fault::Fault;
use crate::crm::gate::Caller;
use crate::rights::records::links;
use axum::http::StatusCode;
use rapport_core::crm::{LinkInput, Refused};
use rapport_core::entry::Command;
use rapport_flow::commands::{Linked, Reply};

/// What became of the inputs, in their order.
type Fates = Vec<Result<Linked, Refused>>;

/// Makes links.
pub(in crate::crm) async fn associate(
    api: &Api,
    caller: &Caller,
    inputs: Vec<LinkInput>,
) -> Result<Fates, Fault> {
    apply(api, caller, inputs, |inputs| Command::Associate { inputs }).await
}

/// Takes links away. What is not there, or no record's, is away already.
pub(in crate::crm) async fn disassociate(
    api: &Api,
    caller: &Caller,
    inputs: Vec<LinkInput>,
    fault: impl Fn(&Refused) -> Fault,
) -> Result<StatusCode, Fault> {
    let fates = apply(api, caller, inputs, |inputs| Command::Disassociate {
        inputs,
    })
    .await?;
    for fate in fates {
        match fate {
            Ok(_) | Err(Refused::NotFound { .. }) => {}
            Err(refused) => return Err(fault(&refused)),
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn apply(
    api: &Api,
    caller: &Caller,
    inputs: Vec<LinkInput>,
    command: impl FnOnce(Vec<LinkInput>) -> Command,
) -> Result<Fates, Fault> {
    if inputs.is_empty() {
        return Ok(Vec::new());
    }
    let definitions = api.rapport.definitions();
    let refused = links(api, &caller.who, &definitions, &inputs).await?;
    let pairs = inputs.into_iter().zip(&refused);
    let allowed: Vec<_> = pairs
        .filter(|(_, refused)| refused.is_none())
        .map(|(input, _)| input)
        .collect();
    let done = match allowed.is_empty() {
        true => Vec::new(),
        false => match api
            .rapport
            .command(&caller.actor, command(allowed))
            .await?
            .reply
        {
            Reply::Links(fates) => fates,
            other => {
                tracing::error!(?other, "links were changed and something else was replied");
                return Err(Fault::internal());
            }
        },
    };
    let mut done = done.into_iter();
    let fates = refused.into_iter().map(|refused| match refused {
        Some(refused) => Some(Err(refused)),
        None => done.next(),
    });
    fates
        .collect::<Option<Vec<_>>>()
        .ok_or_else(Fault::internal)
}
