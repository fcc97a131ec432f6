//! Properties: what is kept of the records of a type.

use super::asked::Asked;
use super::batch::Batch;
use super::body::{Body, Inputs};
use super::defining::define;
use super::fault::Fault;
use super::spelling::Spelled;
use super::{paging, reading};
use crate::Api;
use crate::rights::records::Fields;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::crm::change::Must;
use rapport_core::crm::{ObjectType, TypeId};
use rapport_core::entry::Command;
use serde::Deserialize;
use serde_json::Value;

pub(super) use draft::Draft;
pub(super) use shown::shown;

mod draft;
mod shown;

/// Most properties of a batch.
const INPUTS_MAX: usize = 100;

pub(super) fn routes() -> Router<Api> {
    Spelled::family("v3", "properties")
        .at("/{type}", get(all).post(make))
        .at("/{type}/{name}", get(one).patch(change).delete(archive))
        .at("/{type}/batch/read", post(read_many))
        .at("/{type}/batch/create", post(make_many))
        .at("/{type}/batch/archive", post(archive_many))
        .routes()
}

fn object(api: &Api, asked: &Asked) -> Result<TypeId, Fault> {
    let definitions = reading::definitions(api);
    Ok(reading::object(&definitions, asked.at("type"))?.id())
}

async fn all(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let archived = asked.flag("archived")?;
    let properties = object.properties.values();
    let properties = properties.filter(|property| property.archived == archived);
    let fields = Fields::of(&definitions, &asked.caller.who, object);
    let properties = properties.filter(|property| fields.knows(property));
    Ok(paging::whole(properties.map(shown).collect()))
}

async fn one(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let archived = asked.flag("archived")?;
    find(&api, &asked, asked.at("name"), archived).map(Json)
}

fn find(api: &Api, asked: &Asked, name: &str, archived: bool) -> Result<Value, Fault> {
    let definitions = reading::definitions(api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let property = object.property_even_archived(name);
    let property = property.filter(|property| property.archived == archived);
    let fields = Fields::of(&definitions, &asked.caller.who, object);
    let property = property.filter(|property| fields.knows(property));
    property.map(shown).ok_or_else(|| missing(object, name))
}

fn missing(object: &ObjectType, name: &str) -> Fault {
    Fault::missing(format!(
        "Property \"{name}\" does not exist on {}.",
        object.head.name
    ))
    .kind("Properties.PROPERTY_NOT_FOUND")
    .about("name", name)
}

/// Whether there is a property for whoever asks: a hidden one is answered as one that is not there.
fn check(api: &Api, asked: &Asked, object: TypeId, name: &str) -> Result<(), Fault> {
    let definitions = reading::definitions(api);
    let object = definitions.get(object).ok_or_else(Fault::internal)?;
    let fields = Fields::of(&definitions, &asked.caller.who, object);
    let known = object.property_even_archived(name);
    match known.is_some_and(|known| fields.knows(known)) {
        true => Ok(()),
        false => Err(missing(object, name)),
    }
}

async fn make(
    State(api): State<Api>,
    asked: Asked,
    Body(draft): Body<Draft>,
) -> Result<(StatusCode, Json<Value>), Fault> {
    let object = object(&api, &asked)?;
    let made = put(&api, &asked, object, draft, Must::BeNew).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn change(
    State(api): State<Api>,
    asked: Asked,
    Body(mut draft): Body<Draft>,
) -> Result<Json<Value>, Fault> {
    let object = object(&api, &asked)?;
    draft.name = asked.at("name").to_owned();
    check(&api, &asked, object, &draft.name)?;
    put(&api, &asked, object, draft, Must::Exist)
        .await
        .map(Json)
}

async fn put(
    api: &Api,
    asked: &Asked,
    object: TypeId,
    draft: Draft,
    must: Must,
) -> Result<Value, Fault> {
    let draft = draft.read()?;
    let name = draft.name.clone();
    let command = Command::PutProperty {
        object,
        must,
        draft,
    };
    define(api, &asked.caller, command).await?;
    find(api, asked, &name, false)
}

async fn archive(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    let object = object(&api, &asked)?;
    check(&api, &asked, object, asked.at("name"))?;
    let name = asked.at("name").into();
    define(
        &api,
        &asked.caller,
        Command::ArchiveProperty { object, name },
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
struct Name {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Names {
    #[serde(default)]
    archived: bool,
    inputs: Vec<Name>,
}

async fn read_many(
    State(api): State<Api>,
    asked: Asked,
    Body(names): Body<Names>,
) -> Result<Response, Fault> {
    let batch = Batch::begin(&api);
    let inputs = Inputs {
        inputs: names.inputs,
    }
    .at_most(INPUTS_MAX)?;
    object(&api, &asked)?;
    let mut answer = batch.done(&api);
    for Name { name } in inputs {
        match find(&api, &asked, &name, names.archived) {
            Ok(shown) => answer.result(shown),
            Err(fault) => answer.error(fault),
        }
    }
    Ok(answer.respond(StatusCode::OK))
}

async fn make_many(
    State(api): State<Api>,
    asked: Asked,
    Body(drafts): Body<Inputs<Draft>>,
) -> Result<Response, Fault> {
    let batch = Batch::begin(&api);
    let object = object(&api, &asked)?;
    let mut fates = Vec::new();
    for draft in drafts.at_most(INPUTS_MAX)? {
        let name = draft.name.clone();
        let fate = put(&api, &asked, object, draft, Must::BeNew).await;
        fates.push(fate.map_err(|fault| fault.about("name", name)));
    }
    let mut answer = batch.done(&api);
    for fate in fates {
        match fate {
            Ok(shown) => answer.result(shown),
            Err(fault) => answer.error(fault),
        }
    }
    Ok(answer.respond_to_write(StatusCode::CREATED))
}

async fn archive_many(
    State(api): State<Api>,
    asked: Asked,
    Body(names): Body<Inputs<Name>>,
) -> Result<StatusCode, Fault> {
    let object = object(&api, &asked)?;
    for Name { name } in names.at_most(INPUTS_MAX)? {
        let is_there = {
            let definitions = reading::definitions(&api);
            let object = definitions.get(object).ok_or_else(Fault::internal)?;
            let fields = Fields::of(&definitions, &asked.caller.who, object);
            let known = object.property(&name);
            known.is_some_and(|property| fields.knows(property))
        };
        // What is not there is archived already.
        if is_there {
            let name = name.into();
            define(
                &api,
                &asked.caller,
                Command::ArchiveProperty { object, name },
            )
            .await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
