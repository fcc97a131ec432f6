//! What operators ask: is it alive, is it ready, how is it going.

use crate::Api;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

mod metrics;

/// The routes of operators.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(figures))
}

/// The process answers: nothing else is asked, so that a slow disk does not get it killed.
async fn live() -> Response {
    Json(json!({ "status": "live" })).into_response()
}

/// Whether it can do its work, and if not, why.
async fn ready(State(api): State<Api>) -> Response {
    let health = api.rapport.health();
    let is_ready = health.is_ready();
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let answer = json!({
        "status": if is_ready { "ready" } else { "not_ready" },
        "reasons": health.reasons,
        "notices": health.notices,
        "lag_requests": health.lag_requests,
        "lag_ms": health.lag_ms,
        "dedup_window_ms": health.dedup_window_ms,
    });
    (status, Json(answer)).into_response()
}

async fn figures(State(api): State<Api>) -> Response {
    let text = metrics::text(&api.rapport);
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
        .into_response()
}
