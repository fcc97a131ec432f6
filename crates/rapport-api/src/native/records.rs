//! Records with types: contacts, companies, deals and all others as numbers, booleans and lists
//! rather than texts. What the HubSpot-compatible API lacks is here: pages by key, boards with
//! sums, timelines, and many records changed at once.

use super::body::Body;
use super::list::{self, List, Page};
use crate::Api;
use crate::errors::{Code, Error};
use crate::rights::Asker;
use crate::rights::objects::spelled;
use crate::rights::records::{Denied, Failed, Reach, seen};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::crm::view::View;
use rapport_core::crm::{
    Definitions, ObjectType, Record, RecordInput, RecordNo, RecordReference, Refused, Verb,
    Written, query,
};
use rapport_core::entry::Command;
use rapport_core::member::{Access, Action, Actor};
use rapport_flow::commands::Reply;
use rapport_flow::crm::Query;
use rapport_store::records::{Count, Filter as Condition};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

mod asked;
mod board;
mod bulk;
mod cursor;
mod filter;
mod timeline;
mod value;

pub(super) use crate::rights::records::Reach as Reached;
pub(super) use filter::Filter;
pub(super) use value::typed;

/// Up to where a total is exact unless it is asked to be.
const TOTAL_MAX: u64 = 10_000;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/records/{type}", get(all).post(make))
        .route("/records/{type}/board", get(board::board))
        .route("/records/{type}/bulk", post(bulk::bulk))
        .route(
            "/records/{type}/{id}",
            get(show).patch(change).delete(archive),
        )
        .route("/records/{type}/{id}/restore", post(restore))
        .route("/records/{type}/{id}/timeline", get(timeline::timeline))
}

/// The type of records that a word of the address means.
pub(super) fn object<'a>(
    definitions: &'a Definitions,
    word: &str,
) -> Result<&'a ObjectType, Error> {
    let found = definitions.find(word);
    found.ok_or_else(|| Error::missing(format_args!("type of records `{word}`")))
}

/// What somebody may do with records of a type.
pub(super) fn reach<'a>(
    api: &'a Api,
    asker: &'a Asker,
    object: &'a ObjectType,
    access: Access,
) -> Result<Reach<'a>, Error> {
    Reach::of(api, &asker.actor, object, access).map_err(denied)
}

/// A denial in the shape of this API.
pub(super) fn denied(denied: Denied) -> Error {
    match denied {
        Denied::Scope(scope) => {
            let message = format!("the scope `{}` is needed", spelled(scope));
            Error::new(Code::MissingScope, message)
        }
        Denied::Right(message) => Error::new(Code::Forbidden, message),
        // As a query says it of what nobody has.
        Denied::Unknown(property) => {
            let property = property.into();
            let error = query::Error::PropertyDoesntExist { property };
            Error::new(Code::InvalidQuery, error.to_string())
        }
    }
}

pub(super) fn failed(failed: Failed) -> Error {
    match failed {
        Failed::Denied(why) => denied(why),
        Failed::Flow(error) => error.into(),
    }
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
    /// Whether there are no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<bool>,
}

async fn all(
    State(api): State<Api>,
    asker: Asker,
    Path(word): Path<String>,
    page: Page,
) -> Result<Json<Found>, Error> {
    let definitions = api.rapport.definitions();
    let object = object(&definitions, &word)?;
    let reach = reach(&api, &asker, object, Access::Read)?;
    let view = view(&api, &asker, &page)?;
    let checked = asked::query(&definitions, object, &page, &reach, view.as_deref())?;
    let count = match page.one("total") {
        None => Count::No,
        Some("capped") => Count::Capped(TOTAL_MAX),
        Some("exact") => Count::Exact,
        Some(other) => {
            let message = format!("`total={other}` is neither `capped` nor `exact`");
            return Err(Error::new(Code::InvalidQuery, message));
        }
    };
    let filter = found(&api, &asker.actor, &definitions, &reach, checked.condition).await?;
    let query = Query {
        object: object.id(),
        filter,
        search: checked.words,
        sort: crate::crm::sort(&checked.order),
        after: page.after(cursor::read)?.unwrap_or_default(),
        limit: page.limit,
        count,
    };
    let mut answer = api.rapport.query_records(query).await?;
    answer
        .records
        .iter_mut()
        .for_each(|record| reach.veil(record));
    let columns = view.iter().flat_map(|view| &view.draft.columns);
    let columns: Vec<String> = columns.map(ToString::to_string).collect();
    let names = match page.all("property") {
        [] => &columns[..],
        names => names,
    };
    let records = answer
        .records
        .iter()
        .map(|record| shown(object, record, names));
    let Json(list) = list::behind(records.collect(), answer.next.as_ref().map(cursor::spelled));
    Ok(Json(Found {
        list,
        total: answer.total.map(|total| total.count),
        exact: answer.total.map(|total| total.exact),
    }))
}

/// What a condition finds of the records that may be seen.
pub(super) async fn found(
    api: &Api,
    actor: &Actor,
    definitions: &Definitions,
    reach: &Reach<'_>,
    condition: query::Condition,
) -> Result<Condition, Error> {
    let filter = crate::crm::filter(condition);
    let filter = seen(api, actor, definitions, filter).await;
    Ok(filter.map_err(failed)?.and(reach.filter(Action::View)))
}

/// The view that a request asks by.
fn view(api: &Api, asker: &Asker, page: &Page) -> Result<Option<Arc<View>>, Error> {
    let id = page.one("view");
    id.map(|id| super::views::find(api, asker, id)).transpose()
}

async fn show(
    State(api): State<Api>,
    asker: Asker,
    Path((word, id)): Path<(String, String)>,
    page: Page,
) -> Result<Json<Value>, Error> {
    let definitions = api.rapport.definitions();
    let object = object(&definitions, &word)?;
    let reach = reach(&api, &asker, object, Access::Read)?;
    let record = find(&api, &reach, object, &id).await?;
    Ok(Json(shown(object, &record, page.all("property"))))
}

/// The record of an id, archived or not, as far as it may be seen.
async fn find(
    api: &Api,
    reach: &Reach<'_>,
    object: &ObjectType,
    id: &str,
) -> Result<Record, Error> {
    let missing = || Error::missing(format_args!("{} {id}", object.head.word));
    let number = RecordNo::parse(id).ok_or_else(missing)?;
    let found = api.rapport.records(object.id(), &[number]).await?;
    let found = found.into_iter().flatten().next();
    let found = found.filter(|record| reach.reaches(Action::View, record));
    let mut record = found.ok_or_else(missing)?;
    reach.veil(&mut record);
    Ok(record)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    properties: BTreeMap<String, Value>,
}

async fn make(
    State(api): State<Api>,
    asker: Asker,
    Path(word): Path<String>,
    Body(given): Body<Given>,
) -> Result<(StatusCode, Json<Value>), Error> {
    let made = write(
        &api,
        &asker,
        &word,
        RecordReference::Create,
        Verb::Write,
        given,
    )
    .await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn change(
    State(api): State<Api>,
    asker: Asker,
    Path((word, id)): Path<(String, String)>,
    Body(given): Body<Given>,
) -> Result<Json<Value>, Error> {
    let reference = reference(&id)?;
    write(&api, &asker, &word, reference, Verb::Write, given)
        .await
        .map(Json)
}

async fn archive(
    State(api): State<Api>,
    asker: Asker,
    Path((word, id)): Path<(String, String)>,
) -> Result<StatusCode, Error> {
    let nothing = Given {
        properties: BTreeMap::new(),
    };
    write(&api, &asker, &word, reference(&id)?, Verb::Archive, nothing).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn restore(
    State(api): State<Api>,
    asker: Asker,
    Path((word, id)): Path<(String, String)>,
) -> Result<Json<Value>, Error> {
    let nothing = Given {
        properties: BTreeMap::new(),
    };
    write(&api, &asker, &word, reference(&id)?, Verb::Restore, nothing)
        .await
        .map(Json)
}

fn reference(id: &str) -> Result<RecordReference, Error> {
    let number = RecordNo::parse(id);
    let number = number.ok_or_else(|| Error::missing(format_args!("record {id}")))?;
    Ok(RecordReference::Id(number))
}

async fn write(
    api: &Api,
    asker: &Asker,
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
    let mut fates = command(api, asker, object, vec![input]).await?;
    let fate = fates
        .pop()
        .ok_or_else(|| Error::new(Code::Storage, "nothing was written"))?;
    let written = fate.map_err(|refused| told(&refused))?;
    let reach = reach(api, asker, object, Access::Read)?;
    let id = written.no.to_string();
    // Who may make records and not look at them is told which it is, and nothing else.
    if reach.among(Action::View, &[written.no]).await?.is_empty() {
        return Ok(json!({ "id": id, "type": object.head.name }));
    }
    let record = find(api, &reach, object, &id).await?;
    Ok(shown(object, &record, &[]))
}

/// Writes records, each of which may be refused.
async fn command(
    api: &Api,
    asker: &Asker,
    object: &ObjectType,
    inputs: Vec<RecordInput>,
) -> Result<Vec<Result<Written, Refused>>, Error> {
    let reach = reach(api, asker, object, Access::Write)?;
    let refused = reach.writes(&inputs).await.map_err(failed)?;
    let pairs = inputs.into_iter().zip(&refused);
    let allowed = pairs.filter(|(_, refused)| refused.is_none());
    let allowed: Vec<_> = allowed.map(|(input, _)| input).collect();
    let mut done = written(api, asker, object, allowed).await?.into_iter();
    let fates = refused.into_iter().map(|refused| match refused {
        Some(refused) => Some(Err(refused)),
        None => done.next(),
    });
    let fates = fates.collect::<Option<Vec<_>>>();
    let fates = fates.ok_or_else(|| Error::new(Code::Storage, "nothing was written"))?;
    Ok(reach.veiled(fates).await?)
}

async fn written(
    api: &Api,
    asker: &Asker,
    object: &ObjectType,
    inputs: Vec<RecordInput>,
) -> Result<Vec<Result<Written, Refused>>, Error> {
    if inputs.is_empty() {
        return Ok(Vec::new());
    }
    let command = Command::Records {
        object: object.id(),
        inputs,
    };
    match api.rapport.command(asker.name(), command).await?.reply {
        Reply::Records(fates) => Ok(fates),
        _ => Err(Error::new(Code::Storage, "nothing was written")),
    }
}

/// A refusal in the shape of this API.
fn told(refused: &Refused) -> Error {
    let code = match refused {
        Refused::NotFound { .. } => Code::NotFound,
        Refused::NotUnique { .. } | Refused::Taken { .. } | Refused::Twice { .. } => Code::Conflict,
        Refused::NotAllowed(_) => Code::Forbidden,
        _ => Code::InvalidBody,
    };
    Error::new(code, refused.to_string())
}
