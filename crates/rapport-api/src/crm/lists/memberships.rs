//! Who is on a list, and who is put on it and taken off.

use super::{Asked, find, is_manual, of_contacts};
use crate::Api;
use crate::crm::body::{Body, Text};
use crate::crm::fault::Fault;
use crate::crm::spelling::Spelled;
use crate::crm::{paging, reading};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use rapport_core::crm::TypeId;
use rapport_core::entry::{Command, Reference};
use rapport_core::identity::ProfileNo;
use rapport_core::segment::registry::Definition;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const LIMIT: usize = 100;
const LIMIT_MAX: usize = 250;
/// Most records that one request puts on a list or takes off it.
const RECORDS_MAX: usize = 10_000;

pub(super) fn routes() -> Router<Api> {
    Spelled::family("v3", "lists")
        .at("/{id}/memberships", get(list).delete(remove_all))
        .at("/{id}/memberships/join-order", get(list))
        .at("/{id}/memberships/add", put(add))
        .at("/{id}/memberships/remove", put(remove))
        .at("/{id}/memberships/add-and-remove", put(add_and_remove))
        .at("/{id}/memberships/add-from/{source}", put(add_from))
        .at("/records/{type}/{record}/memberships", get(of_record))
        .routes()
}

/// A list whose members are named.
fn manual(api: &Api, asked: &Asked) -> Result<Definition, Fault> {
    let list = find(api, asked.at("id"))?;
    if is_manual(&list) {
        return Ok(list);
    }
    Err(Fault::invalid(format!(
        "The members of list {} follow from its filters: they cannot be named.",
        list.no.0
    ))
    .kind("ILS.INVALID_LIST_PROCESSING_TYPE"))
}

async fn list(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let list = find(&api, asked.at("id"))?;
    let after = asked.after::<u64>()?.map(ProfileNo);
    let limit = asked.limit(LIMIT, LIMIT_MAX)?;
    let (members, next) = api.rapport.members(list.no, after, limit).await?;
    let results = members.iter().filter_map(|profile| {
        let membership = profile.memberships.get(list.no)?;
        Some(json!({
            "recordId": profile.number.0.to_string(),
            "membershipTimestamp": membership.entered_at.to_string(),
        }))
    });
    let mut page = json!({
        "results": results.collect::<Vec<_>>(),
        "total": api.rapport.segment_size(list.no),
    });
    paging::add(&mut page, &asked, next.map(|next| next.0));
    Ok(Json(page))
}

async fn of_record(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    of_contacts(&api, asked.at("type"))?;
    let definitions = reading::definitions(&api);
    let contacts = reading::object(&definitions, &TypeId::CONTACT.to_string())?;
    let id = asked.at("record");
    let number = reading::number(contacts, id)?;
    let profile = api
        .rapport
        .profile(&Reference::Number(ProfileNo(number.0)))
        .await?;
    let profile = profile.ok_or_else(|| reading::missing(contacts, id))?;
    let registry = api.rapport.registry();
    let results: Vec<_> = profile
        .memberships
        .iter()
        .filter_map(|membership| {
            let mut segments = registry.segments().iter();
            let list = segments.find(|list| list.no == membership.segment)?;
            let at = membership.entered_at.to_string();
            Some(json!({
                "listId": list.no.0.to_string(),
                "listVersion": list.version,
                "firstAddedTimestamp": at,
                "lastAddedTimestamp": at,
            }))
        })
        .collect();
    Ok(Json(json!({ "total": results.len(), "results": results })))
}

/// What became of ids: those that were put on the list or taken off, and those of nobody.
#[derive(Default)]
struct Fate {
    done: Vec<String>,
    missing: Vec<String>,
}

async fn change(api: &Api, list: &Definition, on: bool, ids: Vec<Text>) -> Result<Fate, Fault> {
    if ids.len() > RECORDS_MAX {
        return Err(Fault::invalid(format!(
            "At most {RECORDS_MAX} records are taken at once: send the others in another request."
        )));
    }
    let mut fate = Fate::default();
    let mut seen = BTreeSet::new();
    let mut references = Vec::new();
    let mut names = Vec::new();
    for Text(id) in ids {
        match id.parse() {
            Ok(number) if seen.insert(number) => {
                references.push(Reference::Number(ProfileNo(number)));
                names.push(id);
            }
            Ok(_) => {}
            Err(_) => fate.missing.push(id),
        }
    }
    if references.is_empty() {
        return Ok(fate);
    }
    let report = api.rapport.change_list(&list.key, on, &references).await?;
    let unknown: BTreeSet<usize> = report.problems.iter().map(|(place, _)| *place).collect();
    for (place, name) in names.into_iter().enumerate() {
        if unknown.contains(&place) {
            fate.missing.push(name);
        } else if report.places.contains(&place) {
            fate.done.push(name);
        }
    }
    Ok(fate)
}

fn answered(added: Fate, removed: Fate) -> Json<Value> {
    let mut missing = added.missing;
    missing.extend(removed.missing);
    Json(json!({
        "recordsIdsAdded": added.done,
        "recordIdsRemoved": removed.done,
        "recordIdsMissing": missing,
    }))
}

async fn add(
    State(api): State<Api>,
    asked: Asked,
    Body(ids): Body<Vec<Text>>,
) -> Result<Json<Value>, Fault> {
    let list = manual(&api, &asked)?;
    let added = change(&api, &list, true, ids).await?;
    Ok(answered(added, Fate::default()))
}

async fn remove(
    State(api): State<Api>,
    asked: Asked,
    Body(ids): Body<Vec<Text>>,
) -> Result<Json<Value>, Fault> {
    let list = manual(&api, &asked)?;
    let removed = change(&api, &list, false, ids).await?;
    Ok(answered(Fate::default(), removed))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Both {
    record_ids_to_add: Vec<Text>,
    record_ids_to_remove: Vec<Text>,
}

async fn add_and_remove(
    State(api): State<Api>,
    asked: Asked,
    Body(both): Body<Both>,
) -> Result<Json<Value>, Fault> {
    let list = manual(&api, &asked)?;
    let added = change(&api, &list, true, both.record_ids_to_add).await?;
    let removed = change(&api, &list, false, both.record_ids_to_remove).await?;
    Ok(answered(added, removed))
}

/// Puts everybody who is on another list now on this one; they follow one after another.
async fn add_from(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    let list = manual(&api, &asked)?;
    let source = find(&api, asked.at("source"))?;
    let command = Command::FreezeSegment {
        segment: source.key.to_string(),
        list: list.key.to_string(),
    };
    api.rapport.command(&asked.caller.actor, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove_all(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    let list = manual(&api, &asked)?;
    let mut after = None;
    loop {
        let (members, next) = api.rapport.members(list.no, after, LIMIT_MAX).await?;
        let numbers = members
            .iter()
            .map(|profile| Reference::Number(profile.number));
        api.rapport
            .change_list(&list.key, false, &numbers.collect::<Vec<_>>())
            .await?;
        match next {
            Some(next) => after = Some(next),
            None => return Ok(StatusCode::NO_CONTENT),
        }
    }
}
