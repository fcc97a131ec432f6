//! Maps that come with Rapport: what each makes of what its provider sends.

use super::bearer::Actor;
use super::list::{self, List};
use super::webhook::preview::{Previewed, of_sample};
use crate::Api;
use crate::errors::{Code, Error};
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::event::mapping::ready::{self, Ready};
use rapport_core::time::Millis;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/webhook-maps", get(all))
}

/// A ready map.
#[derive(Serialize)]
struct Shown {
    name: &'static str,
    title: String,
    about: String,
    /// The scheme its provider signs with.
    verify: String,
    map: Box<RawValue>,
    samples: Vec<Example>,
}

/// A sample and what the map makes of it.
#[derive(Serialize)]
struct Example {
    headers: BTreeMap<String, String>,
    #[serde(flatten)]
    previewed: Previewed,
}

async fn all(State(api): State<Api>, _: Actor) -> Result<Json<List<Shown>>, Error> {
    let now = api.rapport.clock().now();
    let mut shown = Vec::new();
    for name in ready::names() {
        let unread = || Error::new(Code::Storage, format!("the map `{name}` cannot be read"));
        let found = ready::find(name).ok_or_else(unread)?;
        shown.push(Shown::of(name, found, now).ok_or_else(unread)?);
    }
    Ok(list::behind(shown, None))
}

impl Shown {
    fn of(name: &'static str, ready: Ready, now: Millis) -> Option<Shown> {
        let map = ready.map().ok()?;
        let samples = ready.samples.into_iter().map(|sample| Example {
            previewed: of_sample(&map, &sample, now),
            headers: sample.headers,
        });
        Some(Shown {
            name,
            samples: samples.collect(),
            title: ready.title,
            about: ready.about,
            verify: ready.verify,
            map: ready.map,
        })
    }
}
