//! Segments: their rules in both spellings, their members, and why somebody is in or out.

use super::address::Named;
use super::bearer::Actor;
use super::body::Body;
use super::list::{self, List, Page};
use super::profiles;
use super::rule;
use super::spelled::{Identifiers, identifiers, owned};
use crate::Api;
use crate::errors::{Code, Error};
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_core::identity::ProfileNo;
use rapport_core::profile::Profile;
use rapport_core::segment::catalogue::Facts;
use rapport_core::segment::explain::Explanation;
use rapport_core::segment::registry::{Build, Definition};
use rapport_core::segment::rule::Rule;
use rapport_core::segment::{text, tree};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

mod complete;
mod overlap;
mod preview;
mod turnover;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/segments", get(all))
        .route(
            "/segments/{key}",
            get(show).put(put).delete(remove).post(ask),
        )
        .route("/segments/{key}/members", get(members))
        .route("/segments/{key}/explain", get(explain))
        .route("/segments/{key}/overlap", get(overlap::show))
        .route("/segments/{key}/sizes", get(turnover::sizes))
        .route("/segments/{key}/changes", get(turnover::changes))
}

/// A segment.
#[derive(Serialize)]
struct Shown {
    id: String,
    key: String,
    name: String,
    rule: String,
    tree: Box<RawValue>,
    version: u32,
    state: &'static str,
    size: u64,
    /// What of its conditions is kept only up to a limit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl Shown {
    fn of(api: &Api, definition: &Definition) -> Shown {
        Shown {
            id: format!("seg_{}", definition.no.0),
            key: definition.key.to_string(),
            name: definition.name.to_string(),
            rule: definition.rule.to_string(),
            tree: owned(tree::print(&definition.rule)),
            version: definition.version,
            state: match definition.build {
                Build::Complete => "live",
                Build::Running { .. } => "building",
            },
            size: api.rapport.segment_size(definition.no),
            notes: definition.whole().notes(),
        }
    }
}

fn find(api: &Api, key: &str) -> Result<Definition, Error> {
    let registry = api.rapport.registry();
    registry
        .get(key)
        .cloned()
        .ok_or_else(|| Error::missing(format_args!("segment {key}")))
}

async fn all(State(api): State<Api>, _: Actor, page: Page) -> Result<Json<List<Shown>>, Error> {
    let after = page.after(|text| Some(text.to_owned()))?;
    let registry = api.rapport.registry();
    let mut definitions: Vec<&Definition> = registry.segments().iter().collect();
    definitions.sort_unstable_by(|left, right| left.key.cmp(&right.key));
    let rest = definitions.into_iter().filter(|definition| {
        after
            .as_deref()
            .is_none_or(|after| &*definition.key > after)
    });
    let shown = rest
        .take(page.limit + 1)
        .map(|definition| Shown::of(&api, definition));
    Ok(list::page(shown.collect(), page.limit, |last| {
        last.key.clone()
    }))
}

async fn show(State(api): State<Api>, _: Actor, Named(key): Named) -> Result<Json<Shown>, Error> {
    Ok(Json(Shown::of(&api, &find(&api, &key)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: Option<String>,
    rule: Box<RawValue>,
}

/// Makes a segment or changes it; without a `name` it keeps the one it has, or is named as its key.
async fn put(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(key): Named,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Shown>, Error> {
    let rule = read(wanted.rule.get())?.to_string();
    let known = api
        .rapport
        .registry()
        .get(&key)
        .map(|definition| definition.name.to_string());
    let name = wanted.name.or(known).unwrap_or_else(|| key.clone());
    api.rapport
        .command(
            &actor,
            Command::PutSegment {
                key: key.clone(),
                name,
                rule,
            },
        )
        .await?;
    Ok(Json(Shown::of(&api, &find(&api, &key)?)))
}

/// Reads a rule in either spelling.
fn read(raw: &str) -> Result<Rule, Error> {
    rule::read(raw, text::parse, tree::parse)
}

/// What is asked of rules that are no segments. A segment may have these words for its key, too:
/// nothing else is posted to one.
async fn ask(
    State(api): State<Api>,
    _: Actor,
    Named(word): Named,
    request: Request,
) -> Result<Response, Error> {
    match word.as_str() {
        "preview" => preview::show(&api, Body::from_request(request, &api).await?).await,
        "complete" => complete::show(&api, Body::from_request(request, &api).await?).await,
        _ => Err(Error::new(
            Code::MethodNotAllowed,
            format!("/api/v1/segments/{word} does not take POST"),
        )),
    }
}

async fn remove(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(key): Named,
) -> Result<StatusCode, Error> {
    api.rapport
        .command(&actor, Command::DeleteSegment { key })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody in a segment.
#[derive(Serialize)]
struct Member<'a> {
    profile_id: String,
    identifiers: Identifiers<'a>,
    entered_at: Option<String>,
}

async fn members(
    State(api): State<Api>,
    _: Actor,
    Named(key): Named,
    page: Page,
) -> Result<Response, Error> {
    let segment = find(&api, &key)?.no;
    let after = page.after(ProfileNo::parse)?;
    let (found, next) = api.rapport.members(segment, after, page.limit).await?;
    let members: Vec<Member<'_>> = found
        .iter()
        .map(|profile| Member {
            profile_id: profile.number.to_string(),
            identifiers: identifiers(&profile.links),
            entered_at: profile
                .memberships
                .get(segment)
                .map(|m| m.entered_at.to_string()),
        })
        .collect();
    let next = next.map(|number| number.to_string());
    Ok(list::behind(members, next).into_response())
}

async fn explain(
    State(api): State<Api>,
    _: Actor,
    Named(key): Named,
    page: Page,
) -> Result<Response, Error> {
    find(&api, &key)?;
    let text = page.one("profile").ok_or_else(|| {
        Error::new(
            Code::InvalidQuery,
            "name somebody: `?profile=kind:value` or `?profile=prf_1`",
        )
    })?;
    let profile = asked(&api, text).await?;
    let mut explained = explained_of(&api, &key, &profile)
        .ok_or_else(|| Error::missing(format_args!("segment {key}")))?;
    api.rapport.name_events(&profile, &mut explained).await?;
    Ok(Json(explained).into_response())
}

fn explained_of(api: &Api, key: &str, profile: &Profile) -> Option<Explanation> {
    let numbers = profile.origins_since();
    let facts = Facts {
        number: profile.number,
        numbers: &numbers,
        attributes: &profile.attributes,
        companies: &profile.companies,
        leaves: &profile.leaves,
    };
    let now = api.rapport.clock().now();
    let catalogue = api.rapport.catalogue();
    catalogue.explain(key, &facts, &profile.memberships, now)
}

/// A query's `+` means a blank to programs and a plus to people: an identifier that is not found
/// with the one is looked for with the other.
async fn asked(api: &Api, text: &str) -> Result<Profile, Error> {
    match profiles::find(api, text).await {
        Err(error) if error.code() == Code::NotFound && text.contains(' ') => {
            profiles::find(api, &text.replace(' ', "+"))
                .await
                .map_err(|_| error)
        }
        found => found,
    }
}
