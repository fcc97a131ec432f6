//! API tokens: made, listed, revoked. A token is shown once, when it is made; only its hash is
//! kept.

use super::address::Named;
use super::body::Body;
use super::list::{self, List, Page};
use super::members::beyond;
use super::revoked;
use super::roles;
use crate::Api;
use crate::errors::{Code, Error};
use crate::rights::Asker;
use crate::rights::objects::spelled;
use crate::secret;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get};
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_core::member::{MemberNo, Scopes};
use rapport_flow::keys;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Longest name of a token, in characters.
const NAME_CHARS_MAX: usize = 100;
/// How names begin that stand for somebody else in what is recorded.
const RESERVED: [&str; 2] = ["member:", "somebody"];

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
    scopes: Vec<String>,
    /// The member whose rights limit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<u64>,
}

async fn all(State(api): State<Api>, _: Asker, page: Page) -> Result<Json<List<Shown>>, Error> {
    let after = page.after(|text| Some(text.to_owned()))?;
    let ring = api.rapport.keys();
    // In the order of their hashes, and so of their ids.
    let shown = ring.tokens().map(|(hash, token)| Shown {
        id: keys::id(hash).to_owned(),
        name: token.name.clone(),
        hint: token.hint.clone(),
        scopes: token.scopes.iter().map(spelled).collect(),
        member: token.member.map(|member| member.0),
    });
    let rest = shown.filter(|token| after.as_ref().is_none_or(|after| token.id > *after));
    let rest = rest.take(page.limit + 1).collect();
    Ok(list::page(rest, page.limit, |last: &Shown| last.id.clone()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    /// What it opens; everything that is open to whoever makes it, where nothing is said.
    scopes: Option<Vec<String>>,
    /// The member whose rights limit it.
    member: Option<u64>,
}

async fn make(
    State(api): State<Api>,
    asker: Asker,
    Body(wanted): Body<Wanted>,
) -> Result<(StatusCode, Json<Value>), Error> {
    let name = wanted.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        let message = format!("`name` must have 1 to {NAME_CHARS_MAX} characters");
        return Err(Error::new(Code::InvalidBody, message));
    }
    if RESERVED.iter().any(|begin| name.starts_with(begin)) {
        let message = format!("`{name}` would be taken for somebody else in what is recorded");
        return Err(Error::new(Code::InvalidBody, message));
    }
    let scopes = match &wanted.scopes {
        Some(texts) => roles::scopes(texts)?,
        None => asker.actor.scopes().clone(),
    };
    if scopes.is_empty() {
        return Err(Error::new(Code::InvalidBody, "`scopes` names nothing"));
    }
    let member = whose(&api, &asker, wanted.member.map(MemberNo), &scopes)?;
    let token =
        secret::make("rp_").map_err(|error| Error::new(Code::Storage, error.to_string()))?;
    let (token_hash, hint) = (keys::hash(&token), secret::hint(&token));
    let shown = json!({
        "id": keys::id(&token_hash), "token": token, "name": name, "hint": hint,
        "scopes": scopes.iter().map(spelled).collect::<Vec<_>>(),
        "member": member.map(|member| member.0),
    });
    let command = Command::PutToken {
        token_hash,
        name,
        hint,
        scopes,
        member,
    };
    api.rapport.command(asker.name(), command).await?;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Takes a token out of use for ever: when this answers, it opens nothing any more.
async fn revoke(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
) -> Result<StatusCode, Error> {
    let ring = api.rapport.keys();
    let tokens = ring.tokens().map(|(hash, token)| (hash, &*token.hint));
    let token_hash = revoked::find("token", &id, tokens)?;
    if let Some(token) = ring.by_hash(&token_hash) {
        gives(&api, &asker, token.member, &token.scopes)?;
    }
    let command = Command::RevokeToken { token_hash };
    api.rapport.command(asker.name(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose a new token is: nobody's where whoever makes it could do everything such a token can,
/// else theirs.
fn whose(
    api: &Api,
    asker: &Asker,
    wanted: Option<MemberNo>,
    scopes: &Scopes,
) -> Result<Option<MemberNo>, Error> {
    let own = asker.actor.who().map(|member| member.no);
    let is_free = asker.actor.role().is_none_or(|role| role.is_admin());
    let member = wanted.or(own.filter(|_| !is_free));
    gives(api, asker, member, scopes)?;
    Ok(member)
}

/// Nobody makes a token, or takes one out of use, that opens more than is open to them.
fn gives(api: &Api, asker: &Asker, member: Option<MemberNo>, scopes: &Scopes) -> Result<(), Error> {
    let roster = api.rapport.roster();
    let role = match member {
        Some(no) => {
            let found = roster.member(no);
            let found = found.ok_or_else(|| Error::missing(format_args!("member {no}")))?;
            roster.role(&found.role)
        }
        None => None,
    };
    match asker.actor.covers(role.map(|role| &**role), scopes) {
        true => Ok(()),
        false => Err(beyond("such a token")),
    }
}
