//! Inputs as commands: a request's records are written by one entry, and each input fares by itself.

use super::associations::Together;
use super::body::Values;
use super::fault::Fault;
use super::gate::Caller;
use super::{reading, refusal};
use crate::Api;
use rapport_core::crm::{ObjectType, RecordInput, RecordReference, Refused, Verb, Written};
use rapport_core::entry::Command;
use rapport_core::member::Access;
use rapport_flow::commands::Reply;

/// A record to be made.
#[derive(Debug)]
pub(super) struct New {
    /// Its values.
    pub(super) properties: Values,
    /// What it is to be linked to.
    pub(super) associations: Vec<Together>,
}

impl New {
    /// The input that makes it.
    pub(super) fn input(self) -> Result<RecordInput, Fault> {
        let mut input = input(RecordReference::Create, self.properties);
        let links = self.associations.into_iter().map(Together::link);
        input.associations = links.collect::<Result<_, _>>()?;
        Ok(input)
    }
}

/// The input that writes values to a record.
pub(super) fn input(reference: RecordReference, properties: Values) -> RecordInput {
    let pairs = properties.0.into_iter();
    RecordInput {
        reference,
        upsert: false,
        verb: Verb::Write,
        properties: pairs
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        associations: Vec::new(),
    }
}

/// Writes one record.
pub(super) async fn one(
    api: &Api,
    caller: &Caller,
    object: &ObjectType,
    input: RecordInput,
) -> Result<Written, Fault> {
    let mut fates = all(api, caller, object, vec![input]).await?;
    let fate = fates
        .pop()
        .ok_or_else(|| Fault::invalid("Nothing was written."))?;
    fate.map_err(|refused| refusal::fault(object, &refused))
}

/// Writes records, each of which may be refused.
pub(super) async fn all(
    api: &Api,
    caller: &Caller,
    object: &ObjectType,
    inputs: Vec<RecordInput>,
) -> Result<Vec<Result<Written, Refused>>, Fault> {
    if inputs.is_empty() {
        return Ok(Vec::new());
    }
    let reach = reading::reach(api, caller, object, Access::Write)?;
    let mut refused = reach.writes(&inputs).await?;
    let pairs = inputs.into_iter().zip(&refused);
    let allowed: Vec<_> = pairs
        .filter(|(_, refused)| refused.is_none())
        .map(|(input, _)| input)
        .collect();
    let mut done = written(api, caller, object, allowed).await?.into_iter();
    let fates = refused.drain(..).map(|refused| match refused {
        Some(refused) => Some(Err(refused)),
        None => done.next(),
    });
    let fates = fates.collect::<Option<Vec<_>>>();
    let fates = fates.ok_or_else(Fault::internal)?;
    Ok(reach.veiled(fates).await?)
}

async fn written(
    api: &Api,
    caller: &Caller,
    object: &ObjectType,
    inputs: Vec<RecordInput>,
) -> Result<Vec<Result<Written, Refused>>, Fault> {
    if inputs.is_empty() {
        return Ok(Vec::new());
    }
    let command = Command::Records {
        object: object.id(),
        inputs,
    };
    match api.rapport.command(&caller.actor, command).await?.reply {
        Reply::Records(fates) => Ok(fates),
        other => {
            tracing::error!(
                ?other,
                "records were written and something else was replied"
            );
            Err(Fault::internal())
        }
    }
}
