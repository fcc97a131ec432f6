//! Deliveries of other systems' webhooks: `POST /v1/webhook/{token}`, checked by the scheme of
//! its source and put on the ledger as they came.
//!
//! Senders only look at the status. 200 means that the delivery is on disk; whatever heals by
//! itself is answered 503, so that it is sent again; what a secret does not prove is 401.

use super::refused::Refused;
use super::{body, door, shape};
use crate::Api;
use crate::signature::{self, Sent, Unproven};
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::event::dialect::readable::{mend_surrogates, without_mark};
use rapport_core::event::dialect::webhook::{BODY_BYTES_MAX, envelope};
use rapport_core::event::webhook::Webhook;
use rapport_core::event::{Call, Dialect, Origin, SourceNo};
use rapport_store::ledger::Submission;
use serde_json::json;
use serde_json::value::RawValue;

mod headers;
mod replays;

pub(crate) use headers::kept;
pub(crate) use replays::Replays;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/webhook/{token}", get(handshake).post(deliver))
}

/// The path of a webhook's address.
pub(crate) fn path(webhook: &Webhook) -> String {
    format!("/v1/webhook/{}", webhook.token)
}

/// Why a delivery is not taken.
#[derive(Debug, thiserror::Error)]
enum Turned {
    #[error("no webhook has this address")]
    UnknownAddress,
    #[error(transparent)]
    Unproven(#[from] Unproven),
    #[error("this delivery was taken before")]
    Replayed,
    #[error("a delivery may have {BODY_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the body is no JSON object or list: {0}")]
    InvalidJson(String),
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Turned {
    fn code(&self) -> &str {
        match self {
            Turned::UnknownAddress => "unknown_webhook",
            Turned::Unproven(unproven) => unproven.code(),
            Turned::Replayed => "replayed",
            Turned::TooLarge => "body_too_large",
            Turned::InvalidJson(_) => "invalid_json",
            Turned::Refused(refused) => refused.code(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Turned::UnknownAddress => StatusCode::NOT_FOUND,
            Turned::Unproven(_) => StatusCode::UNAUTHORIZED,
            // To the one sender whose deliveries count once it means: do not send it again.
            Turned::Replayed => StatusCode::NOT_ACCEPTABLE,
            Turned::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Turned::Refused(Refused::Busy { .. }) => StatusCode::SERVICE_UNAVAILABLE,
            Turned::Refused(Refused::Unfinished) => StatusCode::REQUEST_TIMEOUT,
            Turned::InvalidJson(_) | Turned::Refused(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for Turned {
    fn into_response(self) -> Response {
        let body = json!({ "success": false, "code": self.code(), "message": self.to_string() });
        let mut response = (self.status(), Json(body)).into_response();
        if let Turned::Refused(Refused::Busy { retry_after_s }) = self {
            let seconds = HeaderValue::from(retry_after_s);
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

async fn deliver(
    State(api): State<Api>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Json<serde_json::Value>, Response> {
    let hooks = api.rapport.hooks();
    let webhook = hooks.at(&token);
    let taken = match webhook {
        Some(webhook) => take(&api, webhook, request).await,
        None => Err(Turned::UnknownAddress),
    };
    match taken {
        Ok(()) => Ok(Json(json!({ "success": true }))),
        Err(turned) => {
            let source = webhook.map(|webhook| webhook.source);
            api.rapport.count_refused(source, turned.code());
            Err(turned.into_response())
        }
    }
}

async fn take(api: &Api, webhook: &Webhook, request: Request) -> Result<(), Turned> {
    let (parts, sent) = request.into_parts();
    let arrived = body::untouched(sent, BODY_BYTES_MAX).await;
    let arrived = arrived.map_err(|refused| match refused {
        Refused::BodyTooLarge(_) => Turned::TooLarge,
        refused => Turned::Refused(refused),
    })?;
    let body::Arrived { bytes, room: _room } = arrived;
    let url = url(api, &parts);
    let sent = Sent {
        method: parts.method.as_str(),
        url: &url,
        headers: &parts.headers,
        body: &bytes,
    };
    let proof = signature::check(&webhook.verify, &sent, api.rapport.clock().now())?;
    let submission = submission(api, webhook, &parts, &bytes)?;
    let once = proof.once.as_deref();
    if once.is_some_and(|once| !api.replays.begin(webhook.source, once)) {
        return Err(Turned::Replayed);
    }
    let collected = api.rapport.collect(submission).await;
    if let (Err(_), Some(once)) = (&collected, once) {
        // It is not on disk: the next try must count.
        api.replays.forget(webhook.source, once);
    }
    collected.map_err(|refusal| Turned::Refused(door::busy(refusal)))
}

/// The delivery as it goes on the ledger.
fn submission(
    api: &Api,
    webhook: &Webhook,
    parts: &Parts,
    bytes: &[u8],
) -> Result<Submission, Turned> {
    let wrong = |error: &dyn std::fmt::Display| Turned::InvalidJson(error.to_string());
    let text = std::str::from_utf8(without_mark(bytes)).map_err(|error| wrong(&error))?;
    let mended = mend_surrogates(text);
    let raw: &RawValue = serde_json::from_str(&mended).map_err(|error| wrong(&error))?;
    if !raw.get().starts_with(['{', '[']) {
        return Err(wrong(&"it is a single value"));
    }
    if shape::is_deep(raw.get()) {
        return Err(Turned::Refused(Refused::TooDeep(shape::DEPTH_MAX)));
    }
    let origin = Origin {
        source: webhook.source,
        key_kind: webhook.verify.trust(),
        dialect: Dialect::Webhook,
        call: Call::Batch,
        ip: door::address(api, parts),
        user_agent: door::user_agent(parts),
    };
    let headers = kept(&parts.headers, webhook.verify.header());
    // The text as it came: mending is for reading.
    let body = envelope(&headers, text.trim(), None).into_bytes();
    Ok(Submission { origin, body })
}

/// The address as the sender knows it. Whoever signs addresses calls them by https, though a
/// proxy may have opened it before it came here.
fn url(api: &Api, parts: &Parts) -> String {
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    if let Some(public) = &api.settings.public_url {
        return format!("{}{path}", public.trim_end_matches('/'));
    }
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    format!("https://{}{path}", host.unwrap_or_default())
}

/// What Meta asks before it delivers anything.
async fn handshake(
    State(api): State<Api>,
    Path(token): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let hooks = api.rapport.hooks();
    let webhook = hooks.at(&token);
    let challenge = webhook.and_then(|webhook| signature::challenge(&webhook.verify, &query));
    if let Some(challenge) = challenge {
        let plain = [
            (
                CONTENT_TYPE,
                HeaderValue::from_static("text/plain; charset=utf-8"),
            ),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        return (plain, challenge.to_owned()).into_response();
    }
    let source: Option<SourceNo> = webhook.map(|webhook| webhook.source);
    let (status, code) = match source {
        Some(_) => (StatusCode::FORBIDDEN, "wrong_handshake"),
        None => (StatusCode::NOT_FOUND, "unknown_webhook"),
    };
    api.rapport.count_refused(source, code);
    let message = "this is where deliveries are posted to, and no handshake it knows";
    let body = json!({ "success": false, "code": code, "message": message });
    (status, Json(body)).into_response()
}
