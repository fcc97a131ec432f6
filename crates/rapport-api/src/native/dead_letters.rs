//! Dead letters: messages that a destination refused for good, and sending them again.

use super::address::Named;
use super::list::{self, List, Page};
use super::reference;
use super::spelled::raw;
use crate::Api;
use crate::errors::Error;
use crate::rights::{Asker, hearing};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::outbox::About;
use rapport_flow::outbox::Message;
use serde::Serialize;
use serde_json::value::RawValue;

const PREFIX: &str = "msg_";

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/dead-letters", get(all))
        .route("/dead-letters/{id}/redrive", post(redrive))
}

/// A message that was given up.
#[derive(Serialize)]
struct Shown<'a> {
    id: String,
    destination: &'a str,
    /// Of a message about a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_id: Option<String>,
    /// Of a message about a record: its type and its number, `0-3/7`.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    idempotency_key: &'a str,
    body: &'a RawValue,
    attempts: u32,
    last_error: &'a str,
    created_at: String,
}

impl<'a> Shown<'a> {
    fn of(message: &'a Message) -> Shown<'a> {
        let about = message.about.to_string();
        let (profile_id, record) = match message.about {
            About::Person(_) => (Some(about), None),
            About::Record(..) => (None, Some(about)),
        };
        Shown {
            id: format!("{PREFIX}{}", message.number),
            destination: &message.destination,
            profile_id,
            record,
            idempotency_key: &message.key,
            body: raw(&message.body),
            attempts: message.attempts,
            last_error: &message.last_error,
            created_at: message.created.to_string(),
        }
    }
}

/// Dead letters, oldest first; those of one `destination` where it is named.
async fn all(State(api): State<Api>, asker: Asker, page: Page) -> Result<Response, Error> {
    let destination = page.one("destination");
    let mut after = page
        .after(|text| reference::number(text, PREFIX).ok())?
        .unwrap_or(0);
    let mut found: Vec<Message> = Vec::new();
    loop {
        let read = api.rapport.dead_letters(after, page.limit + 1).await?;
        let is_last = read.len() <= page.limit;
        after = read.last().map_or(after, |message| message.number);
        found.extend(read.into_iter().filter(|message| {
            destination.is_none_or(|destination| message.destination == destination)
                && may_see(&api, &asker, message)
        }));
        if is_last || found.len() > page.limit {
            break;
        }
    }
    let shown = found.iter().map(Shown::of).collect();
    let answer: Json<List<Shown<'_>>> = list::page(shown, page.limit, |last| last.id.clone());
    Ok(answer.into_response())
}

/// What an app was to be told is for those who may hear it.
fn may_see(api: &Api, asker: &Asker, message: &Message) -> bool {
    match message.about {
        About::Person(_) => true,
        About::Record(..) => {
            let definitions = api.rapport.definitions();
            hearing::may_read(&definitions, &asker.actor, &message.body)
        }
    }
}

async fn redrive(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
) -> Result<StatusCode, Error> {
    let missing = || Error::missing(format_args!("dead letter {id}"));
    let number = reference::number(&id, PREFIX)?;
    let found = api
        .rapport
        .dead_letters(number.saturating_sub(1), 1)
        .await?;
    let found = found.first().filter(|message| message.number == number);
    if !found.is_some_and(|message| may_see(&api, &asker, message)) {
        return Err(missing());
    }
    if !api.rapport.redrive(number).await? {
        return Err(missing());
    }
    Ok(StatusCode::ACCEPTED)
}
