//! What is asked of the routes of apps: where they are told, and of what.

use super::{Ask, Need};
use crate::tests::matrix::world::{APP, SUBSCRIPTIONS, World};
use axum::http::Method;
use rapport_core::crm::TypeId;
use rapport_core::member::{Access, Area, Scope};
use serde_json::{Value, json};

pub(super) fn webhooks(
    world: &World,
    path: &str,
    plain: &str,
    method: &Method,
) -> Option<Vec<Ask>> {
    let path = path.replace("{app}", APP);
    let area = |access| vec![Scope::Area(Area::Destinations, access)];
    let looks = Need {
        scopes: area(Access::Read),
        ..Need::default()
    };
    // Who may hear of records of these types.
    let hears = |types: &[TypeId]| {
        let reads = types.iter();
        let reads = reads.map(|object| Scope::RecordsOf(*object, Access::Read));
        Need {
            scopes: area(Access::Write).into_iter().chain(reads).collect(),
            whole: types.to_vec(),
            ..Need::default()
        }
    };
    let ask = |path: String, body, need| Ask::new(method, path, body, need);
    let behind = plain.strip_prefix("/webhooks/{app}/")?;
    let told = SUBSCRIPTIONS.iter().enumerate();
    // What each is of, by the number it was given.
    let told = told.map(|(place, (event, property, object))| {
        let ends = ends(world, event, *object);
        (place + 1, (*event, *property), ends)
    });
    Some(match (method.as_str(), behind) {
        ("GET", "settings" | "subscriptions") => vec![ask(path, Value::Null, looks)],
        ("GET", "subscriptions/{id}") => {
            vec![ask(path.replace("{id}", "1"), Value::Null, looks)]
        }
        ("PUT", "settings") => {
            // Whoever leads an app elsewhere hears all it does.
            let all: Vec<TypeId> = told.flat_map(|(_, _, ends)| ends).collect();
            let body = json!({ "targetUrl": "https://elsewhere.example.org" });
            vec![ask(path, body, hears(&all))]
        }
        ("DELETE", "settings" | "subscriptions/{id}") => {
            let path = path.replace("{id}", "1");
            vec![ask(path, Value::Null, hears(&[]))]
        }
        ("POST", "subscriptions") => {
            let asks = told.map(|(_, (event, property), ends)| {
                let mut body = json!({ "eventType": event, "active": true });
                if !property.is_empty() {
                    body["propertyName"] = json!(property);
                }
                ask(path.clone(), body, hears(&ends))
            });
            asks.collect()
        }
        ("PATCH", "subscriptions/{id}") => {
            let asks = told.map(|(no, _, ends)| {
                let path = path.replace("{id}", &no.to_string());
                ask(path, json!({ "active": false }), hears(&ends))
            });
            asks.collect()
        }
        ("POST", "subscriptions/batch/update") => {
            let asks = told.map(|(no, _, ends)| {
                let body = json!({ "inputs": [{ "id": no, "active": false }] });
                ask(path.clone(), body, hears(&ends))
            });
            asks.collect()
        }
        _ => return None,
    })
}

/// The types that an event names records of.
fn ends(world: &World, event: &str, object: TypeId) -> Vec<TypeId> {
    let mut ends = vec![object];
    if event.ends_with(".associationChange") {
        let definitions = world.doors.rapport.definitions();
        ends.extend(definitions.associations_from(object).map(|one| one.to));
    }
    ends
}
