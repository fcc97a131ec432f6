//! Events as discovered in the stream: which there are, how many, and what properties they have.

use super::address::Named;
use super::bearer::Actor;
use super::list::{self, List, Page};
use super::sources;
use crate::Api;
use crate::errors::{Code, Error};
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::event::{Kind, SourceNo};
use rapport_core::plan::discovered::{Discovered, Property};
use rapport_flow::discovery::Found;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/events", get(all))
        .route("/events/{name}", get(show))
}

/// An event, over all the sources asked for.
#[derive(Serialize)]
struct Shown {
    name: Box<str>,
    r#type: &'static str,
    count: u64,
    first_seen: String,
    last_seen: String,
    sources: BTreeSet<u32>,
    planned_by: Vec<u32>,
    property_names: Vec<Box<str>>,
}

/// A property of an event.
#[derive(Serialize)]
struct ShownProperty {
    types: BTreeMap<Box<str>, u64>,
    /// In which share of the events looked into it was, from 0 to 1.
    share: f64,
    first_seen: String,
    last_seen: String,
    examples: Vec<Box<RawValue>>,
}

type Joined = BTreeMap<(Box<str>, Kind), (Discovered, BTreeSet<u32>)>;

fn joined(found: Found) -> Joined {
    let mut joined = Joined::new();
    for ((source, kind, name), seen) in found {
        let (whole, sources) = joined.entry((name, kind)).or_default();
        whole.unite(&seen);
        sources.insert(source.0);
    }
    joined
}

fn shown(api: &Api, name: &str, kind: Kind, seen: &Discovered, sources: &BTreeSet<u32>) -> Shown {
    let configuration = api.rapport.configuration();
    let plans = |source: &&u32| {
        let plan = configuration.plans.get(&SourceNo(**source));
        plan.is_some_and(|plan| plan.plan.events.contains_key(name))
    };
    Shown {
        name: name.into(),
        r#type: kind.word(),
        count: seen.count,
        first_seen: seen.first_seen.to_string(),
        last_seen: seen.last_seen.to_string(),
        planned_by: sources.iter().filter(plans).copied().collect(),
        sources: sources.clone(),
        property_names: seen.properties.keys().cloned().collect(),
    }
}

async fn discovered(api: &Api, page: &Page) -> Result<Joined, Error> {
    let source = page
        .one("source")
        .map(|text| sources::find(api, text))
        .transpose()?;
    let found = api
        .rapport
        .discovered(source.map(|source| source.no))
        .await?;
    Ok(joined(found))
}

async fn all(State(api): State<Api>, _: Actor, page: Page) -> Result<Json<List<Shown>>, Error> {
    let after = page.after(list::read_opaque)?;
    let cursor = |name: &str, word: &str| format!("{name}\n{word}");
    let found = discovered(&api, &page).await?;
    let rest = found.iter().filter(|((name, kind), _)| {
        let own = cursor(name, kind.word());
        after.as_ref().is_none_or(|after| own > *after)
    });
    let mut shown: Vec<Shown> = rest
        .map(|((name, kind), (seen, sources))| shown(&api, name, *kind, seen, sources))
        .collect();
    shown.sort_by_cached_key(|one| cursor(&one.name, one.r#type));
    shown.truncate(page.limit + 1);
    Ok(list::page(shown, page.limit, |last| {
        list::opaque(&cursor(&last.name, last.r#type))
    }))
}

/// One event with its properties.
#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    event: Shown,
    inspected: u64,
    unlisted_properties: u64,
    properties: BTreeMap<Box<str>, ShownProperty>,
}

/// A track event by its name; `?type=page` and so on for the others.
async fn show(
    State(api): State<Api>,
    _: Actor,
    Named(name): Named,
    page: Page,
) -> Result<Json<Whole>, Error> {
    let word = page.one("type").unwrap_or("track");
    let kind = Kind::from_word(word)
        .ok_or_else(|| Error::new(Code::InvalidQuery, format!("`{word}` is no type of events")))?;
    let found = discovered(&api, &page).await?;
    let (seen, sources) = found
        .get(&(name.as_str().into(), kind))
        .ok_or_else(|| Error::missing(format_args!("{word} event {name}")))?;
    let properties = seen.properties.iter();
    Ok(Json(Whole {
        event: shown(&api, &name, kind, seen, sources),
        inspected: seen.inspected,
        unlisted_properties: seen.unlisted,
        properties: properties
            .map(|(path, property)| (path.clone(), property_of(property, seen.inspected)))
            .collect(),
    }))
}

fn property_of(property: &Property, inspected: u64) -> ShownProperty {
    let examples = property.examples.iter();
    ShownProperty {
        types: property.types.clone(),
        share: property.count as f64 / inspected.max(1) as f64,
        first_seen: property.first_seen.to_string(),
        last_seen: property.last_seen.to_string(),
        examples: examples
            .filter_map(|example| RawValue::from_string(example.to_string()).ok())
            .collect(),
    }
}
