//! The timeline: what a person did, newest first.

use super::address::Named;
use super::bearer::Actor;
use super::list::{self, List, Page};
use super::spelled::raw;
use super::{profiles, reference};
use crate::Api;
use crate::errors::{Code, Error};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::event::Kind;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::history::{Ask, Row};
use serde::Serialize;
use serde_json::value::RawValue;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/profiles/{reference}/timeline", get(show))
}

/// One event of a timeline.
#[derive(Serialize)]
struct Entry<'a> {
    message_id: &'a str,
    #[serde(rename = "type")]
    kind: Kind,
    event: Option<&'a str>,
    timestamp: String,
    properties: &'a RawValue,
    traits: &'a RawValue,
    context: &'a RawValue,
    received_at: String,
    original_timestamp: Option<String>,
    sent_at: Option<String>,
    source: u32,
    position: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_id: Option<&'a str>,
    #[serde(skip)]
    cursor: (Millis, Position),
}

impl<'a> Entry<'a> {
    fn of(row: &'a Row) -> Entry<'a> {
        let event = &row.event;
        Entry {
            message_id: &event.message_id,
            kind: event.kind,
            event: Some(&*event.name).filter(|name| !name.is_empty()),
            timestamp: event.at.to_string(),
            properties: raw(&event.properties),
            traits: raw(&event.traits),
            context: raw(&event.context),
            received_at: event.received.to_string(),
            original_timestamp: event.original.map(|at| at.to_string()),
            sent_at: event.sent.map(|at| at.to_string()),
            source: event.source.0,
            position: event.position.to_string(),
            group_id: event.group.as_deref(),
            previous_id: event.previous.as_deref(),
            cursor: (event.at, event.position),
        }
    }
}

/// Events before the cursor; `event` and `type` may be repeated.
async fn show(
    State(api): State<Api>,
    _: Actor,
    Named(text): Named,
    page: Page,
) -> Result<Response, Error> {
    let profile = profiles::find(&api, &text).await?;
    let ask = Ask {
        before: page.after(cursor)?,
        names: page.all("event").iter().cloned().collect(),
        kinds: page
            .all("type")
            .iter()
            .map(|word| kind(word))
            .collect::<Result<_, _>>()?,
        limit: page.limit + 1,
    };
    let rows = api.rapport.timeline(&profile, &ask).await?;
    let entries = rows.iter().map(|row| Entry::of(row)).collect();
    let answer: Json<List<Entry<'_>>> = list::page(entries, page.limit, |last| {
        let (at, position) = last.cursor;
        format!("{}_{position}", at.0)
    });
    Ok(answer.into_response())
}

fn kind(word: &str) -> Result<String, Error> {
    let kind = Kind::from_word(word);
    let unknown = || {
        Error::new(
            Code::InvalidQuery,
            format!("`type={word}` is no type of event"),
        )
    };
    kind.map(|kind| kind.word().to_owned()).ok_or_else(unknown)
}

fn cursor(text: &str) -> Option<(Millis, Position)> {
    let (at, position) = text.split_once('_')?;
    Some((Millis(at.parse().ok()?), reference::position(position)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let place = (Millis(-5), Position::event(7, 3));
        assert_eq!(cursor("-5_7.3"), Some(place));
        for text in ["", "5", "5_", "5_7", "x_7.3", "5_7+3"] {
            assert_eq!(cursor(text), None, "{text}");
        }
    }
}
