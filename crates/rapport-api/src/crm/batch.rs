//! Records many at a time: one command for all of a request, and for each input what became of it.

use super::asked::Asked;
use super::associations::Together;
use super::body::{Body, Inputs, Text, Values};
use super::fault::Fault;
use super::reading::{self, Naming, Wanted};
use super::record::{self, Columns};
use super::refusal;
use super::spelling::Spelled;
use super::writing::{self, New};
use crate::Api;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use rapport_core::crm::{ObjectType, Record, RecordInput, RecordNo, Refused, Verb, Written};
use rapport_core::member::{Access, Action};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(super) use answer::Batch;

mod answer;

/// Most inputs of a batch.
pub(super) const INPUTS_MAX: usize = 100;

pub(super) fn routes() -> Router<Api> {
    Spelled::family("v3", "objects")
        .at("/{type}/batch/read", post(read))
        .at("/{type}/batch/create", post(create))
        .at("/{type}/batch/update", post(update))
        .at("/{type}/batch/upsert", post(upsert))
        .at("/{type}/batch/archive", post(archive))
        .routes()
}

/// A record by its id, or by the value of a unique property.
#[derive(Debug, Deserialize)]
pub(super) struct Id {
    /// The id, or the value.
    pub(super) id: Text,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    inputs: Vec<Id>,
    #[serde(default)]
    properties: Option<Vec<String>>,
    #[serde(default)]
    properties_with_history: Option<Vec<String>>,
    #[serde(default)]
    id_property: Option<String>,
}

async fn read(
    State(api): State<Api>,
    asked: Asked,
    Body(read): Body<Read>,
) -> Result<Response, Fault> {
    let batch = Batch::begin(&api);
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let is_archived = asked.flag("archived")?;
    let naming = Naming::of(object, read.id_property.as_deref())?;
    let wanted = Wanted {
        properties: read.properties.unwrap_or_default(),
        history: read.properties_with_history.unwrap_or_default(),
        associations: Vec::new(),
    };
    let inputs = Inputs {
        inputs: read.inputs,
    }
    .at_most(INPUTS_MAX)?;
    // An id that is asked for twice is answered once.
    let mut seen = BTreeSet::new();
    let ids: Vec<&str> = inputs.iter().map(|input| input.id.0.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().filter(|id| seen.insert(*id)).collect();
    let reach = reading::reach(&api, &asked.caller, object, Access::Read)?;
    let numbers = naming.numbers(&api, object, &reach, &ids).await?;
    let known: Vec<RecordNo> = numbers.iter().copied().flatten().collect();
    let mut found = api.rapport.records(object.id(), &known).await?.into_iter();
    let (mut records, mut missing) = (Vec::new(), Vec::new());
    for (id, number) in ids.iter().zip(&numbers) {
        let record = number.and_then(|_| found.next().flatten());
        let record = record.filter(|record| reach.reaches(Action::View, record));
        match record.filter(|record| record.archived.is_some() == is_archived) {
            Some(record) => records.push(record),
            None => missing.push((*id).to_owned()),
        }
    }
    let page = reading::Page {
        api: &api,
        caller: &asked.caller,
        definitions: &definitions,
        object,
    };
    let shown = page.shown(records, &wanted).await?;
    let mut answer = batch.done(&api);
    answer.results(shown);
    if !missing.is_empty() {
        answer.error(none_of(object, missing));
    }
    Ok(answer.respond(StatusCode::OK))
}

/// Some of what was asked for is not there.
fn none_of(object: &ObjectType, ids: Vec<String>) -> Fault {
    let message = format!(
        "Could not get some {} objects, they may be deleted or not exist. Check that ids are valid.",
        object.head.fully_qualified
    );
    let fault = Fault::missing(message);
    ids.into_iter()
        .fold(fault, |fault, id| fault.about("ids", id))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    properties: Values,
    #[serde(default)]
    associations: Option<Vec<Together>>,
    #[serde(default)]
    object_write_trace_id: Option<Text>,
}

async fn create(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Inputs<Create>>,
) -> Result<Response, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let inputs = given.at_most(INPUTS_MAX)?.into_iter().map(|one| {
        let new = New {
            properties: one.properties,
            associations: one.associations.unwrap_or_default(),
        };
        Asking::of(one.object_write_trace_id, None, new.input())
    });
    let inputs = inputs.collect();
    write(&api, &asked, object, inputs, StatusCode::CREATED, false).await
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    id: Text,
    #[serde(default)]
    id_property: Option<String>,
    properties: Values,
    #[serde(default)]
    object_write_trace_id: Option<Text>,
}

async fn update(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Inputs<Update>>,
) -> Result<Response, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let inputs = given.at_most(INPUTS_MAX)?.into_iter();
    let inputs = inputs.map(|one| changed(object, one, false)).collect();
    write(&api, &asked, object, inputs, StatusCode::OK, false).await
}

async fn upsert(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Inputs<Update>>,
) -> Result<Response, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let inputs = given.at_most(INPUTS_MAX)?.into_iter();
    let inputs = inputs.map(|one| changed(object, one, true)).collect();
    write(&api, &asked, object, inputs, StatusCode::OK, true).await
}

fn changed(object: &ObjectType, one: Update, upsert: bool) -> Asking {
    let id = one.id.0;
    let naming = Naming::of(object, one.id_property.as_deref());
    let reference = naming.and_then(|naming| naming.reference(object, &id));
    let input = reference.map(|reference| {
        let mut input = writing::input(reference, one.properties);
        input.upsert = upsert;
        input
    });
    Asking::of(one.object_write_trace_id, Some(id), input)
}

/// One input, as it was asked, and what pairs the answer with it.
struct Asking {
    trace: Option<String>,
    id: Option<String>,
    input: Result<RecordInput, Fault>,
}

impl Asking {
    fn of(trace: Option<Text>, id: Option<String>, input: Result<RecordInput, Fault>) -> Asking {
        Asking {
            trace: trace.map(|trace| trace.0),
            id,
            input,
        }
    }

    /// A fault, with what says which input it is of.
    fn told(&self, fault: Fault) -> Fault {
        let fault = match &self.id {
            Some(id) => fault.about("id", id.as_str()),
            None => fault,
        };
        match &self.trace {
            Some(trace) => fault.about("objectWriteTraceId", trace.as_str()),
            None => fault,
        }
    }
}

/// Writes what can be written, and says of each input what became of it.
async fn write(
    api: &Api,
    asked: &Asked,
    object: &ObjectType,
    inputs: Vec<Asking>,
    success: StatusCode,
    tell_new: bool,
) -> Result<Response, Fault> {
    let batch = Batch::begin(api);
    let good = inputs
        .iter()
        .filter_map(|asking| asking.input.as_ref().ok());
    let fates = writing::all(api, &asked.caller, object, good.cloned().collect()).await?;
    let written = fates.iter().filter_map(|fate| fate.as_ref().ok());
    let mut numbers: Vec<RecordNo> = written.map(|written| written.no).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let records = api.rapport.records(object.id(), &numbers).await?;
    let reach = reading::reach(api, &asked.caller, object, Access::Read)?;
    let records: BTreeMap<RecordNo, Record> = numbers
        .into_iter()
        .zip(records)
        .filter_map(|(number, record)| Some((number, record?)))
        .collect();
    let mut answer = batch.done(api);
    let mut fates = fates.into_iter();
    for asking in inputs {
        match &asking.input {
            Err(fault) => answer.error(asking.told(fault.clone())),
            Ok(input) => match fates.next() {
                Some(Ok(written)) => {
                    let mut record = records.get(&written.no).cloned();
                    if let Some(record) = &mut record {
                        let names = input.properties.keys().map(|name| &**name);
                        reach.veil_written(record, names);
                    }
                    let shown = shown(object, record.as_ref(), input, written, &asking, tell_new);
                    answer.result(shown);
                }
                Some(Err(refused)) => answer.error(asking.told(refusal::fault(object, &refused))),
                None => answer.error(asking.told(Fault::internal())),
            },
        }
    }
    Ok(answer.respond_to_write(success))
}

fn shown(
    object: &ObjectType,
    record: Option<&Record>,
    input: &RecordInput,
    written: Written,
    asking: &Asking,
    tell_new: bool,
) -> Map<String, Value> {
    let names = input.properties.keys().map(|name| &**name);
    let mut shown = match record {
        Some(record) => record::shown(record, &Columns::written(object, record, names)),
        None => Map::from_iter([("id".to_owned(), json!(written.no.to_string()))]),
    };
    if tell_new {
        shown.insert("new".to_owned(), json!(written.created));
    }
    if let Some(trace) = &asking.trace {
        shown.insert("objectWriteTraceId".to_owned(), json!(trace));
    }
    shown
}

/// Archives what there is of the records named; of the others there is nothing to archive.
async fn archive(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Inputs<Id>>,
) -> Result<StatusCode, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let naming = Naming::Id;
    let mut seen = BTreeSet::new();
    let mut inputs = Vec::new();
    for Id { id } in given.at_most(INPUTS_MAX)? {
        let Ok(reference) = naming.reference(object, &id.0) else {
            continue;
        };
        if seen.insert(reference.clone()) {
            let mut input = writing::input(reference, Values::default());
            input.verb = Verb::Archive;
            inputs.push(input);
        }
    }
    for fate in writing::all(&api, &asked.caller, object, inputs).await? {
        match fate {
            Ok(_) | Err(Refused::NotFound { .. }) => {}
            Err(refused) => return Err(refusal::fault(object, &refused)),
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
