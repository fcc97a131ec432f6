//! Links many at a time.

use super::{Between, Named, Pair, associate, disassociate, kinds, spelled};
use crate::Api;
use crate::crm::asked::Asked;
use crate::crm::batch::{Batch, Id};
use crate::crm::body::{Body, Inputs, Text};
use crate::crm::fault::Fault;
use crate::crm::reading;
use crate::crm::spelling::Spelled;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use rapport_core::crm::association::Category;
use rapport_core::crm::{Definitions, LinkInput, RecordNo};
use rapport_core::member::{Access, Action};
use serde::Deserialize;
use serde_json::{Value, json};

/// Most inputs that write.
const INPUTS_MAX: usize = 2_000;
/// Most records whose links are read at once.
const READS_MAX: usize = 1_000;
/// Links of one record in one answer.
const LIMIT: usize = 500;

pub(super) fn routes() -> Router<Api> {
    Spelled::family("v4", "associations")
        .at("/{type}/{to}/batch/read", post(read))
        .at("/{type}/{to}/batch/create", post(create))
        .at("/{type}/{to}/batch/associate/default", post(create_plainly))
        .at("/{type}/{to}/batch/archive", post(archive))
        .at("/{type}/{to}/batch/labels/archive", post(archive_labels))
        .routes()
}

#[derive(Debug, Deserialize)]
struct Read {
    id: Text,
    #[serde(default)]
    after: Option<Text>,
}

async fn read(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Inputs<Read>>,
) -> Result<Response, Fault> {
    let batch = Batch::begin(&api);
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let inputs = given.at_most(READS_MAX)?;
    let page = between.page(&api, &asked.caller, &definitions);
    let reach = reading::reach(&api, &asked.caller, between.from, Access::Read)?;
    let mut results = Vec::new();
    let mut missing = Vec::new();
    // Those that begin at the beginning are read together, the others one by one.
    let ids: Vec<(RecordNo, Option<RecordNo>)> = inputs.iter().filter_map(place).collect();
    let all: Vec<RecordNo> = ids.iter().map(|(number, _)| *number).collect();
    let seen = reach.among(Action::View, &all).await?;
    let place = |input: &Read| place(input).filter(|(number, _)| seen.contains(number));
    let starting = inputs
        .iter()
        .filter_map(place)
        .filter(|(_, after)| after.is_none());
    let starting: Vec<RecordNo> = starting.map(|(number, _)| number).collect();
    let found = page.linked(&starting, between.to, None, LIMIT).await?;
    let mut together = found.into_iter();
    for input in &inputs {
        let linked = match place(input) {
            None => None,
            Some((_, None)) => together.next(),
            Some((number, after)) => {
                let one = page.linked(&[number], between.to, after, LIMIT).await?;
                one.into_iter().next()
            }
        };
        let Some(linked) = linked.filter(|linked| !linked.to.is_empty()) else {
            missing.push(input.id.0.clone());
            continue;
        };
        let shown = linked.to.iter().map(|(number, kinds)| {
            let types = kinds.iter().map(|kind| between.shown(&definitions, *kind));
            json!({
                "toObjectId": number.to_string(),
                "associationTypes": types.collect::<Vec<_>>(),
            })
        });
        let mut result = json!({
            "from": { "id": input.id.0 },
            "to": shown.collect::<Vec<_>>(),
        });
        if let Some(next) = linked.next {
            result["paging"] = json!({ "next": { "after": next.to_string() } });
        }
        results.push(result);
    }
    let mut answer = batch.done(&api);
    answer.results(results);
    for id in missing {
        let (from, to) = (&between.from.head.word, &between.to.head.word);
        let fault = Fault::missing(format!("No {to} is associated with {from} {id}."));
        let fault = fault.kind("crm.associations.NO_ASSOCIATIONS_FOUND");
        answer.error(fault.about("fromObjectId", id));
    }
    Ok(answer.respond(StatusCode::OK))
}

fn place(input: &Read) -> Option<(RecordNo, Option<RecordNo>)> {
    let number = RecordNo::parse(&input.id.0)?;
    let after = input.after.as_ref().filter(|after| !after.0.is_empty());
    Some((number, after.and_then(|after| RecordNo::parse(&after.0))))
}

async fn create(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Inputs<Pair>>,
) -> Result<Response, Fault> {
    let batch = Batch::begin(&api);
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let inputs = inputs(&between, given)?;
    let fates = associate(&api, &asked.caller, inputs.clone()).await?;
    let mut answer = batch.done(&api);
    for (input, fate) in inputs.iter().zip(fates) {
        match fate {
            Ok(linked) => answer.result(between.pair(&definitions, &linked)),
            Err(refused) => answer.error(told(between.fault(&refused), input)),
        }
    }
    Ok(answer.respond_to_write(StatusCode::CREATED))
}

fn inputs(between: &Between<'_>, given: Inputs<Pair>) -> Result<Vec<LinkInput>, Fault> {
    let pairs = given.at_most(INPUTS_MAX)?.into_iter();
    let inputs = pairs.map(|pair| {
        let kinds = kinds(&pair.types.unwrap_or_default())?;
        between.input(&pair.from.id.0, &pair.to.id.0, kinds)
    });
    inputs.collect()
}

fn told(fault: Fault, input: &LinkInput) -> Fault {
    fault
        .about("fromObjectId", spelled(&input.from))
        .about("toObjectId", spelled(&input.to))
}

async fn create_plainly(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Inputs<Pair>>,
) -> Result<Response, Fault> {
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let mut inputs = inputs(&between, given)?;
    inputs.iter_mut().for_each(|input| input.kinds.clear());
    plainly(&api, &asked, &definitions, &between, inputs).await
}

/// Links records without a label, and answers with both directions.
pub(super) async fn plainly(
    api: &Api,
    asked: &Asked,
    definitions: &Definitions,
    between: &Between<'_>,
    inputs: Vec<LinkInput>,
) -> Result<Response, Fault> {
    let batch = Batch::begin(api);
    let fates = associate(api, &asked.caller, inputs.clone()).await?;
    let mut answer = batch.done(api);
    for (input, fate) in inputs.iter().zip(fates) {
        match fate {
            Ok(_) => {
                for direction in both(definitions, between, input) {
                    answer.result(direction);
                }
            }
            Err(refused) => answer.error(told(between.fault(&refused), input)),
        }
    }
    Ok(answer.respond_to_write(StatusCode::OK))
}

fn both(definitions: &Definitions, between: &Between<'_>, input: &LinkInput) -> Vec<Value> {
    let (from, to) = (between.from.id(), between.to.id());
    let directions = [
        (definitions.plain(from, to), &input.from, &input.to),
        (definitions.plain(to, from), &input.to, &input.from),
    ];
    let shown = directions.into_iter().map(|(plain, from, to)| {
        let category = plain.map_or(Category::Standard, |plain| plain.category);
        json!({
            "from": { "id": spelled(from) },
            "to": { "id": spelled(to) },
            "associationSpec": {
                "associationCategory": category.word(),
                "associationTypeId": plain.map_or(0, |plain| plain.type_id),
            },
        })
    });
    shown.collect()
}

#[derive(Debug, Deserialize)]
struct Apart {
    from: Id,
    to: Vec<Id>,
}

async fn archive(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Inputs<Apart>>,
) -> Result<StatusCode, Fault> {
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let mut inputs = Vec::new();
    for apart in given.at_most(INPUTS_MAX)? {
        for to in &apart.to {
            inputs.push(between.input(&apart.from.id.0, &to.id.0, Vec::new())?);
        }
    }
    let inputs = Inputs { inputs }.at_most(INPUTS_MAX)?;
    disassociate(&api, &asked.caller, inputs, |refused| {
        between.fault(refused)
    })
    .await
}

async fn archive_labels(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Inputs<Pair>>,
) -> Result<StatusCode, Fault> {
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let none = |pair: &Pair| pair.types.as_deref().is_none_or(<[Named]>::is_empty);
    if given.inputs.iter().any(none) {
        return Err(Fault::invalid("Name the labels to take away in `types`."));
    }
    let inputs = inputs(&between, given)?;
    disassociate(&api, &asked.caller, inputs, |refused| {
        between.fault(refused)
    })
    .await
}
