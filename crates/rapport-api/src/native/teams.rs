//! Teams: made, moved, renamed, archived.

use super::address::Named;
use super::body::Body;
use super::list::{self, List, Page};
use crate::Api;
use crate::errors::{Code, Error};
use crate::rights::Asker;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_core::member::{Team, TeamNo, Teams};
use serde::{Deserialize, Deserializer, Serialize};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/teams", get(all).post(make))
        .route("/teams/{id}", get(show).put(change).delete(archive))
}

/// A team.
#[derive(Serialize)]
struct Shown {
    id: u32,
    name: Box<str>,
    parent: Option<u32>,
    /// The numbers of the teams around it and its own, from the outermost.
    path: String,
}

impl Shown {
    fn of(teams: &Teams, team: &Team) -> Shown {
        Shown {
            id: team.no.0,
            name: team.name.clone(),
            parent: team.parent.map(|parent| parent.0),
            path: teams.path(team.no),
        }
    }
}

fn find(api: &Api, text: &str) -> Result<Team, Error> {
    let no = text.parse().ok().map(TeamNo);
    let roster = api.rapport.roster();
    let found = no.and_then(|no| roster.teams.get(no));
    let found = found.filter(|team| !team.archived).cloned();
    found.ok_or_else(|| Error::missing(format_args!("team {text}")))
}

async fn all(State(api): State<Api>, _: Asker, page: Page) -> Result<Json<List<Shown>>, Error> {
    let after = page.after(|text| text.parse().ok())?.unwrap_or(0);
    let roster = api.rapport.roster();
    let teams = &roster.teams;
    let rest = teams
        .iter()
        .filter(|team| team.no.0 > after && !team.archived);
    let shown = rest.take(page.limit + 1).map(|team| Shown::of(teams, team));
    Ok(list::page(shown.collect(), page.limit, |last| {
        last.id.to_string()
    }))
}

async fn show(State(api): State<Api>, _: Asker, Named(id): Named) -> Result<Json<Shown>, Error> {
    let team = find(&api, &id)?;
    Ok(Json(Shown::of(&api.rapport.roster().teams, &team)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Made {
    name: String,
    parent: Option<u32>,
}

async fn make(
    State(api): State<Api>,
    asker: Asker,
    Body(made): Body<Made>,
) -> Result<(StatusCode, Json<Shown>), Error> {
    moves(&asker)?;
    let _one_at_a_time = api.numbering.lock().await;
    let no = api.rapport.roster().teams.next();
    let team = Team {
        no,
        name: made.name.into(),
        parent: made.parent.map(TeamNo),
        archived: false,
    };
    put(&api, &asker, team).await?;
    let team = find(&api, &no.to_string())?;
    let shown = Shown::of(&api.rapport.roster().teams, &team);
    Ok((StatusCode::CREATED, Json(shown)))
}

/// What may be changed of a team; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    name: Option<String>,
    /// `null` takes it out of the team around it.
    #[serde(default, deserialize_with = "given")]
    parent: Option<Option<u32>>,
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

async fn change(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
    Body(changed): Body<Changed>,
) -> Result<Json<Shown>, Error> {
    moves(&asker)?;
    let mut team = find(&api, &id)?;
    if let Some(name) = changed.name {
        team.name = name.into();
    }
    if let Some(parent) = changed.parent {
        team.parent = parent.map(TeamNo);
    }
    put(&api, &asker, team).await?;
    let team = find(&api, &id)?;
    Ok(Json(Shown::of(&api.rapport.roster().teams, &team)))
}

async fn archive(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
) -> Result<StatusCode, Error> {
    moves(&asker)?;
    let team = find(&api, &id)?.no;
    let command = Command::ArchiveTeam { team };
    api.rapport.command(asker.name(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn put(api: &Api, asker: &Asker, team: Team) -> Result<(), Error> {
    let command = Command::PutTeam(team);
    api.rapport.command(asker.name(), command).await?;
    Ok(())
}

/// Where a team is decides which records its members, and those of the teams around it, reach:
/// somebody who does not reach all could gain some by moving one.
pub(super) fn moves(asker: &Asker) -> Result<(), Error> {
    match asker.actor.role().is_none_or(|role| role.is_admin()) {
        true => Ok(()),
        false => Err(Error::new(
            Code::Forbidden,
            "teams are made and moved by admins",
        )),
    }
}
