//! The document of the API: OpenAPI 3.1, made of the routes that the router has, of what each needs,
//! and of what is said of their bodies and answers.
//!
//! Nothing is in it because somebody listed it: a route that is made is in the document, and one that
//! is taken away is not. What is said of bodies and answers is held against real ones by a test.

use crate::{Api, crm, native};
use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

pub(crate) mod account;
mod security;

/// What is said of operations, by method and path: of the native API behind `/api/v1`, of the
/// HubSpot-compatible one without a version. `[View]` is a page of views.
const OPERATIONS: &str = include_str!("openapi/operations.json");
/// Schemas, parameters, errors, and who may ask.
const COMPONENTS: &str = include_str!("openapi/components.json");

pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/openapi.json", get(show))
}

async fn show() -> Response {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| Bytes::from(document().to_string()));
    let json = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, json)], document.clone()).into_response()
}

/// The whole document.
pub(crate) fn document() -> Value {
    let said = read(OPERATIONS);
    let mut components = read(COMPONENTS);
    if let Some(parameters) = components["parameters"].as_object_mut() {
        for (name, parameter) in parameters {
            let name = name.strip_suffix("OfHubspot").unwrap_or(name);
            parameter["name"] = json!(name);
            parameter["in"] = json!("query");
        }
    }
    let router = native::resources()
        .merge(crm::families())
        .merge(crm::open_routes());
    let mut paths = Map::new();
    for (path, methods) in account::routes(&router) {
        // A slash at the end is no matter.
        if path.ends_with('/') {
            continue;
        }
        let operations = methods.iter().map(|method| {
            let key = method.as_str().to_ascii_lowercase();
            (key, operation(&said, &path, method))
        });
        let mut item: Map<String, Value> = operations.collect();
        let named = path.split('/').filter_map(|part| {
            let name = part.strip_prefix('{')?.strip_suffix('}')?;
            let schema = json!({ "type": "string" });
            Some(json!({ "name": name, "in": "path", "required": true, "schema": schema }))
        });
        let named: Vec<Value> = named.collect();
        if !named.is_empty() {
            item.insert("parameters".to_owned(), json!(named));
        }
        paths.insert(path, Value::Object(item));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rapport",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The native API, and the one that HubSpot's clients speak.",
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": components,
    })
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// The word under which something is said of an operation.
pub(crate) fn word(path: &str, method: &Method) -> String {
    match path.strip_prefix("/api/v1") {
        Some(behind) => format!("{method} {behind}"),
        None => format!("{method} {}", account::plain(path)),
    }
}

fn operation(said: &Value, path: &str, method: &Method) -> Value {
    let word = word(path, method);
    let own = &said[&word];
    let plain = account::plain(path);
    let mut parts = plain.trim_start_matches("/api").split('/').skip(1);
    let tag = match account::is_native(path) {
        true => parts.next().unwrap_or_default().to_owned(),
        false => format!(
            "HubSpot: {}",
            parts
                .take(2)
                .filter(|part| !part.starts_with('{'))
                .collect::<Vec<_>>()
                .join(" ")
        ),
    };
    let mut operation = json!({
        "operationId": id(path, method),
        "tags": [tag],
        "summary": own["summary"].as_str().unwrap_or(&word),
        "security": security::of(path, method),
        "responses": responses(own, path, method),
    });
    if let Some(names) = own["query"].as_array() {
        let names = names.iter().filter_map(Value::as_str);
        let references = names.map(|name| reference("parameters", name));
        operation["parameters"] = json!(references.collect::<Vec<_>>());
    }
    let takes = [Method::POST, Method::PUT, Method::PATCH].contains(method);
    if let Some(media) = own["takes"].as_array() {
        let media = media.iter().filter_map(Value::as_str);
        let content: Map<String, Value> =
            media.map(|media| (media.to_owned(), json!({}))).collect();
        operation["requestBody"] = json!({ "required": true, "content": content });
    } else if let Some(body) = own["body"].as_str() {
        let content = json!({ "application/json": { "schema": schema(body) } });
        operation["requestBody"] = json!({ "required": true, "content": content });
    } else if takes && own.get("summary").is_none() {
        operation["requestBody"] = json!({ "content": { "application/json": {} } });
    }
    operation
}

/// A name for programs: the method, and the path without what no name may have.
fn id(path: &str, method: &Method) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let letters = path.chars().filter(|letter| !"{}".contains(*letter));
    let letters = letters.map(|letter| match letter.is_ascii_alphanumeric() {
        true => letter,
        false => '_',
    });
    let method = method.as_str().to_ascii_lowercase();
    format!("{method}{}", letters.collect::<String>())
}

fn is_status(word: &str) -> bool {
    word.parse::<u16>().is_ok()
}

fn responses(own: &Value, path: &str, method: &Method) -> Value {
    let mut responses = Map::new();
    let said = own.as_object().into_iter().flatten();
    for (status, name) in said.filter(|(status, _)| is_status(status)) {
        let mut response = json!({ "description": "It was done." });
        if let Some(name) = name.as_str() {
            // Either JSON of a schema, or of any, or another type of content.
            response["content"] = match name {
                "json" => json!({ "application/json": {} }),
                media if media.contains('/') => json!({ media: {} }),
                name => json!({ "application/json": { "schema": schema(name) } }),
            };
        }
        responses.insert(status.clone(), response);
    }
    if responses.is_empty() && *method == Method::DELETE {
        responses.insert("204".to_owned(), json!({ "description": "It was done." }));
    }
    if responses.is_empty() {
        let done = json!({ "description": "It was done.", "content": { "application/json": {} } });
        responses.insert("200".to_owned(), done);
    }
    let wrong = match account::is_native(path) {
        true => "Error",
        false => "Fault",
    };
    responses.insert("default".to_owned(), reference("responses", wrong));
    Value::Object(responses)
}

/// A schema by its name, or a page of it.
fn schema(name: &str) -> Value {
    let inner = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    let Some(one) = inner else {
        return reference("schemas", name);
    };
    json!({
        "type": "object",
        "required": ["results", "paging"],
        "properties": {
            "results": { "type": "array", "items": reference("schemas", one) },
            "paging": reference("schemas", "Paging"),
        },
        "additionalProperties": false,
    })
}

fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}
