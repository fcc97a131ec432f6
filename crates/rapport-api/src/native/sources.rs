//! Sources and their write keys. A key is shown once, when it is made; only its hash is kept.

use super::address::Named;
use super::bearer::Actor;
use super::body::Body;
use super::list::{self, List, Page};
use crate::Api;
use crate::errors::{Code, Error};
use crate::secret;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::entry::{Command, Source};
use rapport_core::event::{KeyKind, SourceNo};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

mod statistics;

use statistics::Statistics;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/sources", get(all).post(make))
        .route("/sources/{id}", get(show).put(rename))
        .route("/sources/{id}/keys", post(make_key))
}

/// A source.
#[derive(Serialize)]
struct Shown {
    id: u32,
    name: String,
    keys: Vec<Value>,
}

impl Shown {
    fn of(api: &Api, source: &Source) -> Shown {
        let ring = api.rapport.keys();
        let own = ring.keys().filter(|(_, key)| key.source == source.no);
        let keys = own
            .map(|(_, key)| json!({ "kind": key.kind, "hint": key.hint }))
            .collect();
        Shown {
            id: source.no.0,
            name: source.name.clone(),
            keys,
        }
    }
}

/// The source an address names.
pub(super) fn find(api: &Api, text: &str) -> Result<Source, Error> {
    let no = text.parse().ok().map(SourceNo);
    let found = api
        .rapport
        .sources()
        .into_iter()
        .find(|source| Some(source.no) == no);
    found.ok_or_else(|| Error::missing(format_args!("source {text}")))
}

async fn all(State(api): State<Api>, _: Actor, page: Page) -> Result<Json<List<Shown>>, Error> {
    let after = page.after(|text| text.parse().ok())?.unwrap_or(0);
    let sources = api.rapport.sources();
    let rest = sources.iter().filter(|source| source.no.0 > after);
    let shown = rest
        .take(page.limit + 1)
        .map(|source| Shown::of(&api, source));
    Ok(list::page(shown.collect(), page.limit, |last| {
        last.id.to_string()
    }))
}

/// A source, and how it goes with it.
#[derive(Serialize)]
struct Known {
    #[serde(flatten)]
    shown: Shown,
    #[serde(flatten)]
    statistics: Statistics,
}

async fn show(State(api): State<Api>, _: Actor, Named(id): Named) -> Result<Json<Known>, Error> {
    let source = find(&api, &id)?;
    let statistics = Statistics::of(&api, source.no).await?;
    Ok(Json(Known {
        shown: Shown::of(&api, &source),
        statistics,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Called {
    name: String,
}

async fn make(
    State(api): State<Api>,
    Actor(actor): Actor,
    Body(called): Body<Called>,
) -> Result<(StatusCode, Json<Shown>), Error> {
    // Two requests at once must not get the same number.
    let _one_at_a_time = api.numbering.lock().await;
    let last = api
        .rapport
        .sources()
        .iter()
        .map(|source| source.no.0)
        .max()
        .unwrap_or(0);
    let source = Source {
        no: SourceNo(last + 1),
        name: called.name,
    };
    api.rapport
        .command(&actor, Command::PutSource(source.clone()))
        .await?;
    Ok((StatusCode::CREATED, Json(Shown::of(&api, &source))))
}

async fn rename(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(id): Named,
    Body(called): Body<Called>,
) -> Result<Json<Shown>, Error> {
    let source = Source {
        name: called.name,
        ..find(&api, &id)?
    };
    api.rapport
        .command(&actor, Command::PutSource(source.clone()))
        .await?;
    Ok(Json(Shown::of(&api, &source)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kinded {
    kind: KeyKind,
}

async fn make_key(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(id): Named,
    Body(Kinded { kind }): Body<Kinded>,
) -> Result<(StatusCode, Json<Value>), Error> {
    let source = find(&api, &id)?;
    let prefix = match kind {
        KeyKind::Browser => "wk_",
        KeyKind::Server => "sk_",
    };
    let key = secret::make(prefix).map_err(|error| Error::new(Code::Storage, error.to_string()))?;
    let (key_hash, hint) = (rapport_flow::keys::hash(&key), secret::hint(&key));
    let command = Command::PutKey {
        key_hash,
        hint: hint.clone(),
        source: source.no,
        kind,
    };
    api.rapport.command(&actor, command).await?;
    let shown = json!({ "key": key, "kind": kind, "hint": hint, "source": source.no.0 });
    Ok((StatusCode::CREATED, Json(shown)))
}
