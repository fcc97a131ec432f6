//! What is asked of the routes of records: one by one, in lists, in batches, by links.

use super::{Ask, Need, RECORDS, WHOSE, scope};
use crate::tests::matrix::world::{MASKED, OPEN, TYPES, World};
use axum::http::Method;
use rapport_core::crm::TypeId;
use rapport_core::member::{Access, Action, MemberNo, Owned};
use serde_json::{Value, json};

pub(super) fn records(world: &World, path: &str, plain: &str, method: &Method) -> Option<Vec<Ask>> {
    let mut asks = Vec::new();
    // One spelling of an address is asked for everything, the others whether they are the same.
    let first = ["/crm/v3/objects", "/crm/v4/objects", RECORDS];
    let is_first = first.iter().any(|start| path.starts_with(start)) && !path.ends_with('/');
    for typed in TYPES {
        for whose in WHOSE {
            if is_first || (typed.1 == TypeId::DEAL && whose != "unowned") {
                asks.push(record(world, (path, plain), method, typed, whose)?);
            }
        }
    }
    Some(asks)
}

fn record(
    world: &World,
    (path, plain): (&str, &str),
    method: &Method,
    (name, object): (&str, TypeId),
    whose: &str,
) -> Option<Ask> {
    let id = world.records[&(object, whose)].to_string();
    let owned = world.owned(object, whose);
    let is_native = path.starts_with(RECORDS);
    let path = path.replace("{type}", name).replace("{id}", &id);
    let access = match *method == Method::GET {
        true => Access::Read,
        false => Access::Write,
    };
    let need = |access, records: Vec<(Action, Owned)>| Need {
        scopes: scope(object, access),
        records,
        ..Need::default()
    };
    let ask = |body, need| Ask::new(method, path.clone(), body, need);
    let behind = plain.strip_prefix("/crm/objects/")?;
    let histories = format!(
        "{path}?properties={OPEN},{MASKED},mask_number,hide_text,calc_text,email,hs_email_domain,\
         hs_full_name_or_email,hs_note_body,hs_body_preview,total_revenue\
         &propertiesWithHistory={OPEN},{MASKED},mask_number,hide_text,calc_text,hs_note_body\
         &associations=contacts,companies,deals,notes&limit=50"
    );
    let nothing = json!({ "properties": {} });
    let one = json!({ "inputs": [{ "id": id, "properties": {} }] });
    let view = vec![(Action::View, owned)];
    let edit = vec![(Action::Edit, owned)];
    let archive = vec![(Action::Archive, owned)];
    Some(match (method.as_str(), behind) {
        ("GET", "{type}" | "{type}/board") => {
            let path = match behind {
                "{type}" if is_native => format!("{path}?total=exact"),
                "{type}" => histories,
                _ => format!("{path}?by=hubspot_owner_id&sum=hs_object_id"),
            };
            let path = path.replace("&sum=hs_object_id", "");
            Ask::new(method, path, Value::Null, need(access, Vec::new()))
        }
        ("GET", "{type}/{id}") if is_native => ask(Value::Null, need(access, view)),
        ("GET", "{type}/{id}") => Ask::new(method, histories, Value::Null, need(access, view)),
        ("GET", "{type}/{id}/timeline") => ask(Value::Null, need(access, view)),
        ("POST", "{type}") => {
            let made = world.members.get(whose).map(|no| MemberNo(*no));
            let owner = made.map(|no| no.to_string()).unwrap_or_default();
            let body = json!({ "properties": { "hubspot_owner_id": owner } });
            let made = Owned {
                record: None,
                ..owned
            };
            ask(body, need(access, vec![(Action::Create, made)]))
        }
        ("PATCH", "{type}/{id}") => ask(nothing, need(access, edit)).looks(),
        ("DELETE", "{type}/{id}") | ("POST", "{type}/{id}/restore") => {
            ask(json!({}), need(access, archive))
        }
        ("POST", "{type}/bulk") => {
            // Each fares by itself: what is refused is counted.
            let body = json!({ "ids": [id], "archive": true });
            ask(body, need(access, archive)).missing(200)
        }
        ("POST", "{type}/search") => {
            let body = json!({ "properties": [OPEN, MASKED, "hide_text", "calc_text", "email"],
                "limit": 100 });
            ask(body, need(Access::Read, Vec::new())).looks()
        }
        ("POST", "{type}/batch/read") => {
            let body = json!({ "inputs": [{ "id": id }], "properties": [OPEN, MASKED, "hide_text"],
                "propertiesWithHistory": [MASKED, "hide_text"] });
            ask(body, need(Access::Read, view)).missing(207).looks()
        }
        ("POST", "{type}/batch/update") => ask(one, need(access, edit)).looks(),
        ("POST", "{type}/batch/upsert") => ask(one, need(access, edit)).looks(),
        ("POST", "{type}/batch/archive") => {
            let body = json!({ "inputs": [{ "id": id }] });
            ask(body, need(access, archive)).missing(204)
        }
        ("POST", "{type}/batch/create") => {
            let no = world.members.get(whose).map(ToString::to_string);
            let body = json!({ "inputs": [{
                "properties": { "hubspot_owner_id": no.unwrap_or_default() } }] });
            let made = Owned {
                record: None,
                ..owned
            };
            ask(body, need(access, vec![(Action::Create, made)]))
        }
        ("POST", "{type}/merge") => {
            let other = world.records[&(object, "tim")].to_string();
            let body = json!({ "primaryObjectId": id, "objectIdToMerge": other });
            let both = [owned, world.owned(object, "tim")];
            let seen = both.map(|one| (Action::View, one));
            let merged = both.map(|one| (Action::Merge, one));
            ask(body, need(access, seen.into_iter().chain(merged).collect()))
        }
        // Not there yet, and says so to everybody who is known.
        ("POST", "{type}/gdpr-delete" | "{type}/batch/gdpr-delete") => {
            ask(json!({ "objectId": id }), Need::default()).looks()
        }
        (_, behind) if behind.starts_with("{type}/{id}/associations/") => {
            return linked(world, &path, behind, method, (object, whose));
        }
        _ => return None,
    })
}

fn linked(
    world: &World,
    path: &str,
    behind: &str,
    method: &Method,
    (object, whose): (TypeId, &str),
) -> Option<Ask> {
    let to = world.records[&(TypeId::DEAL, "zoe")];
    let path = path
        .replace("{to_id}", &to.to_string())
        .replace("{to}", "deals")
        .replace("{kind}", "4");
    let own = world.owned(object, whose);
    let access = match *method == Method::GET {
        true => Access::Read,
        false => Access::Write,
    };
    let mut scopes = scope(object, access);
    scopes.extend(scope(TypeId::DEAL, access));
    let mut need = Need {
        scopes,
        ..Need::default()
    };
    if *method == Method::GET {
        need.records = vec![(Action::View, own)];
        return Some(Ask::new(method, path, Value::Null, need));
    }
    if behind.ends_with("{kind}") && object != TypeId::CONTACT {
        // The kind of the address is one of contacts.
        need = Need {
            nothing: true,
            ..Need::default()
        };
        return Some(Ask {
            looks: false,
            ..Ask::new(method, path, json!([]), need)
        });
    }
    let there = world.owned(TypeId::DEAL, "zoe");
    need.records = vec![(Action::Edit, own), (Action::Edit, there)];
    let kinds = json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 4 }]);
    let ask = Ask::new(method, path, kinds, need);
    Some(match *method == Method::DELETE {
        true => ask.missing(204),
        false => ask,
    })
}
