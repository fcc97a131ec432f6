//! Links as the third version of the API spells them: by the name of a kind rather than its number.

use super::{Between, associate, disassociate, spelled};
use crate::Api;
use crate::crm::asked::Asked;
use crate::crm::batch::{Batch, Id};
use crate::crm::body::{Body, Inputs};
use crate::crm::fault::Fault;
use crate::crm::spelling::Spelled;
use crate::crm::{paging, reading};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use rapport_core::crm::association::AssociationType;
use rapport_core::crm::{Definitions, LinkInput, RecordNo};
use rapport_core::member::{Access, Action};
use serde::Deserialize;
use serde_json::{Value, json};

const INPUTS_MAX: usize = 2_000;
const READS_MAX: usize = 1_000;
const LIMIT: usize = 500;

pub(super) fn routes() -> Router<Api> {
    let batches = Spelled::under(vec!["/crm/v3/associations".to_owned()])
        .at("/{type}/{to}/batch/read", post(read))
        .at("/{type}/{to}/batch/create", post(create))
        .at("/{type}/{to}/batch/archive", post(archive))
        .at("/{type}/{to}/types", get(types));
    let of_records = Spelled::under(vec!["/crm/v3/objects".to_owned()])
        .at("/{type}/{id}/associations/{to}", get(list))
        .at(
            "/{type}/{id}/associations/{to}/{to_id}/{kind}",
            put(link).delete(unlink),
        );
    batches.routes().merge(of_records.routes())
}

/// The kind of links that a word means: its name, or its number.
fn kind<'a>(
    definitions: &'a Definitions,
    between: &Between<'_>,
    word: &str,
) -> Result<&'a AssociationType, Fault> {
    let mut all = definitions.associations(between.from.id(), between.to.id());
    let known = all.find(|one| &*one.name == word || one.type_id.to_string() == word);
    known.ok_or_else(|| {
        Fault::invalid(format!(
            "No association type `{word}` leads from {} to {}.",
            between.from.head.name, between.to.head.name
        ))
    })
}

async fn types(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let all = definitions.associations(between.from.id(), between.to.id());
    let shown = all.map(|one| json!({ "id": one.type_id.to_string(), "name": one.name }));
    Ok(paging::whole(shown.collect()))
}

async fn list(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let record = reading::number(between.from, asked.at("id"))?;
    let after = asked.after::<u64>()?.map(RecordNo);
    let limit = asked.limit(LIMIT, LIMIT)?;
    let reach = reading::reach(&api, &asked.caller, between.from, Access::Read)?;
    if reach.among(Action::View, &[record]).await?.is_empty() {
        return Err(reading::missing(between.from, asked.at("id")));
    }
    let page = between.page(&api, &asked.caller, &definitions);
    let found = page.linked(&[record], between.to, after, limit).await?;
    let found = found.into_iter().next().unwrap_or_default();
    let results = named(&definitions, &between, &found.to);
    Ok(paging::page(&asked, results, found.next))
}

fn named(
    definitions: &Definitions,
    between: &Between<'_>,
    linked: &[(RecordNo, Vec<u32>)],
) -> Vec<Value> {
    let (from, to) = (between.from.id(), between.to.id());
    let each = linked.iter().flat_map(|(number, kinds)| {
        kinds.iter().map(move |kind| {
            let name = reading::slug(definitions, from, to, *kind);
            json!({ "id": number.to_string(), "type": name })
        })
    });
    each.collect()
}

async fn link(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let kind = kind(&definitions, &between, asked.at("kind"))?;
    let input = between.input(asked.at("id"), asked.at("to_id"), vec![kind.kind()])?;
    let mut fates = associate(&api, &asked.caller, vec![input]).await?;
    let fate = fates.pop().ok_or_else(Fault::internal)?;
    fate.map_err(|refused| between.fault(&refused))?;
    let record = reading::number(between.from, asked.at("id"))?;
    let found = api.rapport.records(between.from.id(), &[record]).await?;
    let found: Vec<_> = found.into_iter().flatten().collect();
    let wanted = reading::Wanted {
        associations: vec![between.to.head.name.to_string()],
        ..reading::Wanted::default()
    };
    let page = between.page(&api, &asked.caller, &definitions);
    let shown = page.shown(found, &wanted).await?;
    let shown = shown.into_iter().next().ok_or_else(Fault::internal)?;
    Ok(Json(Value::Object(shown)))
}

async fn unlink(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let kind = kind(&definitions, &between, asked.at("kind"))?;
    let input = between.input(asked.at("id"), asked.at("to_id"), vec![kind.kind()])?;
    disassociate(&api, &asked.caller, vec![input], |refused| {
        between.fault(refused)
    })
    .await
}

async fn read(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Inputs<Id>>,
) -> Result<Response, Fault> {
    let batch = Batch::begin(&api);
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let ids = given.at_most(READS_MAX)?;
    let numbers: Vec<_> = ids
        .iter()
        .filter_map(|id| RecordNo::parse(&id.id.0))
        .collect();
    let reach = reading::reach(&api, &asked.caller, between.from, Access::Read)?;
    let seen = reach.among(Action::View, &numbers).await?;
    let numbers: Vec<_> = numbers
        .into_iter()
        .filter(|number| seen.contains(number))
        .collect();
    let page = between.page(&api, &asked.caller, &definitions);
    let found = page.linked(&numbers, between.to, None, LIMIT).await?;
    let mut answer = batch.done(&api);
    for (number, linked) in numbers.iter().zip(found) {
        if linked.to.is_empty() {
            continue;
        }
        let mut result = json!({
            "from": { "id": number.to_string() },
            "to": named(&definitions, &between, &linked.to),
        });
        if let Some(next) = linked.next {
            result["paging"] = json!({ "next": { "after": next.to_string() } });
        }
        answer.result(result);
    }
    Ok(answer.respond(StatusCode::OK))
}

#[derive(Debug, Deserialize)]
struct Typed {
    from: Id,
    to: Id,
    #[serde(rename = "type")]
    kind: String,
}

fn inputs(
    definitions: &Definitions,
    between: &Between<'_>,
    typed: &[Typed],
) -> Result<Vec<LinkInput>, Fault> {
    let inputs = typed.iter().map(|typed| {
        let kind = kind(definitions, between, &typed.kind)?.kind();
        between.input(&typed.from.id.0, &typed.to.id.0, vec![kind])
    });
    inputs.collect()
}

async fn create(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Inputs<Typed>>,
) -> Result<Response, Fault> {
    let batch = Batch::begin(&api);
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let typed = given.at_most(INPUTS_MAX)?;
    let inputs = inputs(&definitions, &between, &typed)?;
    let fates = associate(&api, &asked.caller, inputs.clone()).await?;
    let mut answer = batch.done(&api);
    for ((input, typed), fate) in inputs.iter().zip(&typed).zip(fates) {
        match fate {
            Ok(_) => answer.result(json!({
                "from": { "id": spelled(&input.from) },
                "to": { "id": spelled(&input.to) },
                "type": typed.kind,
            })),
            Err(refused) => answer.error(between.fault(&refused)),
        }
    }
    Ok(answer.respond_to_write(StatusCode::CREATED))
}

async fn archive(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Inputs<Typed>>,
) -> Result<StatusCode, Fault> {
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let typed = given.at_most(INPUTS_MAX)?;
    let inputs = inputs(&definitions, &between, &typed)?;
    disassociate(&api, &asked.caller, inputs, |refused| {
        between.fault(refused)
    })
    .await
}
