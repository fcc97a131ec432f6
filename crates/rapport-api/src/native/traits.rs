//! Computed traits: how they are made, in both spellings, and a library of ready ones.

use super::address::Named;
use super::bearer::Actor;
use super::body::Body;
use super::list::{self, List, Page};
use super::rule;
use super::spelled::owned;
use crate::Api;
use crate::errors::{Code, Error};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_core::segment::computed::Computed;
use rapport_core::segment::computed::library::{self, LIBRARY};
use rapport_core::segment::registry::{Build, Trait};
use rapport_core::segment::{text, tree};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/traits", get(all))
        .route("/traits/library", get(ready))
        .route("/traits/library/{key}", post(install))
        .route("/traits/{key}", get(show).put(put).delete(remove))
}

/// A computed trait.
#[derive(Serialize)]
struct Shown {
    id: String,
    key: String,
    name: String,
    #[serde(rename = "trait")]
    text: String,
    tree: Box<RawValue>,
    version: u32,
    state: &'static str,
    /// What of its events is kept only up to a limit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl Shown {
    fn of(one: &Trait) -> Shown {
        Shown {
            id: format!("trt_{}", one.no.0),
            key: one.key.to_string(),
            name: one.name.to_string(),
            text: one.computed.to_string(),
            tree: owned(tree::print_computed(&one.computed)),
            version: one.version,
            state: match one.build {
                Build::Complete => "live",
                Build::Running { .. } => "building",
            },
            notes: one.computed.notes(),
        }
    }
}

fn find(api: &Api, key: &str) -> Result<Json<Shown>, Error> {
    let registry = api.rapport.registry();
    let found = registry.get_trait(key).map(Shown::of);
    let missing = || Error::missing(format_args!("trait {key}"));
    found.map(Json).ok_or_else(missing)
}

async fn all(State(api): State<Api>, _: Actor, page: Page) -> Result<Json<List<Shown>>, Error> {
    let after = page.after(|text| Some(text.to_owned()))?;
    let registry = api.rapport.registry();
    let is_behind = |one: &&Trait| after.as_deref().is_none_or(|after| &*one.key > after);
    let mut traits: Vec<&Trait> = registry.traits().iter().filter(is_behind).collect();
    traits.sort_unstable_by(|left, right| left.key.cmp(&right.key));
    let shown = traits.into_iter().take(page.limit + 1).map(Shown::of);
    Ok(list::page(shown.collect(), page.limit, |last| {
        last.key.clone()
    }))
}

async fn show(State(api): State<Api>, _: Actor, Named(key): Named) -> Result<Json<Shown>, Error> {
    find(&api, &key)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: Option<String>,
    r#trait: Box<RawValue>,
}

/// Makes a trait or changes it; without a `name` it keeps the one it has, or is named as its key.
async fn put(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(key): Named,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Shown>, Error> {
    let computed = read(wanted.r#trait.get())?.to_string();
    let registry = api.rapport.registry();
    let known = registry.get_trait(&key).map(|one| one.name.to_string());
    let name = wanted.name.or(known).unwrap_or_else(|| key.clone());
    set(&api, &actor, &key, name, computed).await
}

async fn set(
    api: &Api,
    actor: &str,
    key: &str,
    name: String,
    computed: String,
) -> Result<Json<Shown>, Error> {
    let command = Command::PutTrait {
        key: key.to_owned(),
        name,
        computed,
    };
    api.rapport.command(actor, command).await?;
    find(api, key)
}

/// Reads a trait in either spelling.
fn read(raw: &str) -> Result<Computed, Error> {
    rule::read(raw, text::parse_computed, tree::parse_computed)
}

async fn remove(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(key): Named,
) -> Result<StatusCode, Error> {
    api.rapport
        .command(&actor, Command::DeleteTrait { key })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A ready trait.
#[derive(Serialize)]
struct Ready {
    key: &'static str,
    name: &'static str,
    about: &'static str,
    #[serde(rename = "trait")]
    text: &'static str,
    /// Whether there is a trait of this key.
    installed: bool,
}

async fn ready(State(api): State<Api>, _: Actor, page: Page) -> Result<Json<List<Ready>>, Error> {
    let after = page.after(|text| Some(text.to_owned()))?;
    let registry = api.rapport.registry();
    let behind = LIBRARY
        .iter()
        .filter(|one| after.as_deref().is_none_or(|after| one.key > after));
    let shown = behind.take(page.limit + 1).map(|one| Ready {
        key: one.key,
        name: one.name,
        about: one.about,
        text: one.computed,
        installed: registry.get_trait(one.key).is_some(),
    });
    Ok(list::page(shown.collect(), page.limit, |last| {
        last.key.to_owned()
    }))
}

/// Installs a ready trait. Where there is a trait of its key that is made in another way, that one
/// stays.
async fn install(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(key): Named,
) -> Result<Json<Shown>, Error> {
    let missing = || Error::missing(format_args!("ready trait {key}"));
    let ready = library::find(&key).ok_or_else(missing)?;
    let computed = text::parse_computed(ready.computed)?;
    let registry = api.rapport.registry();
    match registry.get_trait(&key) {
        Some(known) if known.computed != computed => Err(Error::new(
            Code::Conflict,
            format!("there is a trait `{key}` of your own: delete it first"),
        )),
        Some(known) => Ok(Json(Shown::of(known))),
        None => {
            set(
                &api,
                &actor,
                &key,
                ready.name.to_owned(),
                computed.to_string(),
            )
            .await
        }
    }
}
