//! What PostHog's SDKs ask before they send: Rapport has no feature flags, recordings or surveys,
//! and says so, so that no SDK waits for them or loads their scripts.

use super::failure;
use crate::Api;
use crate::track::refused::Refused;
use crate::track::segment::both;
use crate::track::shape::Shape;
use crate::track::{body, cors, door};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ORIGIN};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

/// The largest question about flags.
const QUESTION_BYTES_MAX: usize = 500 * 1024;

/// The routes that SDKs fetch.
pub(super) fn routes(routes: Router<Api>) -> Router<Api> {
    let config = get(remote).options(cors::preflight);
    let script = get(script).options(cors::preflight);
    let flags = post(flags).options(cors::preflight);
    let routes = both(routes, "/array/{token}/config", config);
    let routes = both(routes, "/array/{token}/config.js", script);
    let routes = both(routes, "/flags", flags.clone());
    both(routes, "/decide", flags)
}

/// What there is, and what there is not.
fn offered(token: &str) -> Value {
    json!({
        "token": token,
        "supportedCompression": ["gzip", "gzip-js", "base64"],
        "hasFeatureFlags": false,
        "captureDeadClicks": false,
        "capturePerformance": false,
        "autocapture_opt_out": false,
        "autocaptureExceptions": false,
        "analytics": { "endpoint": "/i/v0/e/" },
        "elementsChainAsString": true,
        "sessionRecording": false,
        "heatmaps": false,
        "surveys": false,
        "toolbarParams": {},
        "isAuthenticated": false,
        "siteApps": [],
        "defaultIdentifiedOnly": true,
    })
}

async fn remote(State(api): State<Api>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let mut response = match api.rapport.keys().write_key(&token) {
        Some(_) => {
            let for_a_minute = HeaderValue::from_static("public, max-age=60");
            ([(CACHE_CONTROL, for_a_minute)], axum::Json(offered(&token))).into_response()
        }
        None => failure(&Refused::UnknownKey),
    };
    cors::allow(headers.get(ORIGIN), &mut response);
    response
}

/// The same as a script that leaves it where the browser SDK looks.
async fn script(State(api): State<Api>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let mut response = match api.rapport.keys().write_key(&token) {
        Some(_) => {
            let held = json!({ &token: { "config": offered(&token), "siteApps": [] } });
            let script = format!(
                "window._POSTHOG_REMOTE_CONFIG=Object.assign(window._POSTHOG_REMOTE_CONFIG||{{}},{held});\n"
            );
            let kind = HeaderValue::from_static("text/javascript; charset=utf-8");
            ([(CONTENT_TYPE, kind)], script).into_response()
        }
        None => failure(&Refused::UnknownKey),
    };
    cors::allow(headers.get(ORIGIN), &mut response);
    response
}

/// No flags, and nothing that went wrong while finding that out.
async fn flags(State(api): State<Api>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = body::read(body, QUESTION_BYTES_MAX).await;
    let asked =
        asked.and_then(|arrived| super::unpack::unpack(&parts, arrived.bytes, QUESTION_BYTES_MAX));
    let mut response = match asked {
        Err(refused) => failure(&refused),
        Ok(asked) => {
            let text = String::from_utf8_lossy(&asked);
            let token = super::look(&text)
                .unwrap_or_else(|_| Shape::default())
                .write_key;
            match door::find(&api, &parts, token.as_deref()) {
                Some(_) => axum::Json(none(token.as_deref().unwrap_or_default())).into_response(),
                None => failure(&Refused::UnknownKey),
            }
        }
    };
    cors::allow(parts.headers.get(ORIGIN), &mut response);
    response
}

/// Every version's names for the same nothing, beside what there is.
fn none(token: &str) -> Value {
    let mut answer = offered(token);
    answer["flags"] = json!({});
    answer["featureFlags"] = json!({});
    answer["featureFlagPayloads"] = json!({});
    answer["errorsWhileComputingFlags"] = json!(false);
    answer
}
