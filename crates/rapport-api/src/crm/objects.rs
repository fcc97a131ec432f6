//! Records one at a time and in lists: made, read, changed, archived.

use super::asked::Asked;
use super::associations::Together;
use super::body::{Body, Values};
use super::fault::Fault;
use super::reading::{self, Naming, Wanted};
use super::spelling::Spelled;
use super::writing::{self, New};
use super::{paging, record};
use crate::Api;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::crm::{Fact, RecordNo, Verb};
use rapport_core::member::{Access, Action};
use rapport_flow::crm::Query;
use rapport_store::records::{After, Cell, Count, Filter};
use serde::Deserialize;
use serde_json::{Map, Value};

const LIMIT: usize = 10;
const LIMIT_MAX: usize = 100;
/// Most records of a page that shows histories.
const LIMIT_WITH_HISTORY: usize = 50;

pub(super) fn routes() -> Router<Api> {
    Spelled::family("v3", "objects")
        .at("/{type}", get(list).post(create))
        .at("/{type}/{id}", get(read).patch(update).delete(archive))
        .routes()
}

/// Whether a record is archived, as one condition.
pub(super) fn archived(is: bool) -> Filter {
    let column = Fact::Archived.column().unwrap_or_default();
    Filter::equal(column, Cell::Integer(i64::from(is)))
}

async fn list(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let wanted = Wanted::of(&asked);
    let most = if wanted.history.is_empty() {
        LIMIT_MAX
    } else {
        LIMIT_WITH_HISTORY
    };
    let after = asked.after::<u64>()?;
    let reach = reading::reach(&api, &asked.caller, object, Access::Read)?;
    let query = Query {
        object: object.id(),
        filter: archived(asked.flag("archived")?).and(reach.filter(Action::View)),
        search: None,
        sort: Vec::new(),
        after: after.map_or(After::Start, |after| After::Key(Vec::new(), after)),
        limit: asked.limit(LIMIT, most)?,
        count: Count::No,
    };
    let answer = api.rapport.query_records(query).await?;
    let last = answer.records.last().map(|record| record.no);
    let next = answer.next.and(last);
    let page = reading::Page {
        api: &api,
        caller: &asked.caller,
        definitions: &definitions,
        object,
    };
    let shown = page.shown(answer.records, &wanted).await?;
    Ok(paging::page(&asked, shown, next))
}

async fn read(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let id = asked.at("id");
    let wanted = Wanted::of(&asked);
    let is_archived = asked.flag("archived")?;
    let naming = Naming::of(object, asked.one("idProperty"))?;
    let missing = || reading::missing(object, id);
    let reach = reading::reach(&api, &asked.caller, object, Access::Read)?;
    let numbers = naming.numbers(&api, object, &reach, &[id]).await?;
    let number = numbers.into_iter().flatten().next().ok_or_else(missing)?;
    let records = api.rapport.records(object.id(), &[number]).await?;
    let mut records: Vec<_> = records.into_iter().flatten().collect();
    records.retain(|record| record.archived.is_some() == is_archived);
    records.retain(|record| reach.reaches(Action::View, record));
    let page = reading::Page {
        api: &api,
        caller: &asked.caller,
        definitions: &definitions,
        object,
    };
    let shown = page.shown(records, &wanted).await?;
    shown
        .into_iter()
        .next()
        .map(|one| Json(Value::Object(one)))
        .ok_or_else(missing)
}

#[derive(Debug, Deserialize)]
struct Given {
    properties: Values,
    associations: Option<Vec<Together>>,
}

async fn create(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Given>,
) -> Result<(StatusCode, Json<Value>), Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let new = New {
        properties: given.properties,
        associations: given.associations.unwrap_or_default(),
    };
    let input = new.input()?;
    let names: Vec<String> = input.properties.keys().map(ToString::to_string).collect();
    let written = writing::one(&api, &asked.caller, object, input).await?;
    let shown = written_record(&api, &asked, written.no, &names).await?;
    Ok((StatusCode::CREATED, Json(Value::Object(shown))))
}

#[derive(Debug, Deserialize)]
struct Changed {
    properties: Values,
}

async fn update(
    State(api): State<Api>,
    asked: Asked,
    Body(changed): Body<Changed>,
) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let naming = Naming::of(object, asked.one("idProperty"))?;
    let reference = naming.reference(object, asked.at("id"))?;
    let names: Vec<String> = changed.properties.0.keys().cloned().collect();
    let input = writing::input(reference, changed.properties);
    let written = writing::one(&api, &asked.caller, object, input).await?;
    let shown = written_record(&api, &asked, written.no, &names).await?;
    Ok(Json(Value::Object(shown)))
}

/// What was written, with everything the record has now.
async fn written_record(
    api: &Api,
    asked: &Asked,
    number: RecordNo,
    names: &[String],
) -> Result<Map<String, Value>, Fault> {
    // What is defined may have changed with what was written.
    let definitions = reading::definitions(api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let found = api.rapport.records(object.id(), &[number]).await?;
    let found = found.into_iter().flatten().next();
    let mut found = found.ok_or_else(|| reading::missing(object, &number.to_string()))?;
    let names = names.iter().map(String::as_str);
    let reach = reading::reach(api, &asked.caller, object, Access::Read)?;
    reach.veil_written(&mut found, names.clone());
    let columns = record::Columns::written(object, &found, names);
    Ok(record::shown(&found, &columns))
}

async fn archive(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let naming = Naming::of(object, asked.one("idProperty"))?;
    let reference = naming.reference(object, asked.at("id"))?;
    let mut input = writing::input(reference, Values::default());
    input.verb = Verb::Archive;
    writing::one(&api, &asked.caller, object, input).await?;
    Ok(StatusCode::NO_CONTENT)
}
