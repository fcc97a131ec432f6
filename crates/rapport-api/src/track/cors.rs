//! What browsers ask before they let a page of another site send events here.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// How long a browser may remember a preflight; two hours is the most that Chromium keeps.
const MAX_AGE_S: &str = "7200";

/// Answers a preflight. The headers asked for are allowed whatever they are: SDKs add new ones
/// to their retries, and a fixed list would let those die in the browser.
pub(super) async fn preflight(headers: HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let answer = response.headers_mut();
    answer.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, OPTIONS"),
    );
    answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_S));
    if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    allow(headers.get(ORIGIN), &mut response);
    response
}

/// Lets the page at `origin` read the answer, if it was asked for without cookies: what is told
/// of a visitor never depends on them.
pub(super) fn allow_without_credentials(origin: Option<&HeaderValue>, response: &mut Response) {
    allow(origin, response);
    let answer = response.headers_mut();
    answer.remove(ACCESS_CONTROL_ALLOW_CREDENTIALS);
}

/// Lets the page at `origin` read the answer, and when to try again.
pub(super) fn allow(origin: Option<&HeaderValue>, response: &mut Response) {
    let answer = response.headers_mut();
    answer.insert(
        VARY,
        HeaderValue::from_static("Origin, Access-Control-Request-Headers"),
    );
    let Some(origin) = origin else {
        return;
    };
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    answer.insert(
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    answer.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Retry-After, X-RateLimit-Reset"),
    );
}
