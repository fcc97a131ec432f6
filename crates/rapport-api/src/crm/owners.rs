//! Owners: who records can belong to. They are the members of the workspace.

use super::account::user_of;
use super::asked::Asked;
use super::fault::Fault;
use super::paging;
use super::spelling::Spelled;
use crate::Api;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::member::{Member, MemberNo, Roster, normal_email};
use serde_json::{Value, json};

const LIMIT: usize = 100;
const LIMIT_MAX: usize = 500;

pub(super) fn routes() -> Router<Api> {
    Spelled::family("v3", "owners")
        .at("", get(all))
        .at("/{id}", get(one))
        .routes()
}

fn shown(roster: &Roster, member: &Member) -> Value {
    let teams = member.teams.iter().filter_map(|no| roster.teams.get(*no));
    let teams = teams.map(|team| {
        json!({
            "id": team.no.0.to_string(),
            "name": team.name,
            "primary": member.team() == Some(team.no),
        })
    });
    let mut shown = json!({
        "id": member.no.to_string(),
        "email": member.email,
        "type": "PERSON",
        "firstName": member.first_name,
        "lastName": member.last_name,
        "userIdIncludingInactive": member.no.0,
        "createdAt": member.created.to_string(),
        "updatedAt": member.updated.to_string(),
        "archived": !member.is_active(),
        "teams": teams.collect::<Vec<_>>(),
    });
    if member.is_active() {
        shown["userId"] = json!(member.no.0);
    }
    shown
}

async fn all(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let roster = api.rapport.roster();
    let archived = asked.flag("archived")?;
    let limit = asked.limit(LIMIT, LIMIT_MAX)?;
    let after = asked.after::<u64>()?.unwrap_or(0);
    // What is no address is nobody's.
    let email = asked
        .one("email")
        .map(|email| normal_email(email).unwrap_or_default());
    let members = roster.members(MemberNo(after));
    let members = members.filter(|member| member.is_active() != archived);
    let members =
        members.filter(|member| email.as_ref().is_none_or(|email| member.email == *email));
    let mut members: Vec<_> = members.take(limit + 1).collect();
    let more = members.len() > limit;
    members.truncate(limit);
    let next = members.last().filter(|_| more).map(|member| member.no);
    let results = members
        .iter()
        .map(|member| shown(&roster, member))
        .collect();
    Ok(paging::page(&asked, results, next))
}

async fn one(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let id = asked.at("id");
    let by_user = match asked.one("idProperty") {
        None | Some("id") => false,
        Some("userId") => true,
        Some(other) => {
            let message = format!("`idProperty` is `id` or `userId`, not `{other}`.");
            return Err(Fault::invalid(message));
        }
    };
    let archived = asked.flag("archived")?;
    let roster = api.rapport.roster();
    let member = id.parse().ok().and_then(|no| roster.member(MemberNo(no)));
    let member = member.filter(|member| member.is_active() != archived);
    match member {
        Some(member) => Ok(Json(shown(&roster, member))),
        None if by_user && is_own(&asked, id) => Ok(Json(token(&asked, id))),
        None => Err(Fault::missing(format!("There is no owner {id}.")).about("ownerId", id)),
    }
}

/// Whether the number is the one that the caller's token is told to have.
fn is_own(asked: &Asked, id: &str) -> bool {
    user_of(&rapport_flow::keys::hash(&asked.caller.token)).to_string() == id
}

/// A token that is no member's, as whoever asks with it sees itself.
fn token(asked: &Asked, id: &str) -> Value {
    let epoch = rapport_core::time::Millis(0).to_string();
    json!({
        "id": id,
        "type": "PERSON",
        "firstName": asked.caller.actor,
        "userId": id.parse::<u64>().unwrap_or_default(),
        "createdAt": epoch,
        "updatedAt": epoch,
        "archived": false,
        "teams": [],
    })
}
