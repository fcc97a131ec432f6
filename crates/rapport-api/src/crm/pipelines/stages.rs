//! Stages of a pipeline, one at a time.

use super::draft::Step;
use super::{changes, find, object, shown_stage};
use crate::Api;
use crate::crm::asked::Asked;
use crate::crm::body::Body;
use crate::crm::defining::define;
use crate::crm::fault::Fault;
use crate::crm::spelling::Spelled;
use crate::crm::{paging, reading};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::crm::Stage;
use rapport_core::crm::change::{Definition, Must};
use rapport_core::entry::Command;
use serde_json::Value;

pub(super) fn routes() -> Router<Api> {
    Spelled::family("v3", "pipelines")
        .at("/{type}/{id}/stages", get(all).post(make))
        .at(
            "/{type}/{id}/stages/{stage}",
            get(one).put(change).patch(change).delete(archive),
        )
        .at("/{type}/{id}/stages/{stage}/audit", get(audit))
        .routes()
}

async fn all(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let pipeline = find(&api, &asked, asked.at("id"))?;
    Ok(paging::whole(pipeline.in_use().map(shown_stage).collect()))
}

/// The stage that the address names.
fn stage(api: &Api, asked: &Asked) -> Result<Stage, Fault> {
    let pipeline = find(api, asked, asked.at("id"))?;
    let id = asked.at("stage");
    pipeline.stage(id).cloned().ok_or_else(|| {
        Fault::missing(format!("Pipeline `{}` has no stage `{id}`.", pipeline.id))
            .about("stageId", id)
    })
}

/// The stage in whichever pipeline has it.
fn anywhere(api: &Api, asked: &Asked) -> Option<Stage> {
    let definitions = reading::definitions(api);
    let object = reading::object(&definitions, asked.at("type")).ok()?;
    let mut pipelines = object.pipelines.values();
    pipelines.find_map(|pipeline| pipeline.stage(asked.at("stage")).cloned())
}

async fn one(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    Ok(Json(shown_stage(&stage(&api, &asked)?)))
}

async fn make(
    State(api): State<Api>,
    asked: Asked,
    Body(step): Body<Step>,
) -> Result<(StatusCode, Json<Value>), Fault> {
    let before = find(&api, &asked, asked.at("id"))?;
    let draft = step.read()?;
    let (id, label) = (draft.id.clone(), draft.label.clone());
    let command = Command::PutStage {
        object: object(&api, &asked)?,
        pipeline: before.id.clone(),
        must: Must::BeNew,
        draft,
    };
    let defined = define(&api, &asked.caller, command).await?;
    let after = defined.into_iter().find_map(|definition| match definition {
        Definition::Pipeline { pipeline, .. } => Some(pipeline),
        _ => None,
    });
    let after = after.ok_or_else(Fault::internal)?;
    let is_new = |stage: &&Stage| match &id {
        Some(id) => stage.id == *id,
        None => {
            before.stage(&stage.id).is_none()
                && label.as_ref().is_none_or(|label| *label == stage.label)
        }
    };
    let made = after
        .in_use()
        .filter(is_new)
        .max_by_key(|stage| stage.created);
    let made = made.ok_or_else(Fault::internal)?;
    Ok((StatusCode::CREATED, Json(shown_stage(made))))
}

async fn change(
    State(api): State<Api>,
    asked: Asked,
    Body(step): Body<Step>,
) -> Result<Json<Value>, Fault> {
    let before = stage(&api, &asked)?;
    if step.archived == Some(true) {
        delete(&api, &asked).await?;
        let mut gone = before;
        gone.archived = true;
        return Ok(Json(shown_stage(&gone)));
    }
    let mut draft = step.read()?;
    draft.id = Some(before.id);
    let command = Command::PutStage {
        object: object(&api, &asked)?,
        pipeline: asked.at("id").into(),
        must: Must::Exist,
        draft,
    };
    define(&api, &asked.caller, command).await?;
    Ok(Json(shown_stage(&stage(&api, &asked)?)))
}

async fn archive(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    stage(&api, &asked)?;
    delete(&api, &asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(api: &Api, asked: &Asked) -> Result<(), Fault> {
    let command = Command::DeleteStage {
        object: object(api, asked)?,
        pipeline: asked.at("id").into(),
        stage: asked.at("stage").into(),
        unless_used: asked.flag("validateReferencesBeforeDelete")?,
    };
    define(api, &asked.caller, command).await?;
    Ok(())
}

async fn audit(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    // HubSpot's client for Python sends `{pipelineId}` as it stands, and only the stage.
    let stage = stage(&api, &asked).or_else(|missing| anywhere(&api, &asked).ok_or(missing))?;
    let raw = shown_stage(&stage);
    Ok(paging::whole(changes(
        &stage.id,
        stage.created,
        stage.updated,
        &raw,
    )))
}
