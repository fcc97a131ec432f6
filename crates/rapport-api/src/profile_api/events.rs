//! Events: what a user did in the last 14 days.

use super::cursor::{self, Cursor};
use super::fault::Fault;
use super::subject::{Address, USERS};
use super::wanted::Wanted;
use crate::Api;
use axum::Json;
use axum::response::{IntoResponse, Response};
use rapport_core::event::Kind;
use rapport_core::identity::Identifier;
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::time::{DAY_MS, Millis};
use rapport_store::history::{Ask, Row};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::sync::Arc;

const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 100;
/// How far back events are shown.
const WINDOW_MS: i64 = 14 * DAY_MS;
/// Events read at once while a page is filled.
const PAGE: usize = 500;

/// Where an event stands in a timeline.
type Place = (Millis, Position);

#[derive(Serialize)]
struct ExternalId<'a> {
    collection: &'static str,
    #[serde(rename = "type")]
    kind: &'a str,
    id: &'a str,
    encoding: &'static str,
}

#[derive(Serialize)]
struct Related {
    users: String,
}

#[derive(Serialize)]
struct Shown<'a> {
    external_ids: Vec<ExternalId<'a>>,
    context: &'a RawValue,
    #[serde(rename = "type")]
    kind: Kind,
    message_id: &'a str,
    source_id: String,
    timestamp: String,
    properties: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    related: Related,
}

#[derive(Serialize)]
struct Page<'a> {
    data: Vec<Shown<'a>>,
    cursor: Cursor,
}

impl<'a> Shown<'a> {
    fn of(row: &'a Row, profile: &Profile) -> Shown<'a> {
        let event = &row.event;
        let external_id = |identifier: &'a Identifier| ExternalId {
            collection: USERS,
            kind: identifier.kind.word(),
            id: &identifier.value,
            encoding: "none",
        };
        // What an identify says stands where a track's properties do.
        let properties = match event.kind {
            Kind::Identify | Kind::Group => &event.traits,
            _ => &event.properties,
        };
        Shown {
            external_ids: event.identifiers.iter().map(external_id).collect(),
            context: raw(&event.context),
            kind: event.kind,
            message_id: &event.message_id,
            source_id: event.source.0.to_string(),
            timestamp: event.at.to_string(),
            properties: raw(properties),
            event: Some(&*event.name).filter(|name| !name.is_empty()),
            related: Related {
                users: profile.number.to_string(),
            },
        }
    }
}

/// A page of events, newest first unless `sort=asc`.
pub(super) async fn answer(
    api: &Api,
    address: &Address,
    profile: &Profile,
    wanted: &Wanted,
) -> Result<Response, Fault> {
    let limit = wanted.limit(LIMIT_DEFAULT, LIMIT_MAX)?;
    let selection = Selection::read(api, wanted)?;
    let (rows, has_more) = match is_ascending(wanted)? {
        true => oldest(api, profile, &selection, limit).await?,
        false => newest(api, profile, &selection, limit).await?,
    };
    let last = rows.last().map(|row| {
        let (at, position) = place(row);
        format!("{}_{position}", at.0)
    });
    let next = last.as_deref().filter(|_| has_more);
    let cursor = Cursor::new(address, wanted, limit, next);
    let data = rows.iter().map(|row| Shown::of(row, profile)).collect();
    Ok(Json(Page { data, cursor }).into_response())
}

fn is_ascending(wanted: &Wanted) -> Result<bool, Fault> {
    match wanted.one("sort") {
        None | Some("desc") => Ok(false),
        Some("asc") => Ok(true),
        Some(other) => Err(Fault::invalid(format!(
            "The parameter `sort` is `asc` or `desc`, not `{other}`."
        ))),
    }
}

/// Which events are wanted.
struct Selection<'a> {
    /// Not at or before this.
    start: Millis,
    /// Not at or after this; `None` is now.
    end: Option<Millis>,
    include: Ask,
    exclude: std::collections::BTreeSet<&'a str>,
    /// The last event of the page before.
    after: Option<Place>,
}

impl<'a> Selection<'a> {
    fn read(api: &Api, wanted: &'a Wanted) -> Result<Selection<'a>, Fault> {
        let oldest = api.rapport.clock().now().plus(-WINDOW_MS);
        let start = instant(wanted, "start")?.unwrap_or(oldest).max(oldest);
        let include = wanted.names("include").unwrap_or_default();
        let after = cursor::place(wanted)?;
        let after = after.map(|text| read_place(&text).ok_or_else(cursor::unknown));
        Ok(Selection {
            start,
            end: instant(wanted, "end")?,
            include: Ask {
                names: include.into_iter().map(str::to_owned).collect(),
                limit: PAGE,
                ..Ask::default()
            },
            exclude: wanted.names("exclude").unwrap_or_default(),
            after: after.transpose()?,
        })
    }

    fn has(&self, row: &Row) -> bool {
        !self.exclude.contains(&*row.event.name)
    }
}

fn instant(wanted: &Wanted, name: &str) -> Result<Option<Millis>, Fault> {
    let Some(text) = wanted.one(name) else {
        return Ok(None);
    };
    let instant = Millis::parse(text);
    instant
        .map(Some)
        .ok_or_else(|| Fault::invalid(format!("The parameter `{name}` is no instant in ISO 8601.")))
}

/// The newest events before the last page; whether more follow.
async fn newest(
    api: &Api,
    profile: &Profile,
    selection: &Selection<'_>,
    limit: usize,
) -> Result<(Vec<Arc<Row>>, bool), Fault> {
    let end = selection.end.map(|end| (end, Position::default()));
    let before = match (selection.after, end) {
        (Some(after), Some(end)) => Some(after.min(end)),
        (after, end) => after.or(end),
    };
    let mut found = Vec::new();
    let mut walk = Walk::new(selection, before);
    while let Some(rows) = walk.next(api, profile).await? {
        found.extend(rows.into_iter().filter(|row| selection.has(row)));
        if found.len() > limit {
            found.truncate(limit);
            return Ok((found, true));
        }
    }
    Ok((found, false))
}

/// The oldest events behind the last page; whether more follow. The timeline is walked from its
/// end, so memory holds one page.
async fn oldest(
    api: &Api,
    profile: &Profile,
    selection: &Selection<'_>,
    limit: usize,
) -> Result<(Vec<Arc<Row>>, bool), Fault> {
    let mut found: VecDeque<Arc<Row>> = VecDeque::new();
    let mut has_more = false;
    let end = selection.end.map(|end| (end, Position::default()));
    let mut walk = Walk::new(selection, end);
    'pages: while let Some(rows) = walk.next(api, profile).await? {
        for row in rows.into_iter().filter(|row| selection.has(row)) {
            if selection.after.is_some_and(|after| place(&row) <= after) {
                break 'pages;
            }
            found.push_front(row);
            if found.len() > limit {
                found.pop_back();
                has_more = true;
            }
        }
    }
    Ok((found.into(), has_more))
}

/// A walk through a timeline, newest first, to the start of the selection.
struct Walk {
    ask: Ask,
    start: Millis,
    is_over: bool,
}

impl Walk {
    fn new(selection: &Selection<'_>, before: Option<Place>) -> Walk {
        Walk {
            ask: Ask {
                before,
                ..selection.include.clone()
            },
            start: selection.start,
            is_over: false,
        }
    }

    async fn next(&mut self, api: &Api, profile: &Profile) -> Result<Option<Vec<Arc<Row>>>, Fault> {
        if self.is_over {
            return Ok(None);
        }
        let mut rows = api.rapport.timeline(profile, &self.ask).await?;
        self.ask.before = rows.last().map(|row| place(row));
        self.is_over = rows.len() < self.ask.limit;
        let inside = rows.partition_point(|row| row.event.at > self.start);
        self.is_over |= inside < rows.len();
        rows.truncate(inside);
        Ok(Some(rows))
    }
}

fn place(row: &Row) -> Place {
    (row.event.at, row.event.position)
}

fn read_place(text: &str) -> Option<Place> {
    let (at, position) = text.split_once('_')?;
    let (request, index) = position.split_once('.')?;
    let position = Position::event(request.parse().ok()?, index.parse().ok()?);
    Some((Millis(at.parse().ok()?), position))
}

fn raw(json: &str) -> &RawValue {
    serde_json::from_str(json).unwrap_or(RawValue::NULL)
}
