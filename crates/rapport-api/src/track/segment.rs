//! Segment's HTTP tracking API: the calls in their long and short forms, and what SDKs fetch.
//!
//! Answers are 200 for everything but bad JSON and what is too large (400), as Segment's are:
//! SDKs drop what gets another 4xx and retry what gets a 5xx. Overload is 429 with
//! `Retry-After`, also while the disk is full or the server stops, so that nothing is dropped.

use super::refused::Refused;
use super::{cors, door};
use crate::{Api, UnknownKeys};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, ORIGIN, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use rapport_core::event::{Call, Dialect, Kind};
use serde::Serialize;

mod sdk;
mod settings;

const SUCCESS: &str = r#"{"success":true}"#;
const RATE_LIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The paths that SDKs in the field post to, and the call each one is.
const PATHS: [(&str, Call); 19] = [
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
    // Mobile SDKs with an `apiHost` that has, or lacks, the version.
    ("/v1/batch/b", Call::Batch),
    ("/batch/b", Call::Batch),
    ("/batch", Call::Batch),
    ("/b", Call::Batch),
];

/// The dialect's routes, each with and without a slash at the end.
pub(super) fn routes() -> Router<Api> {
    let calls = PATHS.iter().fold(Router::new(), |router, (path, call)| {
        both(router, path, collecting(*call))
    });
    let calls = both(calls, "/v1/m", post(metrics).options(cors::preflight));
    let fetched = ["/v1/projects", "/projects", "/projects/projects"];
    let all = fetched.iter().fold(calls, |router, path| {
        let answer = get(settings::answer).options(cors::preflight);
        both(router, &format!("{path}/{{key}}/settings"), answer)
    });
    all.route("/analytics.js/v1/{key}/analytics.min.js", get(sdk::script))
        .route("/analytics-next/bundles/{file}", get(sdk::part))
}

fn both(router: Router<Api>, path: &str, answer: MethodRouter<Api>) -> Router<Api> {
    router
        .route(path, answer.clone())
        .route(&format!("{path}/"), answer)
}

fn collecting(call: Call) -> MethodRouter<Api> {
    let collect = async move |State(api): State<Api>, request: Request| {
        let (parts, body) = request.into_parts();
        let taken = door::submit(&api, (Dialect::Segment, call), &parts, body).await;
        let mut response = match taken {
            Ok(()) => success(),
            Err(refused) => failure(&api, &refused),
        };
        cors::allow(parts.headers.get(ORIGIN), &mut response);
        response
    };
    post(collect).options(cors::preflight)
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
struct Failure {
    success: bool,
    code: &'static str,
    message: String,
}

fn failure(api: &Api, refused: &Refused) -> Response {
    let status = match refused {
        Refused::UnknownKey => match api.settings.unknown_keys {
            UnknownKeys::Succeed => return success(),
            UnknownKeys::Refuse => StatusCode::UNAUTHORIZED,
        },
        Refused::EmptyBatch | Refused::TooManyEvents(_) => return success(),
        Refused::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refused::Unfinished => StatusCode::REQUEST_TIMEOUT,
        _ => StatusCode::BAD_REQUEST,
    };
    let body = Failure {
        success: false,
        code: refused.code(),
        message: refused.to_string(),
    };
    let mut response = (status, axum::Json(body)).into_response();
    if let Refused::Busy { retry_after_s } = refused {
        let seconds = HeaderValue::from(*retry_after_s);
        response.headers_mut().insert(RETRY_AFTER, seconds.clone());
        response.headers_mut().insert(RATE_LIMIT_RESET, seconds);
    }
    response
}
