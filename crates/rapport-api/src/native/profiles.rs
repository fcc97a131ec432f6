//! Profiles: one person, why their identifiers are theirs, and what they were merged from.

use super::address::Named;
use super::bearer::Actor;
use super::body::Body;
use super::list::{self, List, Page};
use super::reference;
use super::spelled::Person;
use crate::Api;
use crate::errors::Error;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_core::identity::shared::Tally;
use rapport_core::identity::{Link, Trust};
use rapport_core::profile::Profile;
use rapport_flow::commands::Reply;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/profiles/merge", post(merge))
        .route("/profiles/{reference}", get(show))
        .route("/profiles/{reference}/identifiers", get(identifiers))
}

/// The profile an address names.
pub(super) async fn find(api: &Api, text: &str) -> Result<Profile, Error> {
    let reference = reference::profile(text)?;
    let found = api.rapport.profile(&reference).await?;
    found.ok_or_else(|| Error::missing(format_args!("profile {text}")))
}

async fn show(State(api): State<Api>, _: Actor, Named(text): Named) -> Result<Response, Error> {
    let profile = find(&api, &text).await?;
    let configuration = api.rapport.configuration();
    let now = api.rapport.clock().now();
    let traits = configuration.catalogue.traits_of(&profile, now);
    Ok(Json(Person::of(&profile, &configuration.registry, &traits)).into_response())
}

#[derive(Serialize)]
struct Attached {
    kind: String,
    value: String,
    trust: Trust,
    cause: String,
    source: Option<u32>,
    since: String,
    /// How often something was refused about it lately.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Refused>,
}

/// Refusals since the identifier last had a day of rest.
#[derive(Serialize)]
struct Refused {
    count: u64,
    first: String,
    last: String,
}

impl Refused {
    fn of(tally: &Tally) -> Refused {
        Refused {
            count: tally.count,
            first: tally.first.to_string(),
            last: tally.last.to_string(),
        }
    }
}

impl Attached {
    fn of(link: &Link, refused: Option<&Tally>) -> Attached {
        Attached {
            kind: link.identifier.kind.word().to_owned(),
            value: link.identifier.value.to_string(),
            trust: link.trust,
            cause: link.cause.to_string(),
            source: link.source.map(|source| source.0),
            since: link.since.to_string(),
            refused: refused.map(Refused::of),
        }
    }
}

async fn identifiers(
    State(api): State<Api>,
    _: Actor,
    Named(text): Named,
    page: Page,
) -> Result<Json<List<Attached>>, Error> {
    let profile = find(&api, &text).await?;
    let place = |after: &str| {
        let after = list::read_opaque(after)?;
        profile
            .links
            .iter()
            .position(|link| link.identifier.to_string() == after)
    };
    let first = page.after(place)?.map_or(0, |place| place + 1);
    let links = profile.links[first..].iter().take(page.limit + 1);
    let asked: Vec<_> = links.clone().map(|link| link.identifier.clone()).collect();
    let refused = api.rapport.refused(&asked).await?;
    let attached = |link: &Link| Attached::of(link, refused.get(&link.identifier));
    Ok(list::page(
        links.map(attached).collect(),
        page.limit,
        |last| list::opaque(&format!("{}:{}", last.kind, last.value)),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Both {
    left: String,
    right: String,
}

async fn merge(
    State(api): State<Api>,
    Actor(actor): Actor,
    Body(both): Body<Both>,
) -> Result<Response, Error> {
    let left = reference::profile(&both.left)?;
    let right = reference::profile(&both.right)?;
    let applied = api
        .rapport
        .command(&actor, Command::Merge { left, right })
        .await?;
    Ok(match applied.reply {
        Reply::Merged { journal, survivor } => {
            Json(json!({ "id": format!("mrg_{journal}"), "profile_id": survivor.to_string() }))
        }
        // They were one already.
        _ => Json(json!({})),
    }
    .into_response())
}
