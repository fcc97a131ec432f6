//! What a source really sent: its newest requests as they came, and what became of their events.

use super::address::Named;
use super::bearer::Actor;
use super::list::Page;
use super::sources;
use super::spelled::owned;
use crate::Api;
use crate::errors::Error;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::event::dialect::object::{self, Builder};
use rapport_core::event::{Call, Dialect, KeyKind, Request};
use rapport_core::outcome::Reason;
use rapport_store::history::Entry;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The most requests in one answer.
const LIMIT_MAX: usize = 100;
/// Bodies up to this size are shown whole, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Members of a body that open a door: they are not shown.
const CREDENTIALS: [&str; 4] = ["writeKey", "api_key", "token", "signature"];

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/sources/{id}/samples", get(newest))
}

#[derive(Serialize)]
struct Shown {
    results: Vec<Sample>,
}

/// A request as it stands on the ledger.
#[derive(Serialize)]
struct Sample {
    request: u64,
    received_at: String,
    key: KeyKind,
    dialect: Dialect,
    call: Call,
    ip: Option<String>,
    user_agent: Option<String>,
    /// The body as JSON; as text where it is longer than is shown.
    body: Box<RawValue>,
    is_cut: bool,
    /// What became of its events, as long as memory has them.
    events: Vec<Became>,
}

#[derive(Clone, Serialize)]
struct Became {
    id: String,
    event: String,
    outcome: &'static str,
    reason: Option<Reason>,
}

/// The newest requests, newest first.
async fn newest(
    State(api): State<Api>,
    _: Actor,
    Named(id): Named,
    page: Page,
) -> Result<Json<Shown>, Error> {
    let source = sources::find(&api, &id)?;
    let limit = page.limit.min(LIMIT_MAX);
    let requests = api.rapport.samples(source.no, limit).await?;
    let mut became = became(&api, &requests);
    let sample = |request: Request| {
        let events = became.remove(&request.number).unwrap_or_default();
        sample(request, events)
    };
    Ok(Json(Shown {
        results: requests.into_iter().map(sample).collect(),
    }))
}

fn sample(request: Request, events: Vec<Became>) -> Sample {
    let is_cut = request.body.len() > BODY_BYTES_MAX;
    let origin = request.origin;
    Sample {
        request: request.number,
        received_at: request.received.to_string(),
        key: origin.key_kind,
        dialect: origin.dialect,
        call: origin.call,
        ip: origin.ip,
        user_agent: origin.user_agent,
        body: body(&request.body),
        is_cut,
        events,
    }
}

/// The body without its credentials, which open doors that a reader of samples may not know.
fn body(bytes: &[u8]) -> Box<RawValue> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(BODY_BYTES_MAX)]);
    let mut shown = Builder::new();
    let read = object::members(&text, |name, value| match CREDENTIALS.contains(&&*name) {
        true => shown.put_text(&name, "not shown"),
        false => shown.put(&name, value.get()),
    });
    if bytes.len() <= BODY_BYTES_MAX && read.is_ok() {
        return owned(shown.finish().into());
    }
    let mut text = text.into_owned();
    for name in CREDENTIALS {
        text = without(&text, name);
    }
    owned(serde_json::to_string(&text).unwrap_or_default())
}

/// A text that is no JSON, or a part of one, without what stands behind a name.
fn without(text: &str, name: &str) -> String {
    let mark = format!("\"{name}\"");
    let mut parts = text.split(mark.as_str());
    let mut less = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find([',', '}']).unwrap_or(part.len());
        less.push_str(&mark);
        less.push_str(":\"not shown\"");
        less.push_str(&part[end..]);
    }
    less
}

fn became(api: &Api, requests: &[Request]) -> BTreeMap<u64, Vec<Became>> {
    let mut became: BTreeMap<u64, Vec<Became>> = BTreeMap::new();
    let oldest = requests.last().map_or(u64::MAX, |request| request.number);
    let (_, entries) = api.rapport.recorded();
    for entry in entries {
        if let Entry::Event(row) = entry
            && row.event.position.request >= oldest
        {
            let event = &row.event;
            became
                .entry(event.position.request)
                .or_default()
                .push(Became {
                    id: event.position.to_string(),
                    event: match event.name.is_empty() {
                        true => event.kind.word().to_owned(),
                        false => event.name.to_string(),
                    },
                    outcome: row.outcome.word(),
                    reason: row.outcome.reason().cloned(),
                });
        }
    }
    became
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown_in_whole_and_cut_bodies() {
        let whole = br#"{"writeKey":"sk_secret","batch":[{"token":1}]}"#;
        assert_eq!(
            body(whole).get(),
            r#"{"writeKey":"not shown","batch":[{"token":1}]}"#
        );
        let long = format!(
            "{{\"writeKey\": \"sk_secret\", \"a\":\"{}\"}}",
            "x".repeat(BODY_BYTES_MAX)
        );
        let shown = body(long.as_bytes());
        assert!(!shown.get().contains("sk_secret"));
        assert!(shown.get().starts_with("\"{\\\"writeKey\\\":"));
    }
}
