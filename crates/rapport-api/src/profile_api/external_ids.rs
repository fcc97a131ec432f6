//! External ids: every identifier of a user, or the id of an account.

use super::cursor::{self, Cursor};
use super::fault::Fault;
use super::subject::{ACCOUNTS, Address, GROUP_ID, Subject, USERS};
use super::wanted::Wanted;
use crate::Api;
use axum::Json;
use axum::response::{IntoResponse, Response};
use rapport_core::identity::Link;
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::profile::company::Company;
use rapport_store::history::Ask;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 100;
/// Events read at once while the ones that said something first are looked for.
const PAGE: usize = 500;
/// Events looked at in all: behind them the first message stays unnamed.
const EVENTS_MAX: usize = 5_000;

/// An identifier.
#[derive(Serialize)]
pub(super) struct ExternalId<'a> {
    pub(super) source_id: Option<String>,
    pub(super) collection: &'static str,
    pub(super) id: &'a str,
    #[serde(rename = "type")]
    pub(super) kind: &'a str,
    pub(super) created_at: String,
    pub(super) encoding: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_message_id: Option<Box<str>>,
}

impl<'a> ExternalId<'a> {
    /// A user's identifier.
    pub(super) fn of_link(link: &'a Link) -> ExternalId<'a> {
        ExternalId {
            source_id: link.source.map(|source| source.0.to_string()),
            collection: USERS,
            id: &link.identifier.value,
            kind: link.identifier.kind.word(),
            created_at: link.since.to_string(),
            encoding: "none",
            first_message_id: None,
        }
    }

    /// An account's id.
    pub(super) fn of_account(id: &'a str, created_at: String) -> ExternalId<'a> {
        ExternalId {
            source_id: None,
            collection: ACCOUNTS,
            id,
            kind: GROUP_ID,
            created_at,
            encoding: "none",
            first_message_id: None,
        }
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    data: Vec<ExternalId<'a>>,
    cursor: Cursor,
}

/// A page of identifiers, in the order they were attached.
pub(super) async fn answer(
    api: &Api,
    address: &Address,
    subject: &Subject,
    wanted: &Wanted,
) -> Result<Response, Fault> {
    let limit = wanted.limit(LIMIT_DEFAULT, LIMIT_MAX)?;
    match subject {
        Subject::User(profile) => user(api, address, profile, wanted, limit).await,
        Subject::Account(company) => Ok(account(address, company, wanted, limit)),
    }
}

async fn user(
    api: &Api,
    address: &Address,
    profile: &Profile,
    wanted: &Wanted,
    limit: usize,
) -> Result<Response, Fault> {
    let kinds = wanted.names("include");
    let is_wanted = |link: &&Link| {
        let kind = link.identifier.kind.word();
        kinds.as_ref().is_none_or(|kinds| kinds.contains(kind))
    };
    let links: Vec<&Link> = profile.links.iter().filter(is_wanted).collect();
    let first = match cursor::place(wanted)? {
        None => 0,
        Some(after) => {
            let place = links
                .iter()
                .position(|link| link.identifier.to_string() == after);
            place.ok_or_else(cursor::unknown)? + 1
        }
    };
    let page = &links[first..links.len().min(first + limit)];
    let has_more = links.len() > first + limit;
    let causes = page.iter().map(|link| link.cause).collect();
    let messages = first_messages(api, profile, causes).await?;
    let data = page.iter().map(|link| ExternalId {
        first_message_id: messages.get(&link.cause).cloned(),
        ..ExternalId::of_link(link)
    });
    let data = data.collect();
    let last = page.last().map(|link| link.identifier.to_string());
    let next = last.as_deref().filter(|_| has_more);
    let cursor = Cursor::new(address, wanted, limit, next);
    Ok(Json(Shown { data, cursor }).into_response())
}

fn account(address: &Address, company: &Company, wanted: &Wanted, limit: usize) -> Response {
    let data = vec![ExternalId::of_account(
        &company.id,
        company.first_seen.to_string(),
    )];
    let cursor = Cursor::new(address, wanted, limit, None);
    Json(Shown { data, cursor }).into_response()
}

/// The message ids of these events of a person, as far as they are among the newest.
pub(super) async fn first_messages(
    api: &Api,
    profile: &Profile,
    mut sought: BTreeSet<Position>,
) -> Result<BTreeMap<Position, Box<str>>, Fault> {
    let mut found = BTreeMap::new();
    let mut ask = Ask {
        limit: PAGE,
        ..Ask::default()
    };
    for _ in 0..EVENTS_MAX / PAGE {
        let rows = api.rapport.timeline(profile, &ask).await?;
        for row in &rows {
            if sought.remove(&row.event.position) {
                found.insert(row.event.position, row.event.message_id.clone());
            }
        }
        let last = rows.last().filter(|_| rows.len() == PAGE);
        let Some(last) = last.filter(|_| !sought.is_empty()) else {
            break;
        };
        ask.before = Some((last.event.at, last.event.position));
    }
    Ok(found)
}
