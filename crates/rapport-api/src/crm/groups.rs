//! Groups: the headings that properties are shown under.

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
use rapport_core::crm::change::{GroupDraft, Must};
use rapport_core::crm::{PropertyGroup, TypeId};
use rapport_core::entry::Command;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Api> {
    Spelled::family("v3", "properties")
        .at("/{type}/groups", get(all).post(make))
        .at(
            "/{type}/groups/{group}",
            get(one).patch(change).delete(archive),
        )
        .routes()
}

fn shown(group: &PropertyGroup) -> Value {
    json!({
        "name": group.name,
        "label": group.label,
        "displayOrder": group.display_order,
        "archived": group.archived,
    })
}

async fn all(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let mut groups: Vec<_> = object
        .groups
        .values()
        .filter(|group| !group.archived)
        .collect();
    groups.sort_by_key(|group| (group.display_order < 0, group.display_order));
    Ok(paging::whole(groups.into_iter().map(shown).collect()))
}

async fn one(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    find(&api, &asked, asked.at("group")).map(Json)
}

fn find(api: &Api, asked: &Asked, name: &str) -> Result<Value, Fault> {
    let definitions = reading::definitions(api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let group = object.groups.get(name).filter(|group| !group.archived);
    group.map(shown).ok_or_else(|| {
        Fault::missing(format!("There is no property group `{name}`.")).about("name", name)
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Draft {
    name: String,
    label: Option<String>,
    display_order: Option<i32>,
}

async fn make(
    State(api): State<Api>,
    asked: Asked,
    Body(draft): Body<Draft>,
) -> Result<(StatusCode, Json<Value>), Fault> {
    let made = put(&api, &asked, draft, Must::BeNew).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn change(
    State(api): State<Api>,
    asked: Asked,
    Body(mut draft): Body<Draft>,
) -> Result<Json<Value>, Fault> {
    draft.name = asked.at("group").to_owned();
    put(&api, &asked, draft, Must::Exist).await.map(Json)
}

async fn put(api: &Api, asked: &Asked, draft: Draft, must: Must) -> Result<Value, Fault> {
    let object = object(api, asked)?;
    let name = draft.name.clone();
    let draft = GroupDraft {
        name: draft.name.into(),
        label: draft.label.map(Into::into),
        display_order: draft.display_order,
    };
    let command = Command::PutPropertyGroup {
        object,
        must,
        draft,
    };
    define(api, &asked.caller, command).await?;
    find(api, asked, &name)
}

fn object(api: &Api, asked: &Asked) -> Result<TypeId, Fault> {
    let definitions = reading::definitions(api);
    Ok(reading::object(&definitions, asked.at("type"))?.id())
}

async fn archive(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    let object = object(&api, &asked)?;
    let name = asked.at("group").into();
    define(
        &api,
        &asked.caller,
        Command::ArchivePropertyGroup { object, name },
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
