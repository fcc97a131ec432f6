//! RudderStack's gateway: what its SDKs send that Segment's do not, and what they fetch.
//!
//! A success is the bare text `ok`, an error plain text: 401 for an unknown key, 413 for what is
//! too large, 400 for the rest; 429 with `Retry-After` for overload.

use super::door::{Answered, Way};
use super::refused::Refused;
use super::segment::{answering, both, later};
use super::{cors, door};
use crate::Api;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ORIGIN, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::event::{Call, Dialect, Kind};
use serde_json::json;

/// Agents that Segment's older SDKs have, too.
const AGENTS: [&str; 2] = ["analytics-node/", "analytics-python/"];

/// The routes that are RudderStack's alone; the others are shared with Segment's.
pub(super) fn routes() -> Router<Api> {
    let own = |call| Way::of(call, |_, _| Dialect::Rudder, Dialect::Rudder);
    // A `merge` is an alias until its pair of identifiers is read.
    let merge = answering(own(Call::One(Kind::Alias)));
    let beacon = answering(own(Call::Batch));
    let fetched = get(source_config).options(cors::preflight);
    let routes = both(Router::new(), "/v1/merge", merge);
    let routes = both(routes, "/beacon/v1/batch", beacon);
    both(routes, "/sourceConfig", fetched)
}

/// Whether a request to a shared address comes from one of RudderStack's SDKs: its browser SDK
/// sends headers of its own; its server SDKs have the names of Segment's older ones, no key in the
/// body, and a `channel` in every event.
pub(super) fn is(parts: &Parts, text: Option<&str>) -> bool {
    let has = |name: &str| parts.headers.contains_key(name);
    if has("anonymousid") || has("sentat") {
        return true;
    }
    let agent = parts
        .headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let by_name = agent.is_some_and(|agent| AGENTS.iter().any(|name| agent.starts_with(name)));
    let in_body = |text: &str| text.contains("\"channel\"") && !text.contains("\"writeKey\"");
    // Before the body is there the name must do: what Segment's older SDKs do with a status is the same.
    by_name && has(AUTHORIZATION.as_str()) && text.is_none_or(in_body)
}

/// The answer of RudderStack's gateway.
pub(super) fn answer(answered: &Answered) -> Response {
    let refused = match &answered.taken {
        Ok(()) => return text(StatusCode::OK, "ok".to_owned()),
        Err(refused) => refused,
    };
    let status = match refused {
        Refused::UnknownKey => StatusCode::UNAUTHORIZED,
        Refused::BodyTooLarge(_) | Refused::EventTooLarge(_) | Refused::TooManyEvents(_) => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        Refused::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refused::Unfinished => StatusCode::REQUEST_TIMEOUT,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut response = text(status, format!("{}: {refused}", refused.code()));
    later(refused, &mut response);
    response
}

fn text(status: StatusCode, body: String) -> Response {
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    (status, [(CONTENT_TYPE, plain)], body).into_response()
}

/// The least that makes the browser SDK start: it has no destinations to load, and is told not to
/// report about itself.
async fn source_config(State(api): State<Api>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let mut response = match door::find(&api, &parts, None) {
        Some(key) => {
            let off = json!({ "enabled": false });
            let config = json!({
                "source": {
                    "id": key.source.0.to_string(),
                    "workspaceId": "rapport",
                    "enabled": true,
                    "config": { "statsCollection": { "errors": off, "metrics": off } },
                    "destinations": [],
                }
            });
            let for_a_minute = HeaderValue::from_static("private, max-age=60");
            ([(CACHE_CONTROL, for_a_minute)], Json(config)).into_response()
        }
        None => text(
            StatusCode::UNAUTHORIZED,
            "Rapport does not know this write key".to_owned(),
        ),
    };
    cors::allow(parts.headers.get(ORIGIN), &mut response);
    response
}
