//! Lists: segments as the dialect knows them. A dynamic list is a segment with a rule; a manual one
//! is a list whose members are named.

use super::asked::Asked;
use super::body::{Body, Text};
use super::fault::Fault;
use super::reading;
use super::spelling::Spelled;
use crate::Api;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use rapport_core::crm::TypeId;
use rapport_core::entry::Command;
use rapport_core::segment;
use rapport_core::segment::registry::{Build, Definition};
use serde::Deserialize;
use serde_json::{Value, json};

mod filter;
mod folders;
mod memberships;
mod search;

/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 200;
const MANUAL: &str = "MANUAL";
const DYNAMIC: &str = "DYNAMIC";

pub(super) fn routes() -> Router<Api> {
    let lists = Spelled::family("v3", "lists")
        .at("", get(all).post(make))
        .at("/search", post(search::search))
        .at("/idmapping", get(same_id).post(same_ids))
        .at("/object-type-id/{type}/name/{name}", get(by_name))
        .at("/{id}", get(one).delete(remove))
        .at("/{id}/restore", put(restore))
        .at("/{id}/update-list-name", put(rename))
        .at("/{id}/update-list-filters", put(refilter));
    lists
        .routes()
        .merge(memberships::routes())
        .merge(folders::routes())
}

/// The list of a number.
fn find(api: &Api, id: &str) -> Result<Definition, Fault> {
    let registry = api.rapport.registry();
    let number: Option<u32> = id.parse().ok();
    let mut segments = registry.segments().iter();
    let found = segments.find(|one| Some(one.no.0) == number).cloned();
    found.ok_or_else(|| {
        Fault::missing(format!("List does not exist with ID {id}."))
            .kind("ILS.LIST_NOT_FOUND")
            .about("listId", id)
    })
}

fn is_manual(definition: &Definition) -> bool {
    segment::list::name(&definition.rule).is_some()
}

fn processing_type(definition: &Definition) -> &'static str {
    if is_manual(definition) {
        MANUAL
    } else {
        DYNAMIC
    }
}

/// A list, with its filters where they are asked for and can be said in the dialect.
fn shown(api: &Api, definition: &Definition, with_filters: bool) -> Value {
    let is_built = definition.build == Build::Complete;
    let at = definition.since_received.to_string();
    let mut shown = json!({
        "listId": definition.no.0.to_string(),
        "listVersion": definition.version,
        "name": definition.name,
        "objectTypeId": TypeId::CONTACT.to_string(),
        "processingType": processing_type(definition),
        "processingStatus": if is_built { "COMPLETE" } else { "PROCESSING" },
        "size": api.rapport.segment_size(definition.no),
        "createdAt": at,
        "updatedAt": at,
        "filtersUpdatedAt": at,
    });
    let definitions = reading::definitions(api);
    if with_filters
        && !is_manual(definition)
        && let Some(contacts) = definitions.get(TypeId::CONTACT)
        && let Some(branch) = filter::spelled(contacts, &definition.rule)
    {
        shown["filterBranch"] = branch;
    }
    shown
}

async fn all(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let with_filters = asked.flag("includeFilters")?;
    let ids = asked.all("listIds");
    let registry = api.rapport.registry();
    let lists = registry.segments().iter();
    let lists = lists.filter(|one| ids.is_empty() || ids.contains(&one.no.0.to_string()));
    let lists: Vec<_> = lists.map(|one| shown(&api, one, with_filters)).collect();
    Ok(Json(json!({ "lists": lists })))
}

async fn one(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let list = find(&api, asked.at("id"))?;
    let shown = shown(&api, &list, asked.flag("includeFilters")?);
    Ok(Json(json!({ "list": shown })))
}

async fn by_name(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    of_contacts(&api, asked.at("type"))?;
    let name = asked.at("name");
    let list = named(&api, name).ok_or_else(|| {
        Fault::missing(format!("There is no list with the name \"{name}\"."))
            .kind("ILS.LIST_NOT_FOUND")
            .about("listName", name)
    })?;
    let shown = shown(&api, &list, asked.flag("includeFilters")?);
    Ok(Json(json!({ "list": shown })))
}

fn named(api: &Api, name: &str) -> Option<Definition> {
    let registry = api.rapport.registry();
    let mut segments = registry.segments().iter();
    segments
        .find(|one| one.name.eq_ignore_ascii_case(name))
        .cloned()
}

/// Lists hold contacts.
fn of_contacts(api: &Api, spelling: &str) -> Result<(), Fault> {
    let definitions = reading::definitions(api);
    let object = reading::object(&definitions, spelling)?;
    if object.id() == TypeId::CONTACT {
        return Ok(());
    }
    Err(Fault::invalid(format!(
        "Lists hold contacts (`0-1`); lists of {} are not there.",
        object.head.plural
    )))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    name: String,
    object_type_id: Text,
    processing_type: String,
    #[serde(default)]
    filter_branch: Option<Value>,
}

async fn make(
    State(api): State<Api>,
    asked: Asked,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>, Fault> {
    of_contacts(&api, &wanted.object_type_id.0)?;
    let name = checked_name(&api, &wanted.name, None)?;
    let key = free_key(&api, &name);
    let branch = wanted.filter_branch.filter(|branch| !branch.is_null());
    let rule = match (wanted.processing_type.as_str(), branch) {
        (MANUAL, None) | ("SNAPSHOT", None) => {
            let now = api.rapport.clock().now().0;
            segment::list::rule(&format!("{key}:{now}")).ok_or_else(Fault::internal)?
        }
        (DYNAMIC, Some(branch)) => filter::rule(&api, &branch)?,
        (DYNAMIC, None) => {
            return Err(Fault::invalid("A DYNAMIC list needs a `filterBranch`."));
        }
        (MANUAL, Some(_)) => {
            return Err(Fault::invalid("A MANUAL list has no `filterBranch`."));
        }
        ("SNAPSHOT", Some(_)) => {
            return Err(Fault::invalid(
                "A SNAPSHOT list with filters is not there: make a DYNAMIC one, and a MANUAL one \
                 that takes its members with `memberships/add-from`.",
            ));
        }
        (other, _) => {
            return Err(Fault::invalid(format!(
                "`processingType` is MANUAL, DYNAMIC or SNAPSHOT, not `{other}`."
            )));
        }
    };
    put_segment(&api, &asked, &key, &name, rule.to_string()).await?;
    let registry = api.rapport.registry();
    let made = registry.get(&key).ok_or_else(Fault::internal)?;
    Ok(Json(json!({ "list": shown(&api, made, true) })))
}

async fn put_segment(
    api: &Api,
    asked: &Asked,
    key: &str,
    name: &str,
    rule: String,
) -> Result<(), Fault> {
    let command = Command::PutSegment {
        key: key.to_owned(),
        name: name.to_owned(),
        rule,
    };
    api.rapport.command(&asked.caller.actor, command).await?;
    Ok(())
}

/// A name that no other list has.
fn checked_name(api: &Api, name: &str, own: Option<&Definition>) -> Result<String, Fault> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(Fault::invalid(format!(
            "A list's `name` has 1 to {NAME_CHARS_MAX} characters."
        )));
    }
    let other = named(api, name).filter(|other| own.is_none_or(|own| own.no != other.no));
    match other {
        None => Ok(name.to_owned()),
        Some(other) => {
            let fault = Fault::invalid(format!("The name \"{name}\" is already used by a list."));
            let fault = fault.kind("ILS.DUPLICATE_LIST_NAMES");
            Err(fault.about("listId", other.no.0.to_string()))
        }
    }
}

/// A key made of a name, that no segment has.
fn free_key(api: &Api, name: &str) -> String {
    const CHARS: usize = 40;
    let plain = |letter: char| {
        let letter = letter.to_ascii_lowercase();
        if letter.is_ascii_lowercase() || letter.is_ascii_digit() {
            letter
        } else {
            '_'
        }
    };
    let stem: String = name.chars().take(CHARS).map(plain).collect();
    let stem = match stem.trim_matches('_') {
        "" => "list",
        stem => stem,
    };
    let registry = api.rapport.registry();
    let mut keys =
        std::iter::once(stem.to_owned()).chain((2_u32..).map(|number| format!("{stem}_{number}")));
    keys.find(|key| registry.get(key).is_none())
        .unwrap_or_else(|| stem.to_owned())
}

async fn remove(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    let list = find(&api, asked.at("id"))?;
    let key = list.key.to_string();
    let command = Command::DeleteSegment { key };
    api.rapport.command(&asked.caller.actor, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn restore(_: Asked) -> Fault {
    Fault::not_yet("Deleted lists are not kept: make the list again.")
}

async fn rename(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let list = find(&api, asked.at("id"))?;
    let name = asked.one("listName").unwrap_or_default();
    let name = checked_name(&api, name, Some(&list))?;
    put_segment(&api, &asked, &list.key, &name, list.rule.to_string()).await?;
    let list = find(&api, asked.at("id"))?;
    let shown = shown(&api, &list, asked.flag("includeFilters")?);
    Ok(Json(json!({ "updatedList": shown })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refilter {
    filter_branch: Value,
}

async fn refilter(
    State(api): State<Api>,
    asked: Asked,
    Body(refilter): Body<Refilter>,
) -> Result<Json<Value>, Fault> {
    let list = find(&api, asked.at("id"))?;
    if is_manual(&list) {
        return Err(Fault::invalid("A MANUAL list has no filters."));
    }
    let rule = filter::rule(&api, &refilter.filter_branch)?;
    put_segment(&api, &asked, &list.key, &list.name, rule.to_string()).await?;
    let list = find(&api, asked.at("id"))?;
    Ok(Json(json!({ "updatedList": shown(&api, &list, true) })))
}

/// Lists never had other ids here.
async fn same_id(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let id = asked.one("legacyListId").unwrap_or_default();
    find(&api, id)?;
    Ok(Json(json!({ "listId": id, "legacyListId": id })))
}

async fn same_ids(State(api): State<Api>, _: Asked, Body(ids): Body<Vec<Text>>) -> Json<Value> {
    let (mut there, mut missing) = (Vec::new(), Vec::new());
    for Text(id) in ids {
        match find(&api, &id) {
            Ok(_) => there.push(json!({ "listId": id, "legacyListId": id })),
            Err(_) => missing.push(id),
        }
    }
    Json(json!({ "legacyListIdsToIdsMapping": there, "missingLegacyListIds": missing }))
}
