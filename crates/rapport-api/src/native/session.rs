//! The session: who asks, with which rights; and setting one's own password.

use super::body::Body;
use super::members::Shown;
use super::sign_in::{self, Caller};
use crate::Api;
use crate::errors::{Code, Error};
use crate::password;
use crate::rights::Asker;
use crate::rights::asker::mark;
use crate::rights::objects::spelled;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_flow::audit::What;
use rapport_flow::sessions::Session;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/session", get(show))
        .route("/session/password", put(set_password))
}

/// What is told of a session to whoever has it.
pub(super) fn shown(api: &Api, hash: &str, session: &Session) -> Value {
    json!({
        "csrf_token": mark(api, hash),
        "signed_in_at": session.made.to_string(),
        "expires_at": session.until.to_string(),
        "idle_s": api.settings.sign_in.idle_ms / 1_000,
    })
}

/// Who asks, by token or session, and what is open to them.
async fn show(State(api): State<Api>, asker: Asker) -> Response {
    let actor = &asker.actor;
    let scopes: Vec<String> = actor.scopes().iter().map(spelled).collect();
    let mut body = json!({ "actor": actor.name(), "scopes": scopes });
    if let Some(member) = actor.who() {
        body["member"] = json!(Shown::of(&api, member));
    }
    if let Some(role) = actor.role() {
        body["role"] = super::roles::shown(role);
    }
    if let Some((hash, session)) = asker.session() {
        body["session"] = shown(&api, hash, session);
    }
    let mut answer = Json(body).into_response();
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    current: String,
    new: String,
}

/// Sets the password of whoever is signed in. Every other session of theirs is over, and this one
/// gets another id.
async fn set_password(
    State(api): State<Api>,
    asker: Asker,
    caller: Caller,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Error> {
    let member = asker.actor.who().filter(|_| asker.session().is_some());
    let Some(member) = member else {
        let message = "a token has no password: sign in to set yours";
        return Err(Error::new(Code::Forbidden, message));
    };
    password::check(&wanted.new, &member.email)?;
    let account = &member.email;
    if !sign_in::verified(&api, &caller, Some(member), account, wanted.current).await? {
        let message = "the current password is not right";
        return Err(Error::new(Code::SignInRefused, message));
    }
    let hash = api.passwords.hash(wanted.new).await?;
    let command = Command::SetPassword {
        member: member.no,
        hash,
    };
    let applied = api.rapport.command(asker.name(), command).await?;
    sign_in::begin(&api, &caller, member, applied.position, What::SignedIn).await
}
