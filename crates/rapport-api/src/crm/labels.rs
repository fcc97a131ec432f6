//! Kinds of links: which there are between two types, their labels, and how many a record may have.

use super::asked::Asked;
use super::batch::Batch;
use super::body::{Body, Inputs};
use super::defining::define;
use super::fault::Fault;
use super::spelling::Spelled;
use super::{paging, reading};
use crate::Api;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use rapport_core::crm::TypeId;
use rapport_core::crm::association::{AssociationType, Category, Kind};
use rapport_core::crm::change::{Definition, LabelDraft};
use rapport_core::entry::Command;
use serde::Deserialize;
use serde_json::{Value, json};

/// Most limits that are set at once.
const INPUTS_MAX: usize = 100;

pub(super) fn routes() -> Router<Api> {
    let limits = "/definitions/configurations";
    Spelled::family("v4", "associations")
        .at("/{type}/{to}/labels", get(all).post(make).put(change))
        .at("/{type}/{to}/labels/{label}", delete(remove))
        .at(&format!("{limits}/all"), get(all_limits))
        .at(&format!("{limits}/{{type}}/{{to}}"), get(limits_between))
        .at(
            &format!("{limits}/{{type}}/{{to}}/batch/create"),
            post(make_limits),
        )
        .at(
            &format!("{limits}/{{type}}/{{to}}/batch/update"),
            post(change_limits),
        )
        .at(
            &format!("{limits}/{{type}}/{{to}}/batch/purge"),
            post(remove_limits),
        )
        .routes()
}

/// The two types of an address.
fn between(api: &Api, asked: &Asked) -> Result<(TypeId, TypeId), Fault> {
    let definitions = reading::definitions(api);
    let from = reading::object(&definitions, asked.at("type"))?.id();
    let to = reading::object(&definitions, asked.at("to"))?.id();
    Ok((from, to))
}

fn shown(one: &AssociationType) -> Value {
    json!({ "category": one.category.word(), "typeId": one.type_id, "label": one.label })
}

async fn all(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let (from, to) = between(&api, &asked)?;
    let definitions = reading::definitions(&api);
    let all = definitions.associations(from, to).map(shown);
    Ok(paging::whole(all.collect()))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Label {
    #[serde(default)]
    name: Option<String>,
    label: String,
    #[serde(default)]
    inverse_label: Option<String>,
    #[serde(default)]
    association_type_id: Option<u32>,
}

impl Label {
    fn draft(self) -> LabelDraft {
        LabelDraft {
            name: self.name.map(Into::into),
            label: Some(self.label.into()),
            inverse_label: self.inverse_label.map(Into::into),
        }
    }
}

/// Makes a label, and answers with both directions, the one that was asked for first.
async fn make(
    State(api): State<Api>,
    asked: Asked,
    Body(label): Body<Label>,
) -> Result<Json<Value>, Fault> {
    let (from, to) = between(&api, &asked)?;
    let command = Command::PutAssociationLabel {
        from,
        to,
        type_id: None,
        draft: label.draft(),
    };
    let made = define(&api, &asked.caller, command).await?;
    let mut directions: Vec<_> = made
        .iter()
        .filter_map(|definition| match definition {
            Definition::Association(one) => Some(&**one),
            _ => None,
        })
        .collect();
    directions.sort_by_key(|one| (one.from, one.to) != (from, to));
    Ok(paging::whole(directions.into_iter().map(shown).collect()))
}

async fn change(
    State(api): State<Api>,
    asked: Asked,
    Body(label): Body<Label>,
) -> Result<StatusCode, Fault> {
    let (from, to) = between(&api, &asked)?;
    let type_id = label
        .association_type_id
        .ok_or_else(|| Fault::invalid("Name the label to change with its `associationTypeId`."))?;
    let command = Command::PutAssociationLabel {
        from,
        to,
        type_id: Some(type_id),
        draft: label.draft(),
    };
    define(&api, &asked.caller, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    let (from, to) = between(&api, &asked)?;
    let text = asked.at("label");
    let type_id = text
        .parse()
        .map_err(|_| Fault::missing(format!("There is no association type {text}.")))?;
    let command = Command::DeleteAssociationLabel { from, to, type_id };
    define(&api, &asked.caller, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn limit(one: &AssociationType) -> Option<Value> {
    let max = one.max?;
    Some(json!({
        "category": one.category.word(),
        "typeId": one.type_id,
        "label": one.label,
        "userEnforcedMaxToObjectIds": max,
    }))
}

async fn all_limits(State(api): State<Api>, _: Asked) -> Json<Value> {
    let definitions = reading::definitions(&api);
    let types = definitions.in_use();
    let all = types.flat_map(|object| definitions.associations_from(object.id()));
    paging::whole(all.filter_map(limit).collect())
}

async fn limits_between(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let (from, to) = between(&api, &asked)?;
    let definitions = reading::definitions(&api);
    let limits = definitions.associations(from, to).filter_map(limit);
    Ok(paging::whole(limits.collect()))
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Limit {
    category: String,
    type_id: u32,
    #[serde(default)]
    max_to_object_ids: Option<u32>,
}

impl Limit {
    fn kind(&self) -> Result<Kind, Fault> {
        let category = Category::from_word(&self.category).ok_or_else(|| {
            Fault::invalid(format!(
                "`{}` is no category of associations.",
                self.category
            ))
        })?;
        Ok(Kind {
            category,
            type_id: self.type_id,
        })
    }
}

async fn make_limits(
    state: State<Api>,
    asked: Asked,
    body: Body<Inputs<Limit>>,
) -> Result<Response, Fault> {
    set(state, asked, body, StatusCode::CREATED).await
}

async fn change_limits(
    state: State<Api>,
    asked: Asked,
    body: Body<Inputs<Limit>>,
) -> Result<Response, Fault> {
    set(state, asked, body, StatusCode::OK).await
}

async fn set(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Inputs<Limit>>,
    success: StatusCode,
) -> Result<Response, Fault> {
    let batch = Batch::begin(&api);
    let (from, to) = between(&api, &asked)?;
    let mut fates = Vec::new();
    for input in given.at_most(INPUTS_MAX)? {
        fates.push(put(&api, &asked, from, to, &input).await);
    }
    let mut answer = batch.done(&api);
    for fate in fates {
        match fate {
            Ok(shown) => answer.result(shown),
            Err(fault) => answer.error(fault),
        }
    }
    Ok(answer.respond_to_write(success))
}

async fn put(
    api: &Api,
    asked: &Asked,
    from: TypeId,
    to: TypeId,
    input: &Limit,
) -> Result<Value, Fault> {
    let kind = input.kind()?;
    let max = input
        .max_to_object_ids
        .filter(|max| *max > 0)
        .ok_or_else(|| {
            Fault::invalid("`maxToObjectIds` says how many a record may have: 1 or more.")
        })?;
    let command = Command::PutAssociationLimit {
        from,
        to,
        kind,
        max: Some(max),
    };
    define(api, &asked.caller, command).await?;
    let definitions = reading::definitions(api);
    let known = definitions.association(from, to, kind.type_id);
    known.and_then(limit).ok_or_else(Fault::internal)
}

async fn remove_limits(
    State(api): State<Api>,
    asked: Asked,
    Body(given): Body<Inputs<Limit>>,
) -> Result<StatusCode, Fault> {
    let (from, to) = between(&api, &asked)?;
    for input in given.at_most(INPUTS_MAX)? {
        let command = Command::PutAssociationLimit {
            from,
            to,
            kind: input.kind()?,
            max: None,
        };
        define(&api, &asked.caller, command).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
