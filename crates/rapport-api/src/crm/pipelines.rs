//! Pipelines: the stages that deals, tickets, leads and orders go through.

use super::account::PORTAL;
use super::asked::Asked;
use super::body::Body;
use super::defining::define;
use super::fault::Fault;
use super::spelling::Spelled;
use super::{paging, reading};
use crate::Api;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::crm::change::{Definition, Must};
use rapport_core::crm::{Pipeline, Stage, TypeId};
use rapport_core::entry::Command;
use rapport_core::time::Millis;
use serde_json::{Value, json};

mod draft;
mod stages;

use draft::Draft;

pub(super) fn routes() -> Router<Api> {
    let pipelines = Spelled::family("v3", "pipelines")
        .at("/{type}", get(all).post(make))
        .at(
            "/{type}/{id}",
            get(one).put(replace).patch(change).delete(archive),
        )
        .at("/{type}/{id}/audit", get(audit));
    pipelines.routes().merge(stages::routes())
}

fn object(api: &Api, asked: &Asked) -> Result<TypeId, Fault> {
    let definitions = reading::definitions(api);
    Ok(reading::object(&definitions, asked.at("type"))?.id())
}

/// The pipeline that the address names.
fn find(api: &Api, asked: &Asked, id: &str) -> Result<Pipeline, Fault> {
    let definitions = reading::definitions(api);
    let object = reading::object(&definitions, asked.at("type"))?;
    object.pipeline(id).cloned().ok_or_else(|| {
        Fault::missing(format!(
            "There is no pipeline `{id}` of {}.",
            object.head.name
        ))
        .about("pipelineId", id)
    })
}

fn shown(pipeline: &Pipeline) -> Value {
    let stages = pipeline.in_use().map(shown_stage);
    json!({
        "id": pipeline.id,
        "label": pipeline.label,
        "displayOrder": pipeline.display_order,
        "stages": stages.collect::<Vec<_>>(),
        "createdAt": pipeline.created.to_string(),
        "updatedAt": pipeline.updated.to_string(),
        "archived": pipeline.archived,
    })
}

fn shown_stage(stage: &Stage) -> Value {
    json!({
        "id": stage.id,
        "label": stage.label,
        "displayOrder": stage.display_order,
        "metadata": stage.metadata,
        "createdAt": stage.created.to_string(),
        "updatedAt": stage.updated.to_string(),
        "archived": stage.archived,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    })
}

async fn all(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let pipelines = object.pipelines.values();
    let mut pipelines: Vec<_> = pipelines.filter(|pipeline| !pipeline.archived).collect();
    pipelines.sort_by_key(|pipeline| pipeline.display_order);
    Ok(paging::whole(pipelines.into_iter().map(shown).collect()))
}

async fn one(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    Ok(Json(shown(&find(&api, &asked, asked.at("id"))?)))
}

async fn make(
    State(api): State<Api>,
    asked: Asked,
    Body(draft): Body<Draft>,
) -> Result<(StatusCode, Json<Value>), Fault> {
    let made = put(&api, &asked, draft, None, Must::BeNew).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// The pipeline is as it is said here, and stages that are not said are archived. A stage that is
/// said without its id is the one with the same label.
async fn replace(
    State(api): State<Api>,
    asked: Asked,
    Body(draft): Body<Draft>,
) -> Result<Json<Value>, Fault> {
    let before = find(&api, &asked, asked.at("id"))?;
    put(&api, &asked, draft, Some(before), Must::Exist)
        .await
        .map(Json)
}

async fn change(
    State(api): State<Api>,
    asked: Asked,
    Body(mut draft): Body<Draft>,
) -> Result<Json<Value>, Fault> {
    let before = find(&api, &asked, asked.at("id"))?;
    if draft.archived == Some(true) {
        delete(&api, &asked).await?;
        let mut gone = before;
        gone.archived = true;
        return Ok(Json(shown(&gone)));
    }
    // A patch says nothing of stages.
    draft.stages = None;
    put(&api, &asked, draft, Some(before), Must::Exist)
        .await
        .map(Json)
}

async fn put(
    api: &Api,
    asked: &Asked,
    draft: Draft,
    before: Option<Pipeline>,
    must: Must,
) -> Result<Value, Fault> {
    let command = Command::PutPipeline {
        object: object(api, asked)?,
        must,
        draft: draft.read(before.as_ref())?,
    };
    let defined = define(api, &asked.caller, command).await?;
    let pipeline = defined.into_iter().find_map(|definition| match definition {
        Definition::Pipeline { pipeline, .. } => Some(pipeline),
        _ => None,
    });
    // Where nothing is another way, it is as it was.
    let pipeline = pipeline.or(before).ok_or_else(Fault::internal)?;
    Ok(shown(&pipeline))
}

async fn archive(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    find(&api, &asked, asked.at("id"))?;
    delete(&api, &asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(api: &Api, asked: &Asked) -> Result<(), Fault> {
    let unless_used = asked.flag("validateReferencesBeforeDelete")?
        || asked.flag("validateDealStageUsagesBeforeDelete")?;
    let command = Command::DeletePipeline {
        object: object(api, asked)?,
        pipeline: asked.at("id").into(),
        unless_used,
    };
    define(api, &asked.caller, command).await?;
    Ok(())
}

async fn audit(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let pipeline = find(&api, &asked, asked.at("id"))?;
    let raw = shown(&pipeline);
    Ok(paging::whole(changes(
        &pipeline.id,
        pipeline.created,
        pipeline.updated,
        &raw,
    )))
}

/// What is known of the changes of something: that it was made, and the last one; newest first.
fn changes(id: &str, created: Millis, updated: Millis, raw: &Value) -> Vec<Value> {
    let one = |action: &str, at: Millis, raw: &Value| {
        json!({
            "action": action,
            "identifier": id,
            "portalId": PORTAL,
            "timestamp": at.to_string(),
            "rawObject": raw,
        })
    };
    if updated > created {
        let made = one("CREATE", created, &Value::Null);
        return vec![one("UPDATE", updated, raw), made];
    }
    vec![one("CREATE", created, raw)]
}
