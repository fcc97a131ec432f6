//! PostHog's capture API: batches, single events, and what its SDKs fetch before they start.
//!
//! A success is `{"status":1}`. 401 is an unknown token, 413 what is too large (its SDKs halve a
//! batch on that), 400 what sending again cannot heal, 503 with `Retry-After` overload.

use super::cors;
use super::door::{Answered, Way};
use super::refused::Refused;
use super::segment::{answering, both, later};
use crate::Api;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, ORIGIN, USER_AGENT};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use axum::{Json, Router};
use rapport_core::event::dialect::limits::Limits;
use rapport_core::event::{Call, Dialect};
use serde_json::json;

mod config;
mod shape;
mod unpack;

pub(super) use shape::look;
pub(super) use unpack::unpacked;

/// The largest body of the addresses that are not for batches.
const SINGLE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Addresses for single events; each takes lists, too.
const SINGLES: [&str; 5] = ["/i/v0/e", "/e", "/capture", "/track", "/engage"];

/// The dialect's routes; `/batch` is shared with Segment's.
pub(super) fn routes() -> Router<Api> {
    let single = Way {
        body_bytes_max: SINGLE_BYTES_MAX,
        ..batch(|_, _| Dialect::Posthog)
    };
    let routes = SINGLES.iter().fold(Router::new(), |routes, path| {
        both(routes, path, with_get(single))
    });
    let ai = answering(batch(|_, _| Dialect::Posthog));
    let routes = both(routes, "/i/v0/ai/batch", ai);
    config::routes(routes)
}

/// The way of a batch at an address where others may send theirs, too.
pub(super) fn batch(dialect: fn(&Parts, Option<&str>) -> Dialect) -> Way {
    Way {
        call: Call::Batch,
        body_bytes_max: Limits::of(Dialect::Posthog).body_bytes,
        dialect,
        unpack: unpack::unpack,
    }
}

/// Takes posts, and what older SDKs put into the query of a GET.
fn with_get(way: Way) -> MethodRouter<Api> {
    let asked = async move |State(api): State<Api>, request: Request| {
        let (parts, _) = request.into_parts();
        let body = Body::from(parts.uri.query().unwrap_or_default().to_owned());
        let answered = super::door::submit(&api, way, &parts, body).await;
        let mut response = answer(&answered);
        cors::allow(parts.headers.get(ORIGIN), &mut response);
        response
    };
    answering(way).get(asked)
}

/// Whether a request to a shared address comes from one of PostHog's SDKs: they say so in their
/// name, or have their own word for the key and Segment's nowhere.
pub(super) fn is(parts: &Parts, text: Option<&str>) -> bool {
    let has = |name: &str| parts.headers.contains_key(name);
    let agent = parts
        .headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    if agent.is_some_and(|agent| agent.starts_with("posthog-")) {
        return true;
    }
    if has(AUTHORIZATION.as_str()) || has("x-write-key") {
        return false;
    }
    let words = ["\"api_key\"", "\"token\"", "\"$token\""];
    text.is_some_and(|text| {
        !text.contains("\"writeKey\"") && words.iter().any(|word| text.contains(word))
    })
}

/// The answer of PostHog's capture.
pub(super) fn answer(answered: &Answered) -> Response {
    match &answered.taken {
        Ok(()) => Json(json!({ "status": 1 })).into_response(),
        Err(refused) => failure(refused),
    }
}

fn failure(refused: &Refused) -> Response {
    let (status, kind) = match refused {
        Refused::UnknownKey => (StatusCode::UNAUTHORIZED, "authentication_error"),
        Refused::BodyTooLarge(_) | Refused::EventTooLarge(_) | Refused::TooManyEvents(_) => {
            (StatusCode::PAYLOAD_TOO_LARGE, "validation_error")
        }
        // Its browser SDK drops what gets 429; all of them send again what gets 503.
        Refused::Busy { .. } => (StatusCode::SERVICE_UNAVAILABLE, "throttled_error"),
        Refused::Unfinished => (StatusCode::REQUEST_TIMEOUT, "validation_error"),
        _ => (StatusCode::BAD_REQUEST, "validation_error"),
    };
    let index = match refused {
        Refused::Invalid { index, .. } => Some(format!("batch.{index}")),
        _ => None,
    };
    // Its Python SDK reads `detail`.
    let error = json!({
        "type": kind,
        "code": refused.code(),
        "detail": refused.to_string(),
        "attr": index,
    });
    let mut response = (status, Json(error)).into_response();
    later(refused, &mut response);
    response
}
