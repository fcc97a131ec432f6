//! Slots: places in a page, and the content that the decision call fills them with.

use super::address::Named;
use super::bearer::Actor;
use super::body::Body;
use super::list::{self, List, Page};
use super::spelled::raw;
use crate::Api;
use crate::errors::Error;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::decide::Slot;
use rapport_core::decide::slot::Rule;
use rapport_core::entry::Command;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/slots", get(all))
        .route("/slots/{key}", get(show).put(put).delete(remove))
}

/// A slot.
#[derive(Serialize)]
struct Shown<'a> {
    key: &'a str,
    name: &'a str,
    rules: Vec<ShownRule<'a>>,
    default: &'a RawValue,
}

#[derive(Serialize)]
struct ShownRule<'a> {
    segment: &'a str,
    content: &'a RawValue,
}

impl<'a> Shown<'a> {
    fn of(slot: &'a Slot) -> Shown<'a> {
        let rule = |rule: &'a Rule| ShownRule {
            segment: &rule.segment,
            content: raw(&rule.content),
        };
        Shown {
            key: &slot.key,
            name: &slot.name,
            rules: slot.rules.iter().map(rule).collect(),
            default: raw(&slot.default),
        }
    }
}

async fn all(State(api): State<Api>, _: Actor, page: Page) -> Result<Response, Error> {
    let after = page.after(|text| Some(text.to_owned()))?;
    let configuration = api.rapport.configuration();
    let slots = configuration.decisions.slots.values();
    let rest = slots.filter(|slot| after.as_deref().is_none_or(|after| &*slot.key > after));
    let shown = rest.take(page.limit + 1).map(Shown::of).collect();
    let answer: Json<List<Shown<'_>>> = list::page(shown, page.limit, |last| last.key.to_owned());
    Ok(answer.into_response())
}

async fn show(State(api): State<Api>, _: Actor, Named(key): Named) -> Result<Response, Error> {
    let configuration = api.rapport.configuration();
    let slot = configuration.decisions.slots.get(key.as_str());
    let slot = slot.ok_or_else(|| Error::missing(format_args!("slot {key}")))?;
    Ok(Json(Shown::of(slot)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: Option<String>,
    #[serde(default)]
    rules: Vec<WantedRule>,
    default: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedRule {
    segment: Box<str>,
    content: Box<RawValue>,
}

/// Makes a slot or changes it.
async fn put(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(key): Named,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Error> {
    let rule = |rule: WantedRule| Rule {
        segment: rule.segment,
        content: rule.content.get().into(),
    };
    let slot = Slot {
        name: wanted.name.as_deref().unwrap_or(&key).into(),
        key: key.as_str().into(),
        rules: wanted.rules.into_iter().map(rule).collect(),
        default: wanted.default.get().into(),
    };
    let command = Command::PutSlot(slot.clone());
    api.rapport.command(&actor, command).await?;
    Ok(Json(Shown::of(&slot)).into_response())
}

async fn remove(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(key): Named,
) -> Result<StatusCode, Error> {
    api.rapport
        .command(&actor, Command::DeleteSlot { key })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
