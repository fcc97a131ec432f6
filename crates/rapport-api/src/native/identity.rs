//! Identity: the policy in force, and the identifiers that several people share.

use super::address::Named;
use super::bearer::Actor;
use super::body::Body;
use super::list::{self, List, Page};
use super::reference;
use crate::Api;
use crate::errors::{Code, Error};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_core::identity::normalise::normalise;
use rapport_core::identity::policy::Policy;
use serde::Serialize;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/identity/policy", get(policy).put(put_policy))
        .route("/identity/shared", get(shared))
        .route("/identity/shared/{identifier}/release", post(release))
}

async fn policy(State(api): State<Api>, _: Actor) -> Json<Policy> {
    Json(Policy::clone(&api.rapport.policy()))
}

/// Replaces the policy; a field left out gets its default.
async fn put_policy(
    State(api): State<Api>,
    Actor(actor): Actor,
    Body(policy): Body<Policy>,
) -> Result<Json<Policy>, Error> {
    policy
        .validate()
        .map_err(|error| Error::new(Code::InvalidPolicy, error.to_string()))?;
    api.rapport
        .command(&actor, Command::PutPolicy(policy.clone()))
        .await?;
    Ok(Json(policy))
}

/// An identifier that no longer resolves.
#[derive(Serialize)]
struct Shared {
    identifier: String,
    kind: String,
    value: String,
    since: Option<String>,
}

async fn shared(State(api): State<Api>, _: Actor, page: Page) -> Result<Json<List<Shared>>, Error> {
    let after = page.after(|text| reference::identifier(&list::read_opaque(text)?).ok())?;
    let mut marked = api.rapport.shared_identifiers().await?;
    marked.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
    let rest = marked
        .into_iter()
        .filter(|(identifier, _)| after.as_ref().is_none_or(|after| identifier > after));
    let shown = rest
        .take(page.limit + 1)
        .map(|(identifier, record)| Shared {
            identifier: identifier.to_string(),
            kind: identifier.kind.word().to_owned(),
            value: identifier.value.to_string(),
            since: record.marked().map(|position| position.to_string()),
        });
    Ok(list::page(shown.collect(), page.limit, |last| {
        list::opaque(&last.identifier)
    }))
}

async fn release(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(text): Named,
) -> Result<StatusCode, Error> {
    let named = reference::identifier(&text)?;
    let identifier = normalise(&api.rapport.policy(), &named)
        .map_err(|_| Error::missing(format_args!("shared identifier {text}")))?;
    api.rapport
        .command(&actor, Command::ReleaseShared { identifier })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
