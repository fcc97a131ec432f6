//! API tokens: made, listed, revoked. A token is shown once, when it is made; only its hash is
//! kept.

use super::address::Named;
use super::bearer::Actor;
use super::body::Body;
use super::list::{self, List, Page};
use super::revoked;
use crate::Api;
use crate::errors::{Code, Error};
use crate::secret;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get};
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_flow::keys;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Longest name of a token, in characters.
const NAME_CHARS_MAX: usize = 100;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/tokens", get(all).post(make))
        .route("/tokens/{id}", delete(revoke))
}

/// A token, without what opens anything.
#[derive(Serialize)]
struct Shown {
    id: String,
    name: String,
    hint: String,
}

async fn all(State(api): State<Api>, _: Actor, page: Page) -> Result<Json<List<Shown>>, Error> {
    let after = page.after(|text| Some(text.to_owned()))?;
    let ring = api.rapport.keys();
    // In the order of their hashes, and so of their ids.
    let shown = ring.tokens().map(|(hash, token)| Shown {
        id: keys::id(hash).to_owned(),
        name: token.name.clone(),
        hint: token.hint.clone(),
    });
    let rest = shown.filter(|token| after.as_ref().is_none_or(|after| token.id > *after));
    let rest = rest.take(page.limit + 1).collect();
    Ok(list::page(rest, page.limit, |last: &Shown| last.id.clone()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
}

async fn make(
    State(api): State<Api>,
    Actor(actor): Actor,
    Body(wanted): Body<Wanted>,
) -> Result<(StatusCode, Json<Value>), Error> {
    let name = wanted.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        let message = format!("`name` must have 1 to {NAME_CHARS_MAX} characters");
        return Err(Error::new(Code::InvalidBody, message));
    }
    let token =
        secret::make("rp_").map_err(|error| Error::new(Code::Storage, error.to_string()))?;
    let (token_hash, hint) = (keys::hash(&token), secret::hint(&token));
    let shown = json!({
        "id": keys::id(&token_hash), "token": token, "name": name, "hint": hint,
    });
    let command = Command::PutToken {
        token_hash,
        name,
        hint,
    };
    api.rapport.command(&actor, command).await?;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Takes a token out of use for ever: when this answers, it opens nothing any more.
async fn revoke(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(id): Named,
) -> Result<StatusCode, Error> {
    let ring = api.rapport.keys();
    let tokens = ring.tokens().map(|(hash, token)| (hash, &*token.hint));
    let token_hash = revoked::find("token", &id, tokens)?;
    let command = Command::RevokeToken { token_hash };
    api.rapport.command(&actor, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
