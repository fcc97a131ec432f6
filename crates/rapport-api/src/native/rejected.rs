//! Rejected events: kept as they came, to be looked at and sent again.

use super::address::Named;
use super::bearer::Actor;
use super::body::bytes;
use super::list::{self, List, Page};
use super::reference;
use crate::Api;
use crate::errors::{Code, Error};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::event::dialect::object;
use rapport_core::event::dialect::segment::EVENT_BYTES_MAX;
use rapport_core::event::{Call, KeyKind};
use rapport_core::outcome::Reason;
use rapport_flow::rejected::Rejected;
use serde::Serialize;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/rejected", get(all))
        .route("/rejected/{position}/redrive", post(redrive))
}

/// A rejected event.
#[derive(Serialize)]
struct Shown {
    id: String,
    received_at: String,
    source: u32,
    key: KeyKind,
    call: &'static str,
    outcome: &'static str,
    reason: Option<Reason>,
    raw: String,
}

impl Shown {
    fn of(rejected: Rejected) -> Shown {
        Shown {
            id: rejected.position.to_string(),
            received_at: rejected.received.to_string(),
            source: rejected.source.0,
            key: rejected.key_kind,
            call: match rejected.call {
                Call::One(kind) => kind.word(),
                Call::Batch => "batch",
            },
            outcome: rejected.outcome.word(),
            reason: rejected.outcome.reason().cloned(),
            raw: rejected.raw,
        }
    }
}

/// Rejected events, newest first.
async fn all(State(api): State<Api>, _: Actor, page: Page) -> Result<Json<List<Shown>>, Error> {
    let before = page.after(reference::position)?;
    let found = api.rapport.rejected(before, page.limit + 1).await?;
    let shown = found.into_iter().map(Shown::of).collect();
    Ok(list::page(shown, page.limit, |last: &Shown| {
        last.id.clone()
    }))
}

/// Sends a rejected event again: as the body says, or without a body as it came.
async fn redrive(
    State(api): State<Api>,
    _: Actor,
    Named(id): Named,
    request: Request,
) -> Result<StatusCode, Error> {
    let unread = || {
        Error::new(
            Code::InvalidReference,
            format!("`{id}` is no rejected event's id"),
        )
    };
    let position = reference::position(&id).ok_or_else(unread)?;
    let body = bytes(request).await?;
    let corrected = if body.is_empty() {
        None
    } else {
        Some(checked(&body)?)
    };
    if !api.rapport.redrive_rejected(position, corrected).await? {
        return Err(Error::missing(format_args!("rejected event {id}")));
    }
    Ok(StatusCode::ACCEPTED)
}

/// A corrected event is one JSON object: it is put among others as it is.
fn checked(body: &[u8]) -> Result<Vec<u8>, Error> {
    let wrong = |message: String| Error::new(Code::InvalidBody, message);
    if body.len() > EVENT_BYTES_MAX {
        return Err(wrong(format!("an event may have {EVENT_BYTES_MAX} bytes")));
    }
    let text = std::str::from_utf8(body).map_err(|error| wrong(error.to_string()))?;
    object::members(text, |_, _| ()).map_err(|error| wrong(error.to_string()))?;
    Ok(body.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corrected_event_is_one_object_and_nothing_beside_it() {
        assert!(checked(b"{\"type\":\"page\"}").is_ok());
        for body in ["{},{}", "{}]}", "[]", "{", "\u{feff}{}"] {
            assert!(checked(body.as_bytes()).is_err(), "{body}");
        }
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(EVENT_BYTES_MAX));
        assert!(checked(long.as_bytes()).is_err());
    }
}
