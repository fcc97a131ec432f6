//! The live view: what happens, as server-sent events while it happens.
//!
//! A viewer reads with its bearer token, or with a ticket, since a page's `EventSource` cannot
//! send headers. It goes on behind the position in `Last-Event-ID` or `after`.

use super::list::Page;
use crate::Api;
use crate::errors::{Code, Error};
use crate::rights::{self, Asker};
use crate::serve::Stopping;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::position::Position;
use serde_json::{Value, json};
use tokio::sync::mpsc;

mod filter;
mod item;
mod stream;
mod tickets;
mod viewing;

pub(crate) use tickets::Tickets;

use filter::Filter;
use viewing::Viewing;

/// Chunks that wait for a viewer's connection: behind them it is told that it lags.
const CHUNKS: usize = 2;

/// The address of the streams.
const PATH: &str = "/live";

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route(PATH, get(watch))
        .route("/live/tickets", post(ticket))
}

/// Makes a ticket: it opens one stream, soon.
async fn ticket(State(api): State<Api>, asker: Asker) -> Result<(StatusCode, Json<Value>), Error> {
    let ticket = api.tickets.make(asker)?;
    let shown = json!({ "ticket": ticket, "expires_in_s": tickets::GOOD_FOR.as_secs() });
    Ok((StatusCode::CREATED, Json(shown)))
}

async fn watch(State(api): State<Api>, request: Request) -> Result<Response, Error> {
    let (mut parts, _) = request.into_parts();
    let page = Page::from_request_parts(&mut parts, &api).await?;
    let asker = match page.one("ticket") {
        Some(ticket) => api.tickets.redeem(ticket)?,
        None => Asker::from_request_parts(&mut parts, &api).await?,
    };
    // Since the ticket was made its token may have been revoked, or its session ended.
    if !rights::goes_on(&api, &asker, PATH) {
        return Err(Error::new(
            Code::Unauthorized,
            "whose ticket this is may not watch any more",
        ));
    }
    let filter = Filter::read(&api, &page).await?;
    let after = place(&parts, &page)?;
    let viewing = Viewing::begin(&api, asker, filter, after).ok_or_else(|| {
        Error::new(
            Code::Busy,
            format!("{} watch already", api.settings.reads.viewers),
        )
    })?;
    let (chunks, receiver) = mpsc::channel(CHUNKS);
    let stopping = parts.extensions.remove::<Stopping>();
    tokio::spawn(viewing.run(chunks, stopping));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Else a proxy would gather events until it has enough of them.
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    let body = Body::new(stream::Chunks(receiver));
    Ok((headers, body).into_response())
}

/// Behind which position it goes on: what a browser remembers counts before what a page says.
fn place(parts: &Parts, page: &Page) -> Result<Option<Position>, Error> {
    let remembered = parts.headers.get("last-event-id");
    let remembered = remembered.and_then(|value| value.to_str().ok());
    let Some(text) = remembered.filter(|id| !id.is_empty()) else {
        return page.after(read_position);
    };
    let unread = || Error::new(Code::InvalidQuery, format!("`{text}` is no position"));
    read_position(text).map(Some).ok_or_else(unread)
}

/// Reads `17.3` and `17+2`, whose `+` a query may have turned into a blank.
fn read_position(text: &str) -> Option<Position> {
    if let Some((request, index)) = text.split_once('.') {
        return Some(Position::event(request.parse().ok()?, index.parse().ok()?));
    }
    let (request, command) = text.split_once(['+', ' '])?;
    Some(Position::command(
        request.parse().ok()?,
        command.parse().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_they_are_printed() {
        for position in [Position::event(17, 3), Position::command(17, 2)] {
            assert_eq!(read_position(&position.to_string()), Some(position));
        }
        assert_eq!(read_position("17 2"), Some(Position::command(17, 2)));
        for text in ["", "17", "17.", ".3", "a.b", "-1.0", "17.3.1"] {
            assert_eq!(read_position(text), None, "{text}");
        }
    }
}
