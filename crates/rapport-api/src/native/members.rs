//! Members: made, changed, deactivated, given a password. None is ever removed.

use super::address::Named;
use super::body::Body;
use super::list::{self, List, Page};
use super::teams;
use crate::Api;
use crate::errors::{Code, Error};
use crate::password;
use crate::rights::Asker;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_core::member::{Draft, Member, MemberNo, Scopes, TeamNo};
use rapport_flow::audit::{Record, What};
use rapport_flow::sessions::Change;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/members", get(all).post(make))
        .route("/members/{id}", get(show).put(change).delete(deactivate))
        .route("/members/{id}/password", put(set_password))
        .route("/members/{id}/sign-out", post(sign_out))
}

/// A member.
#[derive(Serialize)]
pub(super) struct Shown {
    id: u64,
    email: Box<str>,
    first_name: Box<str>,
    last_name: Box<str>,
    role: Box<str>,
    teams: Vec<u32>,
    active: bool,
    /// Whether they can sign in with a password.
    has_password: bool,
    created_at: String,
    updated_at: String,
}

impl Shown {
    pub(super) fn of(api: &Api, member: &Member) -> Shown {
        let password = api.rapport.roster().password(member.no).is_some();
        Shown {
            id: member.no.0,
            email: member.email.clone(),
            first_name: member.first_name.clone(),
            last_name: member.last_name.clone(),
            role: member.role.clone(),
            teams: member.teams.iter().map(|team| team.0).collect(),
            active: member.is_active(),
            has_password: password,
            created_at: member.created.to_string(),
            updated_at: member.updated.to_string(),
        }
    }
}

/// The member an address names.
fn find(api: &Api, text: &str) -> Result<Arc<Member>, Error> {
    let no = text.parse().ok().map(MemberNo);
    let roster = api.rapport.roster();
    let found = no.and_then(|no| roster.member(no).cloned());
    found.ok_or_else(|| Error::missing(format_args!("member {text}")))
}

async fn all(State(api): State<Api>, _: Asker, page: Page) -> Result<Json<List<Shown>>, Error> {
    let after = page.after(|text| text.parse().ok())?.unwrap_or(0);
    let roster = api.rapport.roster();
    let email = page.one("email");
    let asked = email.map(|email| roster.by_email(email).map(|member| member.no));
    let rest = roster.members(MemberNo(after));
    let rest = rest.filter(|member| asked.is_none_or(|asked| asked == Some(member.no)));
    let shown = rest
        .take(page.limit + 1)
        .map(|member| Shown::of(&api, member));
    Ok(list::page(shown.collect(), page.limit, |last| {
        last.id.to_string()
    }))
}

async fn show(State(api): State<Api>, _: Asker, Named(id): Named) -> Result<Json<Shown>, Error> {
    let member = find(&api, &id)?;
    Ok(Json(Shown::of(&api, &member)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Made {
    email: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    role: String,
    #[serde(default)]
    teams: Vec<u32>,
    password: Option<String>,
}

async fn make(
    State(api): State<Api>,
    asker: Asker,
    Body(made): Body<Made>,
) -> Result<(StatusCode, Json<Shown>), Error> {
    let hash = match made.password {
        Some(password) => {
            password::check(&password, &made.email)?;
            Some(api.passwords.hash(password).await?)
        }
        None => None,
    };
    // Two requests at once must not get the same number.
    let _one_at_a_time = api.numbering.lock().await;
    let no = api.rapport.roster().next_member();
    let draft = Draft {
        no,
        email: made.email.into(),
        first_name: made.first_name.into(),
        last_name: made.last_name.into(),
        role: made.role.into(),
        teams: made.teams.into_iter().map(TeamNo).collect(),
    };
    gives(&api, &asker, &draft.role)?;
    if !draft.teams.is_empty() {
        teams::moves(&asker)?;
    }
    let command = Command::PutMember(draft);
    api.rapport.command(asker.name(), command).await?;
    if let Some(hash) = hash {
        let command = Command::SetPassword { member: no, hash };
        api.rapport.command(asker.name(), command).await?;
    }
    let member = find(&api, &no.to_string())?;
    Ok((StatusCode::CREATED, Json(Shown::of(&api, &member))))
}

/// What may be changed of a member; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    role: Option<String>,
    teams: Option<Vec<u32>>,
    active: Option<bool>,
}

async fn change(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
    Body(changed): Body<Changed>,
) -> Result<Json<Shown>, Error> {
    let member = find(&api, &id)?;
    gives(&api, &asker, &member.role)?;
    let Changed {
        email,
        first_name,
        last_name,
        role,
        teams,
        active,
    } = changed;
    let is_said = email.is_some() || first_name.is_some() || last_name.is_some();
    let is_said = is_said || role.is_some() || teams.is_some();
    if !is_said && active.is_none() {
        return Err(Error::new(Code::InvalidBody, "nothing is to be changed"));
    }
    if is_said {
        let teams = teams.map(|teams| teams.into_iter().map(TeamNo).collect());
        let draft = Draft {
            no: member.no,
            email: email.map_or_else(|| member.email.clone(), Into::into),
            first_name: first_name.map_or_else(|| member.first_name.clone(), Into::into),
            last_name: last_name.map_or_else(|| member.last_name.clone(), Into::into),
            role: role.map_or_else(|| member.role.clone(), Into::into),
            teams: teams.unwrap_or_else(|| member.teams.clone()),
        };
        gives(&api, &asker, &draft.role)?;
        if draft.teams != member.teams {
            teams::moves(&asker)?;
        }
        let command = Command::PutMember(draft);
        api.rapport.command(asker.name(), command).await?;
    }
    match active.filter(|active| *active != member.is_active()) {
        Some(true) => {
            let command = Command::ActivateMember { member: member.no };
            api.rapport.command(asker.name(), command).await?;
        }
        Some(false) => end(&api, &asker, member.no).await?,
        None => {}
    }
    let member = find(&api, &id)?;
    Ok(Json(Shown::of(&api, &member)))
}

/// Lets a member sign in no more. Sessions and tokens of theirs open nothing from now on.
async fn deactivate(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
) -> Result<StatusCode, Error> {
    let member = find(&api, &id)?;
    gives(&api, &asker, &member.role)?;
    end(&api, &asker, member.no).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn end(api: &Api, asker: &Asker, member: MemberNo) -> Result<(), Error> {
    if asker.actor.who().is_some_and(|own| own.no == member) {
        let message = "you cannot deactivate yourself: let somebody else do it";
        return Err(Error::new(Code::Conflict, message));
    }
    let command = Command::DeactivateMember { member };
    api.rapport.command(asker.name(), command).await?;
    Ok(api.rapport.sign(every(member), Vec::new()).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    password: String,
}

/// Sets a member's password. What they signed in with before is over.
async fn set_password(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
    Body(wanted): Body<Wanted>,
) -> Result<StatusCode, Error> {
    let member = find(&api, &id)?;
    gives(&api, &asker, &member.role)?;
    password::check(&wanted.password, &member.email)?;
    let hash = api.passwords.hash(wanted.password).await?;
    let command = Command::SetPassword {
        member: member.no,
        hash,
    };
    api.rapport.command(asker.name(), command).await?;
    api.rapport.sign(every(member.no), Vec::new()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs a member out everywhere.
async fn sign_out(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
) -> Result<StatusCode, Error> {
    let member = find(&api, &id)?;
    gives(&api, &asker, &member.role)?;
    let now = api.rapport.clock().now();
    let subject = format!("member:{}", member.no);
    let record = Record::new(now, What::SignedOut, asker.name(), subject);
    api.rapport.sign(every(member.no), vec![record]).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn every(member: MemberNo) -> Change {
    Change::EndAll { member, but: None }
}

/// Nobody gives a role to somebody, or power over whoever has it, without having what it opens.
fn gives(api: &Api, asker: &Asker, role: &str) -> Result<(), Error> {
    let roster = api.rapport.roster();
    let role = roster
        .role(role)
        .ok_or_else(|| Error::missing(format_args!("role `{role}`")))?;
    match asker.actor.covers(Some(role.as_ref()), &Scopes::admin()) {
        true => Ok(()),
        false => Err(beyond(&format!("the role `{}`", role.key))),
    }
}

/// Says that somebody would give more than they have.
pub(super) fn beyond(what: &str) -> Error {
    let message = format!("{what} opens more than is open to you");
    Error::new(Code::Forbidden, message).with_help("Ask somebody who has all of it.")
}
