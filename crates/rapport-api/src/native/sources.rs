//! Sources and their write keys: made, listed, taken out of use. A key is shown once, when it is
//! made; only its hash is kept.

use super::address::{Named, NamedIn};
use super::bearer::Actor;
use super::body::Body;
use super::list::{self, List, Page};
use super::revoked;
use crate::Api;
use crate::errors::{Code, Error};
use crate::secret;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use rapport_core::entry::{Command, Source};
use rapport_core::event::{KeyKind, SourceNo};
use rapport_flow::keys;
use rapport_flow::violations::SOURCE_NAME;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

mod statistics;

use statistics::Statistics;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/sources", get(all).post(make))
        .route("/sources/{id}", get(show).put(change).delete(disable))
        .route("/sources/{id}/keys", post(make_key))
        .route("/sources/{id}/keys/{key}", delete(revoke_key))
}

/// A source.
#[derive(Serialize)]
struct Shown {
    id: u32,
    name: String,
    disabled: bool,
    strict: bool,
    keys: Vec<Value>,
}

impl Shown {
    fn of(api: &Api, source: &Source) -> Shown {
        let ring = api.rapport.keys();
        let own = ring.keys().filter(|(_, key)| key.source == source.no);
        let shown = own
            .map(|(hash, key)| json!({ "id": keys::id(hash), "kind": key.kind, "hint": key.hint }))
            .collect();
        Shown {
            id: source.no.0,
            name: source.name.clone(),
            disabled: ring.is_disabled(source.no),
            strict: source.strict,
            keys: shown,
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

/// Makes sure that there is a source that tells of violations of tracking plans.
pub(super) async fn for_violations(api: &Api, actor: &str) -> Result<(), Error> {
    let is_one = |source: &Source| source.name == SOURCE_NAME;
    let _one_at_a_time = api.numbering.lock().await;
    let sources = api.rapport.sources();
    if sources.iter().any(is_one) {
        return Ok(());
    }
    let last = sources.iter().map(|source| source.no.0).max().unwrap_or(0);
    let source = Source {
        no: SourceNo(last + 1),
        name: SOURCE_NAME.to_owned(),
        strict: false,
    };
    api.rapport
        .command(actor, Command::PutSource(source))
        .await?;
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Made {
    name: String,
    #[serde(default)]
    strict: bool,
}

async fn make(
    State(api): State<Api>,
    Actor(actor): Actor,
    Body(made): Body<Made>,
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
        name: made.name,
        strict: made.strict,
    };
    api.rapport
        .command(&actor, Command::PutSource(source.clone()))
        .await?;
    Ok((StatusCode::CREATED, Json(Shown::of(&api, &source))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    name: Option<String>,
    disabled: Option<bool>,
    strict: Option<bool>,
}

/// Renames a source, makes it strict, takes it out of use or into it again: what is left out stays.
async fn change(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(id): Named,
    Body(changed): Body<Changed>,
) -> Result<Json<Shown>, Error> {
    let mut source = find(&api, &id)?;
    if changed.name.is_none() && changed.disabled.is_none() && changed.strict.is_none() {
        let message = "say `name`, `strict` or `disabled`, or several of them";
        return Err(Error::new(Code::InvalidBody, message));
    }
    if changed.name.is_some() || changed.strict.is_some() {
        source.name = changed.name.unwrap_or(source.name);
        source.strict = changed.strict.unwrap_or(source.strict);
        let command = Command::PutSource(source.clone());
        api.rapport.command(&actor, command).await?;
    }
    if let Some(is_disabled) = changed.disabled
        && is_disabled != api.rapport.keys().is_disabled(source.no)
    {
        let source = source.no;
        let command = match is_disabled {
            true => Command::DisableSource { source },
            false => Command::EnableSource { source },
        };
        api.rapport.command(&actor, command).await?;
    }
    Ok(Json(Shown::of(&api, &source)))
}

/// Takes a source out of use: when this answers, its keys are refused. What it sent stays.
async fn disable(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(id): Named,
) -> Result<StatusCode, Error> {
    let source = find(&api, &id)?.no;
    if !api.rapport.keys().is_disabled(source) {
        let command = Command::DisableSource { source };
        api.rapport.command(&actor, command).await?;
    }
    Ok(StatusCode::NO_CONTENT)
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
    if api.rapport.keys().is_disabled(source.no) {
        let error = Error::new(Code::Conflict, format!("source {id} is disabled"));
        return Err(error.with_help("`PUT` it with `\"disabled\": false` first."));
    }
    let prefix = match kind {
        KeyKind::Browser => "wk_",
        KeyKind::Server => "sk_",
    };
    let key = secret::make(prefix).map_err(|error| Error::new(Code::Storage, error.to_string()))?;
    let (key_hash, hint) = (keys::hash(&key), secret::hint(&key));
    let shown = json!({
        "id": keys::id(&key_hash), "key": key, "kind": kind, "hint": hint, "source": source.no.0,
    });
    let command = Command::PutKey {
        key_hash,
        hint,
        source: source.no,
        kind,
    };
    api.rapport.command(&actor, command).await?;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Takes a key out of use for ever: when this answers, it is refused.
async fn revoke_key(
    State(api): State<Api>,
    Actor(actor): Actor,
    NamedIn(id, key): NamedIn,
) -> Result<StatusCode, Error> {
    let source = find(&api, &id)?;
    let ring = api.rapport.keys();
    let own = ring.keys().filter(|(_, key)| key.source == source.no);
    let own = own.map(|(hash, key)| (hash, &*key.hint));
    let key_hash = revoked::find("write key", &key, own)?;
    let command = Command::RevokeKey { key_hash };
    api.rapport.command(&actor, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
