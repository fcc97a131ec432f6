//! Records with types: contacts, companies, deals and all others as numbers, booleans and lists
//! rather than texts. What the HubSpot-compatible API lacks is here: pages by key, boards with
//! sums, timelines, and many records changed at once.

use super::bearer::Actor;
use super::body::Body;
use super::list::{self, List, Page};
use crate::Api;
use crate::errors::{Code, Error};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::crm::{
    Definitions, ObjectType, Record, RecordInput, RecordNo, RecordReference, Refused, Verb, Written,
};
use rapport_core::entry::Command;
use rapport_flow::commands::Reply;
use rapport_flow::crm::Query;
use rapport_store::records::Count;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

mod asked;
mod board;
mod bulk;
mod cursor;
mod timeline;
mod value;

/// Up to where a total is exact unless it is asked to be.
const TOTAL_MAX: u64 = 10_000;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/records/{type}", get(all).post(make))
        .route("/records/{type}/board", get(board::board))
        .route("/records/{type}/bulk", post(bulk::bulk))
        .route("/records/{type}/{id}", get(show).patch(change).delete(archive))
        .route("/records/{type}/{id}/restore", post(restore))
        .route("/records/{type}/{id}/timeline", get(timeline::timeline))
}

/// The type of records that a word of the address means.
fn object<'a>(definitions: &'a Definitions, word: &str) -> Result<&'a ObjectType, Error> {
    let found = definitions.find(word);
    found.ok_or_else(|| Error::missing(format_args!("type of records `{word}`")))
}

/// A record with the properties that are asked for, or with all that are set.
fn shown(object: &ObjectType, record: &Record, names: &[String]) -> Value {
    let mut properties = Map::new();
    for property in object.in_use() {
        let is_named = names.iter().any(|name| *name == *property.name);
        let value = record.value(property);
        if is_named || (names.is_empty() && value.is_some()) {
            properties.insert(property.name.to_string(), value::typed(value.as_ref()));
        }
    }
    json!({
        "id": record.no.to_string(),
        "type": object.head.name,
        "properties": properties,
        "created_at": record.created.to_string(),
        "updated_at": record.updated.to_string(),
        "archived_at": record.archived.map(|at| at.to_string()),
    })
}

/// A page of records and, where it was asked for, how many there are.
#[derive(serde::Serialize)]
struct Found {
    #[serde(flatten)]
    list: List<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

async fn all(
    State(api): State<Api>,
    _: Actor,
    Path(word): Path<String>,
    page: Page,
) -> Result<Json<Found>, Error> {
    let definitions = api.rapport.definitions();
    let object = object(&definitions, &word)?;
    let checked = asked::query(&definitions, object, &page)?;
    let count = match page.one("total") {
        None => Count::No,
        Some("capped") => Count::Capped(TOTAL_MAX),
        Some("exact") => Count::Exact,
        Some(other) => {
            let message = format!("`total={other}` is neither `capped` nor `exact`");
            return Err(Error::new(Code::InvalidQuery, message));
        }
    };
    let query = Query {
        object: object.id(),
        filter: crate::crm::filter(checked.condition),
        search: checked.words,
        sort: crate::crm::sort(&checked.order),
        after: page.after(cursor::read)?.unwrap_or_default(),
        limit: page.limit,
        count,
    };
    let answer = api.rapport.query_records(query).await?;
    let names = page.all("property");
    let records = answer.records.iter().map(|record| shown(object, record, names));
    let Json(list) = list::behind(records.collect(), answer.next.as_ref().map(cursor::spelled));
    Ok(Json(Found {
        list,
        total: answer.total,
    }))
}

async fn show(
    State(api): State<Api>,
    _: Actor,
    Path((word, id)): Path<(String, String)>,
    page: Page,
) -> Result<Json<Value>, Error> {
    let definitions = api.rapport.definitions();
    let object = object(&definitions, &word)?;
    let record = find(&api, object, &id).await?;
    Ok(Json(shown(object, &record, page.all("property"))))
}

/// The record of an id, archived or not.
async fn find(api: &Api, object: &ObjectType, id: &str) -> Result<Record, Error> {
    let missing = || Error::missing(format_args!("{} {id}", object.head.word));
    let number = RecordNo::parse(id).ok_or_else(missing)?;
    let found = api.rapport.records(object.id(), &[number]).await?;
    found.into_iter().flatten().next().ok_or_else(missing)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    properties: BTreeMap<String, Value>,
}

async fn make(
    State(api): State<Api>,
    Actor(actor): Actor,
    Path(word): Path<String>,
    Body(given): Body<Given>,
) -> Result<(StatusCode, Json<Value>), Error> {
    let made = write(&api, &actor, &word, RecordReference::Create, Verb::Write, given).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn change(
    State(api): State<Api>,
    Actor(actor): Actor,
    Path((word, id)): Path<(String, String)>,
    Body(given): Body<Given>,
) -> Result<Json<Value>, Error> {
    let reference = reference(&id)?;
    write(&api, &actor, &word, reference, Verb::Write, given).await.map(Json)
}

async fn archive(
    State(api): State<Api>,
    Actor(actor): Actor,
    Path((word, id)): Path<(String, String)>,
) -> Result<StatusCode, Error> {
    let nothing = Given {
        properties: BTreeMap::new(),
    };
    write(&api, &actor, &word, reference(&id)?, Verb::Archive, nothing).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn restore(
    State(api): State<Api>,
    Actor(actor): Actor,
    Path((word, id)): Path<(String, String)>,
) -> Result<Json<Value>, Error> {
    let nothing = Given {
        properties: BTreeMap::new(),
    };
    write(&api, &actor, &word, reference(&id)?, Verb::Restore, nothing).await.map(Json)
}

fn reference(id: &str) -> Result<RecordReference, Error> {
    let number = RecordNo::parse(id);
    let number = number.ok_or_else(|| Error::missing(format_args!("record {id}")))?;
    Ok(RecordReference::Id(number))
}

async fn write(
    api: &Api,
    actor: &str,
    word: &str,
    reference: RecordReference,
    verb: Verb,
    given: Given,
) -> Result<Value, Error> {
    let definitions = api.rapport.definitions();
    let object = object(&definitions, word)?;
    let input = RecordInput {
        reference,
        upsert: false,
        verb,
        properties: value::texts(given.properties)?,
        associations: Vec::new(),
    };
    let mut fates = command(api, actor, object, vec![input]).await?;
    let fate = fates.pop().ok_or_else(|| Error::new(Code::Storage, "nothing was written"))?;
    let written = fate.map_err(|refused| told(&refused))?;
    let record = find(api, object, &written.no.to_string()).await?;
    Ok(shown(object, &record, &[]))
}

/// Writes records, each of which may be refused.
async fn command(
    api: &Api,
    actor: &str,
    object: &ObjectType,
    inputs: Vec<RecordInput>,
) -> Result<Vec<Result<Written, Refused>>, Error> {
    let command = Command::Records {
        object: object.id(),
        inputs,
    };
    match api.rapport.command(actor, command).await?.reply {
        Reply::Records(fates) => Ok(fates),
        _ => Err(Error::new(Code::Storage, "nothing was written")),
    }
}

/// A refusal in the shape of this API.
fn told(refused: &Refused) -> Error {
    let code = match refused {
        Refused::NotFound { .. } => Code::NotFound,
        Refused::NotUnique { .. } | Refused::Twice { .. } => Code::Conflict,
        _ => Code::InvalidBody,
    };
    Error::new(code, refused.to_string())
}
