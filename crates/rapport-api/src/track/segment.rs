//! Segment's HTTP tracking API: the calls in their long and short forms, and what SDKs fetch.
//!
//! Answers are 200 for everything but bad JSON and what is too large (400), as Segment's are:
//! SDKs drop what gets another 4xx and retry what gets a 5xx. Overload is 429 with
//! `Retry-After`, also while the disk is full or the server stops, so that nothing is dropped.
//! RudderStack's and PostHog's SDKs use some of the same addresses: by what only they send they
//! are told apart, and answered in their own shape.

use super::door::{Answered, Way};
use super::refused::Refused;
use super::{cors, door, jitsu, posthog, rudder};
use crate::{Api, UnknownKeys};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, ORIGIN, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use rapport_core::event::{Call, Dialect, Kind};
use serde::Serialize;

pub(super) mod sdk;
pub(super) mod settings;

const SUCCESS: &str = r#"{"success":true}"#;
const RATE_LIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The paths that SDKs in the field post to, and the call each one is.
const PATHS: [(&str, Call); 18] = [
    ("/v1/identify", Call::One(Kind::Identify)),
    ("/v1/i", Call::One(Kind::Identify)),
    ("/v1/track", Call::One(Kind::Track)),
    ("/v1/t", Call::One(Kind::Track)),
    ("/v1/page", Call::One(Kind::Page)),
    ("/v1/p", Call::One(Kind::Page)),
    ("/v1/screen", Call::One(Kind::Screen)),
    ("/v1/s", Call::One(Kind::Screen)),
    ("/v1/group", Call::One(Kind::Group)),
    ("/v1/g", Call::One(Kind::Group)),
    ("/v1/alias", Call::One(Kind::Alias)),
    ("/v1/a", Call::One(Kind::Alias)),
    ("/v1/batch", Call::Batch),
    ("/v1/b", Call::Batch),
    ("/v1/import", Call::Batch),
    // `/batch` itself is shared with PostHog. Mobile SDKs with an `apiHost` that has, or lacks, the version.
    ("/v1/batch/b", Call::Batch),
    ("/batch/b", Call::Batch),
    ("/b", Call::Batch),
];

/// The dialect's routes, each with and without a slash at the end.
pub(super) fn routes() -> Router<Api> {
    let calls = PATHS.iter().fold(Router::new(), |router, (path, call)| {
        both(router, path, answering(shared(*call)))
    });
    let calls = both(calls, "/batch", answering(posthog::batch(to_any)));
    let calls = both(calls, "/v1/m", post(metrics).options(cors::preflight));
    let fetched = ["/v1/projects", "/projects", "/projects/projects"];
    let all = fetched.iter().fold(calls, |router, path| {
        let answer = get(settings::answer).options(cors::preflight);
        both(router, &format!("{path}/{{key}}/settings"), answer)
    });
    all.route("/analytics.js/v1/{key}/analytics.min.js", get(sdk::script))
        .route("/analytics-next/bundles/{file}", get(sdk::part))
}

/// A route with and without a slash at the end.
pub(super) fn both(router: Router<Api>, path: &str, answer: MethodRouter<Api>) -> Router<Api> {
    router
        .route(path, answer.clone())
        .route(&format!("{path}/"), answer)
}

/// The way of an address that RudderStack's SDKs use, too. It reads as much as they may send;
/// Segment's limit is checked once it is known whose request it is.
fn shared(call: Call) -> Way {
    Way::of(call, to_segment_or_rudder, Dialect::Rudder)
}

/// Takes calls in a way and answers each in its dialect.
pub(super) fn answering(way: Way) -> MethodRouter<Api> {
    let collect = async move |State(api): State<Api>, request: Request| {
        let (parts, body) = request.into_parts();
        let answered = door::submit(&api, way, &parts, body).await;
        let mut response = match answered.dialect {
            Dialect::Segment
            | Dialect::Webhook
            | Dialect::Import
            | Dialect::List
            | Dialect::Hubspot => answer(&api, &answered),
            Dialect::Rudder => rudder::answer(&answered),
            Dialect::Jitsu => jitsu::answer(&answered, &parts),
            Dialect::Posthog => posthog::answer(&answered),
        };
        cors::allow(parts.headers.get(ORIGIN), &mut response);
        response
    };
    post(collect).options(cors::preflight)
}

fn to_segment_or_rudder(parts: &Parts, text: Option<&str>) -> Dialect {
    if rudder::is(parts, text) {
        Dialect::Rudder
    } else {
        Dialect::Segment
    }
}

fn to_any(parts: &Parts, text: Option<&str>) -> Dialect {
    if posthog::is(parts, text) {
        Dialect::Posthog
    } else {
        Dialect::Segment
    }
}

fn answer(api: &Api, answered: &Answered) -> Response {
    match &answered.taken {
        Ok(()) => success(),
        Err(refused) => failure(api, refused, answered.strict),
    }
}

/// Figures about itself that the browser SDK posts: welcome, and not kept.
async fn metrics(request: Request) -> Response {
    let mut response = success();
    cors::allow(request.headers().get(ORIGIN), &mut response);
    response
}

fn success() -> Response {
    (
        [(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        SUCCESS,
    )
        .into_response()
}

/// The shape that Segment's Python SDK reads `code` and `message` from.
#[derive(Serialize)]
struct Failure<'a> {
    success: bool,
    code: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u32>,
}

fn failure(api: &Api, refused: &Refused, strict: bool) -> Response {
    let status = match refused {
        Refused::UnknownKey => match api.settings.unknown_keys {
            UnknownKeys::Succeed => return success(),
            UnknownKeys::Refuse => StatusCode::UNAUTHORIZED,
        },
        Refused::EmptyBatch | Refused::TooManyEvents(_) if !strict => return success(),
        Refused::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refused::Unfinished => StatusCode::REQUEST_TIMEOUT,
        _ => StatusCode::BAD_REQUEST,
    };
    let body = Failure {
        success: false,
        code: refused.code(),
        message: refused.to_string(),
        index: match refused {
            Refused::Invalid { index, .. } => Some(*index),
            _ => None,
        },
    };
    let mut response = (status, axum::Json(body)).into_response();
    later(refused, &mut response);
    response
}

/// Says when to try again, where that helps.
pub(super) fn later(refused: &Refused, response: &mut Response) {
    if let Refused::Busy { retry_after_s } = refused {
        let seconds = HeaderValue::from(*retry_after_s);
        response.headers_mut().insert(RETRY_AFTER, seconds.clone());
        response.headers_mut().insert(RATE_LIMIT_RESET, seconds);
    }
}
