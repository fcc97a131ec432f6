//! The document of the API: every route is in it and nothing else, and what it says of bodies and
//! answers is so.

use super::{Answer, Doors};
use crate::openapi::{account, document, word};
use axum::http::Method;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// Beginnings of the addresses that the document is about; the others take events, or serve pages.
const DOCUMENTED: [&str; 7] = [
    "/account-info/",
    "/api/v1/",
    "/crm-object-schemas/",
    "/crm/",
    "/events/",
    "/oauth/",
    "/webhooks/",
];
/// What is said of operations.
const SAID: &str = include_str!("../openapi/operations.json");

/// Each operation as `GET /path`, with what the document says of it.
fn operations(document: &Value) -> BTreeMap<String, Value> {
    let mut operations = BTreeMap::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let methods = item.as_object().expect("an item").iter();
        for (method, operation) in methods.filter(|(method, _)| *method != "parameters") {
            let key = format!("{} {path}", method.to_ascii_uppercase());
            operations.insert(key, operation.clone());
        }
    }
    operations
}

/// Looks whether a success is one that the document knows: its status, and what its body is. Every
/// answer that any test gets comes by here.
#[track_caller]
pub(super) fn is_as_said(method: &Method, path: &str, answer: &Answer) {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    let is_documented = DOCUMENTED.iter().any(|start| path.starts_with(start));
    if !answer.status.is_success() || !is_documented || *method == Method::HEAD {
        return;
    }
    let document = DOCUMENT.get_or_init(document);
    let key = method.as_str().to_ascii_lowercase();
    let operation = &meant(document, path)[&key];
    let about = format!("{method} {path}: {}", answer.status);
    assert!(operation.is_object(), "{about}: not in the document");
    let said = &operation["responses"][answer.status.as_str()];
    assert!(
        said.is_object(),
        "{about}: the document knows no such answer"
    );
    let types: Vec<&str> = match said["content"].as_object() {
        Some(content) => content.keys().map(String::as_str).collect(),
        None => Vec::new(),
    };
    let given = answer.header("content-type");
    let is_said = match types.is_empty() {
        true => answer.body.is_empty(),
        false => types.contains(&given),
    };
    assert!(
        is_said,
        "{about}: `{given}`, where the document says {types:?}"
    );
}

/// The path of the document that an address is of: what is named goes before what is any.
fn meant<'a>(document: &'a Value, address: &str) -> &'a Value {
    let parts: Vec<&str> = address.trim_end_matches('/').split('/').collect();
    let paths = document["paths"].as_object().expect("paths");
    let leads_there = |path: &str| {
        let path: Vec<&str> = path.split('/').collect();
        let mut both = path.iter().zip(&parts);
        path.len() == parts.len() && both.all(|(own, part)| own == part || own.starts_with('{'))
    };
    let open =
        |path: &str| -> Vec<bool> { path.split('/').map(|part| part.starts_with('{')).collect() };
    let found = paths.iter().filter(|(path, _)| leads_there(path));
    let found = found.max_by_key(|(path, _)| Reverse(open(path)));
    found.map_or(&Value::Null, |(_, item)| item)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_router_is_in_the_document_and_nothing_else() {
    let doors = Doors::open().await;
    let mut live = BTreeSet::new();
    for (path, methods) in account::routes(&doors.router) {
        let is_documented = DOCUMENTED.iter().any(|start| path.starts_with(start));
        if is_documented && !path.ends_with('/') {
            live.extend(methods.iter().map(|method| format!("{method} {path}")));
        }
    }
    assert!(live.len() > 300, "{}", live.len());
    let served = doors.get("/api/v1/openapi.json").await.good();
    assert_eq!(served, document());
    let written: BTreeSet<String> = operations(&served).into_keys().collect();
    let missing: Vec<_> = live.difference(&written).collect();
    let invented: Vec<_> = written.difference(&live).collect();
    assert_eq!((missing, invented), (vec![], vec![]));
}

#[test]
fn what_is_said_is_of_operations_that_are_there_and_every_name_leads_somewhere() {
    let document = document();
    let operations = operations(&document);
    let words: BTreeSet<String> = operations
        .keys()
        .map(|key| {
            let (method, path) = key.split_once(' ').expect("a method");
            word(path, &method.parse::<Method>().expect("a method"))
        })
        .collect();
    let said: BTreeMap<String, Value> = serde_json::from_str(SAID).expect("JSON");
    let gone: Vec<_> = said.keys().filter(|word| !words.contains(*word)).collect();
    assert!(gone.is_empty(), "{gone:?}");
    // Whatever shows records, views, bulks, profiles or segments says what it answers.
    let bare = operations.iter().filter(|(key, operation)| {
        let resources = ["records", "views", "bulk", "profiles", "segments"];
        let tag = operation["tags"][0].as_str().unwrap_or_default();
        resources.contains(&tag) && !key.is_empty() && !answers_are_told(operation)
    });
    let bare: Vec<&str> = bare.map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        bare,
        [
            "GET /api/v1/profiles/{reference}/merges",
            "GET /api/v1/segments/{key}/changes",
            "GET /api/v1/segments/{key}/explain",
            "GET /api/v1/segments/{key}/overlap",
            "GET /api/v1/segments/{key}/sizes",
            "POST /api/v1/segments/{key}",
            "POST /api/v1/segments/{key}/freeze",
        ]
    );
    let ids: BTreeSet<&str> = operations
        .values()
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    assert_eq!(ids.len(), operations.len());
    let text = document.to_string();
    for name in text.split("\"#/").skip(1) {
        let pointer = format!("/{}", name.split('"').next().expect("an end"));
        assert!(document.pointer(&pointer).is_some(), "{pointer}");
    }
}

/// Whether every answer that has a body has a schema.
fn answers_are_told(operation: &Value) -> bool {
    let answers = operation["responses"].as_object().expect("answers");
    let json = answers
        .values()
        .filter_map(|answer| answer["content"].get("application/json"));
    json.into_iter()
        .all(|content| content.get("schema").is_some())
}

/// Holds bodies and answers against the document.
struct Held<'a> {
    doors: &'a Doors,
    document: Value,
    used: BTreeSet<String>,
}

impl Held<'_> {
    fn hold(&self, pointer: &Value, value: &Value, about: &str) {
        let mut schema = pointer.clone();
        schema["components"] = self.document["components"].clone();
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let wrong: Vec<String> = validator
            .iter_errors(value)
            .map(|error| error.to_string())
            .collect();
        assert!(wrong.is_empty(), "{about}: {wrong:#?}\n{value:#}");
    }

    /// Sends to a path with its parameters filled in.
    async fn send(&mut self, method: Method, path: &str, filled: &str, body: Value) -> Value {
        let key = method.as_str().to_ascii_lowercase();
        let operation = self.document["paths"][path][&key].clone();
        let about = format!("{method} {filled}");
        assert!(operation.is_object(), "{about} is not in the document");
        let text = match &body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let answer = self.doors.call(method, filled, text).await;
        let status = answer.status.as_u16();
        let json = "application~1json/schema";
        if !body.is_null() && status < 300 {
            let schema = operation.pointer(&format!("/requestBody/content/{json}"));
            self.hold(schema.expect(&about), &body, &about);
        }
        let said = &operation["responses"][status.to_string()];
        let said = match (said.is_null(), status) {
            (true, 400..) => {
                let name = operation["responses"]["default"]["$ref"].as_str();
                let pointer = name.and_then(|name| name.strip_prefix('#')).expect(&about);
                self.document.pointer(pointer).expect(&about).clone()
            }
            _ => said.clone(),
        };
        assert!(said.is_object(), "{about}: {status} is not in the document");
        self.used.insert(format!("{key} {path}"));
        let Some(schema) = said.pointer(&format!("/content/{json}")) else {
            assert!(answer.body.is_empty(), "{about}");
            return Value::Null;
        };
        let value = answer.json();
        self.hold(schema, &value, &about);
        value
    }

    async fn get(&mut self, path: &str, filled: &str) -> Value {
        self.send(Method::GET, path, filled, Value::Null).await
    }
}

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_views_and_bulks_are_as_the_document_says() {
    let doors = Doors::open().await;
    let mut held = Held {
        doors: &doors,
        document: document(),
        used: BTreeSet::new(),
    };
    let (records, record) = ("/api/v1/records/{type}", "/api/v1/records/{type}/{id}");
    let deals = "/api/v1/records/deals";
    let draft = json!({ "properties": { "dealname": "Cheese", "amount": 5, "closedate": null } });
    let deal = id(&held.send(Method::POST, records, deals, draft).await);
    let path = format!("{deals}/{deal}");
    let change = json!({ "properties": { "amount": 7.5 } });
    held.send(Method::PATCH, record, &path, change).await;
    held.get(record, &path).await;
    held.get(record, &format!("{deals}/4711")).await;
    held.get(records, &format!("{deals}?total=exact&limit=1"))
        .await;
    held.get(records, &format!("{deals}?sort=-unheard")).await;
    let note = json!({ "properties": { "hs_note_body": "Called", "hs_timestamp": "2026-11-01T10:00:00Z" },
        "associations": [{ "to": { "id": deal }, "types": [
            { "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 214 }] }] });
    held.send(
        Method::POST,
        "/crm/v3/objects/{type}",
        "/crm/v3/objects/notes",
        note,
    )
    .await;
    let told = held
        .get(&format!("{record}/timeline"), &format!("{path}/timeline"))
        .await;
    assert!(
        told["results"]
            .as_array()
            .is_some_and(|told| told.len() > 2)
    );
    let board = format!("{deals}/board?by=dealname&sum=amount");
    held.get(&format!("{records}/board"), &board).await;
    held.send(Method::DELETE, record, &path, Value::Null).await;
    let restore = format!("{path}/restore");
    held.send(
        Method::POST,
        &format!("{record}/restore"),
        &restore,
        Value::Null,
    )
    .await;
    let (views, view) = ("/api/v1/views", "/api/v1/views/{id}");
    let draft = json!({ "object": "deals", "name": "Large", "words": "cheese", "sort": ["-amount"],
        "filters": [[{ "property": "amount", "operator": "between", "value": 1, "high": 9 }],
            [{ "property": "dealname", "operator": "in", "values": ["a", "b"] }]],
        "columns": ["dealname"], "board": { "by": "dealstage", "sum": ["amount"] }, "shared": "everybody" });
    let made = id(&held.send(Method::POST, views, views, draft.clone()).await);
    let path = format!("{views}/{made}");
    held.get(views, views).await;
    held.get(view, &path).await;
    held.send(Method::PUT, view, &path, draft).await;
    held.send(Method::DELETE, view, &path, Value::Null).await;
    let (bulks, bulk) = ("/api/v1/bulk", "/api/v1/bulk/{id}");
    let draft = json!({ "ids": [deal, "4711"], "set": { "amount": 9 } });
    let begun = held
        .send(
            Method::POST,
            &format!("{records}/bulk"),
            &format!("{deals}/bulk"),
            draft,
        )
        .await;
    let path = format!("{bulks}/{}", id(&begun));
    held.get(bulks, bulks).await;
    while held.get(bulk, &path).await["state"] == "running" {
        tokio::task::yield_now().await;
    }
    held.get(&format!("{bulk}/records"), &format!("{path}/records"))
        .await;
    for word in ["undo", "stop"] {
        let (path, said) = (format!("{path}/{word}"), format!("{bulk}/{word}"));
        held.send(Method::POST, &said, &path, Value::Null).await;
    }
    let tags = ["records", "views", "bulk"];
    let all = operations(&held.document);
    let all = all.iter().filter(|(_, said)| {
        let tag = said["tags"][0].as_str();
        tag.is_some_and(|tag| tags.contains(&tag))
    });
    for (key, _) in all {
        let (method, path) = key.split_once(' ').expect("a method");
        let key = format!("{} {path}", method.to_ascii_lowercase());
        assert!(
            held.used.contains(&key),
            "{key} is not held against the document"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_segments_and_the_dialect_are_as_the_document_says() {
    let doors = Doors::open().await;
    let mut held = Held {
        doors: &doors,
        document: document(),
        used: BTreeSet::new(),
    };
    for (user, email) in [("ada", "ada@example.org"), ("bob", "bob@example.org")] {
        let call = json!({ "type": "identify", "userId": user, "messageId": user,
            "traits": { "email": email, "plan": "gold" } });
        let batch = json!({ "batch": [call, { "type": "track", "event": "Cheese Seen", "userId": user,
            "messageId": format!("{user}-2"), "properties": { "price": 3 } }] });
        doors.track("/v1/batch", batch.to_string()).await;
    }
    doors.settle().await;
    let profile = "/api/v1/profiles/{reference}";
    let ada = "/api/v1/profiles/user_id:ada";
    held.get(profile, ada).await;
    held.get(profile, "/api/v1/profiles/nonsense").await;
    held.get(
        &format!("{profile}/identifiers"),
        &format!("{ada}/identifiers"),
    )
    .await;
    held.get(&format!("{profile}/timeline"), &format!("{ada}/timeline"))
        .await;
    let (segments, segment) = ("/api/v1/segments", "/api/v1/segments/{key}");
    let draft = json!({ "name": "Gold", "rule": "attribute plan = \"gold\"" });
    let gold = "/api/v1/segments/gold";
    held.send(Method::PUT, segment, gold, draft).await;
    while held.get(segment, gold).await["state"] != "live" {
        tokio::task::yield_now().await;
    }
    held.get(segments, segments).await;
    let members = held
        .get(&format!("{segment}/members"), &format!("{gold}/members"))
        .await;
    assert_eq!(members["results"].as_array().map(Vec::len), Some(2));
    held.send(Method::DELETE, segment, gold, Value::Null).await;
    let both = json!({ "left": "user_id:ada", "right": "user_id:bob" });
    let merge = "/api/v1/profiles/merge";
    held.send(Method::POST, merge, merge, both).await;
    for base in ["/crm/v3/objects/{type}", "/crm/objects/2026-09/{type}"] {
        let companies = base.replace("{type}", "companies");
        let draft = json!({ "properties": { "name": "Dairy" } });
        let dairy = id(&held.send(Method::POST, base, &companies, draft).await);
        let (record, path) = (format!("{base}/{{id}}"), format!("{companies}/{dairy}"));
        held.get(base, &format!("{companies}?limit=1&associations=contacts"))
            .await;
        held.get(&record, &format!("{path}?propertiesWithHistory=name"))
            .await;
        held.get(&record, &format!("{companies}/4711")).await;
        let change = json!({ "properties": { "name": "Dairies" } });
        held.send(Method::PATCH, &record, &path, change).await;
        let search = json!({ "filterGroups": [{ "filters": [
            { "propertyName": "name", "operator": "EQ", "value": "Dairies" }] }], "limit": 1 });
        let (said, sent) = (format!("{base}/search"), format!("{companies}/search"));
        held.send(Method::POST, &said, &sent, search).await;
        let inputs = [
            ("create", json!([{ "properties": { "name": "One" } }])),
            ("read", json!([{ "id": dairy }, { "id": "4711" }])),
            (
                "update",
                json!([{ "id": dairy, "properties": { "name": "Two" } }]),
            ),
            ("archive", json!([{ "id": dairy }])),
        ];
        for (word, inputs) in inputs {
            let (said, sent) = (
                format!("{base}/batch/{word}"),
                format!("{companies}/batch/{word}"),
            );
            held.send(Method::POST, &said, &sent, json!({ "inputs": inputs }))
                .await;
        }
        held.send(Method::DELETE, &record, &path, Value::Null).await;
    }
}
