//! API tokens. A token is shown once, when it is made; only its hash is kept.

use super::bearer::Actor;
use super::body::Body;
use crate::Api;
use crate::errors::{Code, Error};
use crate::secret;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use rapport_core::entry::Command;
use serde::Deserialize;
use serde_json::{Value, json};

/// Longest name of a token, in characters.
const NAME_CHARS_MAX: usize = 100;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/tokens", post(make))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

async fn make(
    State(api): State<Api>,
    Actor(actor): Actor,
    Body(named): Body<Named>,
) -> Result<(StatusCode, Json<Value>), Error> {
    let name = named.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        let message = format!("`name` must have 1 to {NAME_CHARS_MAX} characters");
        return Err(Error::new(Code::InvalidBody, message));
    }
    let token =
        secret::make("rp_").map_err(|error| Error::new(Code::Storage, error.to_string()))?;
    let token_hash = rapport_flow::keys::hash(&token);
    let command = Command::PutToken {
        token_hash,
        name: name.clone(),
    };
    api.rapport.command(&actor, command).await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "token": token, "name": name })),
    ))
}
