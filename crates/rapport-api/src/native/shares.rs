//! Shares: single records opened to a member or a team whose role does not reach them.

use super::body::Body;
use super::list::{self, List, Page};
use crate::Api;
use crate::errors::{Code, Error};
use crate::rights::Asker;
use crate::rights::objects;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::crm::RecordNo;
use rapport_core::entry::Command;
use rapport_core::member::{MemberNo, Share, TeamNo, With};
use serde::{Deserialize, Serialize};

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/shares", get(all).put(put).delete(remove))
}

/// A share.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Spelled {
    object: String,
    record: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    member: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    team: Option<u32>,
    #[serde(default)]
    edit: bool,
}

impl Spelled {
    fn of(share: &Share) -> Spelled {
        let (member, team) = match share.with {
            With::Member(no) => (Some(no.0), None),
            With::Team(no) => (None, Some(no.0)),
        };
        Spelled {
            object: objects::name(share.object),
            record: share.record.0.to_string(),
            member,
            team,
            edit: share.edit,
        }
    }

    fn read(&self) -> Result<Share, Error> {
        let refused = |message: String| Error::new(Code::InvalidMember, message);
        let object = objects::find(&self.object)
            .ok_or_else(|| refused(format!("`{}` is no type of records", self.object)))?;
        let record = self.record.parse().map(RecordNo);
        let record = record.map_err(|_| refused(format!("`{}` is no record", self.record)))?;
        let with = match (self.member, self.team) {
            (Some(no), None) => With::Member(MemberNo(no)),
            (None, Some(no)) => With::Team(TeamNo(no)),
            _ => {
                return Err(refused(
                    "a share is with one `member` or one `team`".to_owned(),
                ));
            }
        };
        Ok(Share {
            object,
            record,
            with,
            edit: self.edit,
        })
    }
}

async fn all(State(api): State<Api>, _: Asker, page: Page) -> Result<Json<List<Spelled>>, Error> {
    let after = page.after(|text| text.parse::<usize>().ok())?.unwrap_or(0);
    let roster = api.rapport.roster();
    let rest = roster.shares.iter().skip(after);
    let shown: Vec<Spelled> = rest
        .take(page.limit + 1)
        .map(|share| Spelled::of(&share))
        .collect();
    let next = (shown.len() > page.limit).then(|| (after + page.limit).to_string());
    let shown = shown.into_iter().take(page.limit).collect();
    Ok(list::behind(shown, next))
}

async fn put(
    State(api): State<Api>,
    asker: Asker,
    Body(spelled): Body<Spelled>,
) -> Result<Json<Spelled>, Error> {
    let share = spelled.read()?;
    gives(&asker)?;
    let command = Command::PutShare(share);
    api.rapport.command(asker.name(), command).await?;
    Ok(Json(spelled))
}

async fn remove(
    State(api): State<Api>,
    asker: Asker,
    Body(spelled): Body<Spelled>,
) -> Result<StatusCode, Error> {
    gives(&asker)?;
    let command = Command::DeleteShare(spelled.read()?);
    api.rapport.command(asker.name(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether somebody reaches a record that they name by its number is not known here: who does not
/// reach all could open others to themselves.
fn gives(asker: &Asker) -> Result<(), Error> {
    match asker.actor.role().is_none_or(|role| role.is_admin()) {
        true => Ok(()),
        false => Err(Error::new(
            Code::Forbidden,
            "records are shared here by admins",
        )),
    }
}
