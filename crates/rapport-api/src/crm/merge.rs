//! One record of two, and what is not there yet: a person gone for good.

use super::asked::Asked;
use super::body::{Body, Text};
use super::fault::Fault;
use super::reading;
use super::record::{self, Columns};
use super::spelling::Spelled;
use crate::Api;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_core::member::{Access, Action};
use rapport_flow::commands::Reply;
use serde::Deserialize;
use serde_json::Value;

pub(super) fn routes() -> Router<Api> {
    Spelled::family("v3", "objects")
        .at("/{type}/merge", post(merge))
        .at("/{type}/gdpr-delete", post(forget))
        .at("/{type}/batch/gdpr-delete", post(forget))
        .routes()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Both {
    primary_object_id: Text,
    object_id_to_merge: Text,
}

async fn merge(
    State(api): State<Api>,
    asked: Asked,
    Body(both): Body<Both>,
) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let primary = reading::number(object, &both.primary_object_id.0)?;
    let absorbed = reading::number(object, &both.object_id_to_merge.0)?;
    let reach = reading::reach(&api, &asked.caller, object, Access::Write)?;
    let both = [primary, absorbed];
    let seen = reach.among(Action::View, &both).await?;
    if let Some(hidden) = both.iter().find(|number| !seen.contains(number)) {
        return Err(reading::missing(object, &hidden.to_string()));
    }
    if reach.among(Action::Merge, &both).await?.len() < seen.len() {
        let message = format!(
            "Your role does not let you merge these {}.",
            object.head.plural
        );
        return Err(Fault::forbidden(message));
    }
    let command = Command::MergeRecords {
        object: object.id(),
        primary,
        absorbed,
    };
    let kept = match api
        .rapport
        .command(&asked.caller.actor, command)
        .await?
        .reply
    {
        Reply::MergedRecords { survivor } => survivor,
        _ => primary,
    };
    let found = api.rapport.records(object.id(), &[kept]).await?;
    let mut found = found
        .into_iter()
        .flatten()
        .next()
        .ok_or_else(Fault::internal)?;
    reach.veil(&mut found);
    let columns = Columns::written(object, &found, std::iter::empty());
    Ok(Json(Value::Object(record::shown(&found, &columns))))
}

async fn forget(_: Asked) -> Fault {
    Fault::not_yet(
        "Erasing a person for good is not there yet, and nothing was deleted. Archive the record \
         to take it out of sight.",
    )
}
