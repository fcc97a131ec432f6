//! Signing secrets: with one, a source's own server signs who its visitors are. A secret is shown
//! once, when it is made.

use super::address::Named;
use super::bearer::Actor;
use super::sources;
use crate::Api;
use crate::errors::{Code, Error};
use crate::secret;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use rapport_core::entry::Command;
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/sources/{id}/signing", post(make).delete(remove))
}

/// Makes a secret; what was signed with the one before is good no more.
async fn make(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(id): Named,
) -> Result<(StatusCode, Json<Value>), Error> {
    let source = sources::find(&api, &id)?.no;
    let secret =
        secret::make("sig_").map_err(|error| Error::new(Code::Storage, error.to_string()))?;
    let command = Command::PutSigning {
        source,
        secret: Some(secret.clone()),
    };
    api.rapport.command(&actor, command).await?;
    let shown = json!({ "secret": secret, "source": source.0 });
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Takes it away: nobody is signed for any more.
async fn remove(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(id): Named,
) -> Result<StatusCode, Error> {
    let source = sources::find(&api, &id)?.no;
    let secret = None;
    api.rapport
        .command(&actor, Command::PutSigning { source, secret })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
