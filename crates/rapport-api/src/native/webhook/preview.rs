//! What a map would make of samples, or of what was delivered lately. Nothing changes.

use super::super::address::Named;
use super::super::bearer::Actor;
use super::super::body::Body;
use super::super::sources;
use super::super::spelled::{owned, raw};
use super::{choice, find};
use crate::Api;
use crate::errors::{Code, Error};
use axum::Json;
use axum::extract::State;
use rapport_core::event::dialect::{segment, webhook as delivery};
use rapport_core::event::mapping::Map;
use rapport_core::event::mapping::ready::Sample;
use rapport_core::event::{Call, Dialect, KeyKind, Origin, Request, SourceNo, Validated};
use rapport_core::outcome::Reason;
use rapport_core::time::Millis;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Samples of one preview.
const SAMPLES_MAX: usize = 100;
/// Deliveries that are looked at where nothing else is said.
const LAST: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    map: Option<Box<RawValue>>,
    samples: Option<Vec<Sample>>,
    last: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct Answer {
    results: Vec<Previewed>,
}

/// One delivery, and what the map makes of it.
#[derive(Serialize)]
pub(in crate::native) struct Previewed {
    body: Box<RawValue>,
    items: Vec<Item>,
}

/// What becomes of one item.
#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Item {
    Event {
        event: Box<RawValue>,
        identifiers: Vec<String>,
    },
    Filtered {
        reason: Reason,
    },
    Invalid {
        reason: Reason,
    },
}

/// Applies a map to samples, or to the newest deliveries of the source.
pub(super) async fn answer(
    State(api): State<Api>,
    _: Actor,
    Named(id): Named,
    Body(asked): Body<Asked>,
) -> Result<Json<Answer>, Error> {
    let source = sources::find(&api, &id)?.no;
    let choice = match &asked.map {
        Some(map) => choice(map)?,
        None => find(&api, source)?.map,
    };
    let read = choice.read();
    let map = read.map_err(|message| Error::new(Code::InvalidWebhook, message))?;
    let count = asked
        .samples
        .as_ref()
        .map_or(asked.last.unwrap_or(LAST), Vec::len);
    if !(1..=SAMPLES_MAX).contains(&count) {
        let message = format!("a preview takes 1 to {SAMPLES_MAX} samples");
        return Err(Error::new(Code::InvalidBody, message));
    }
    let bodies = match asked.samples {
        Some(samples) => samples.iter().map(kept).collect(),
        None => api.rapport.deliveries(source, count).await?,
    };
    let now = api.rapport.clock().now();
    let one = |body: Vec<u8>| previewed(&map, source, now, body);
    let results = bodies.into_iter().map(one).collect();
    Ok(Json(Answer { results }))
}

/// What a map makes of a sample.
pub(in crate::native) fn of_sample(map: &Map, sample: &Sample, now: Millis) -> Previewed {
    previewed(map, SourceNo(1), now, kept(sample))
}

/// A sample as the ledger would keep it.
fn kept(sample: &Sample) -> Vec<u8> {
    let headers = sample.headers.iter();
    let headers: Vec<_> = headers
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .collect();
    delivery::envelope(&headers, sample.body.get(), None).into_bytes()
}

fn previewed(map: &Map, source: SourceNo, now: Millis, body: Vec<u8>) -> Previewed {
    let request = Request {
        number: 0,
        received: now,
        origin: Origin {
            source,
            key_kind: KeyKind::Server,
            dialect: Dialect::Webhook,
            call: Call::Batch,
            ip: None,
            user_agent: None,
        },
        body,
    };
    let text = String::from_utf8_lossy(&request.body);
    let body = delivery::open(&text).map_or("null", |opened| opened.body);
    let validated = delivery::validate(&request, Ok(map)).into_iter();
    Previewed {
        body: raw(body).to_owned(),
        items: validated.map(item).collect(),
    }
}

fn item(validated: Validated) -> Item {
    match validated {
        Validated::Event(event) => Item::Event {
            event: owned(segment::print(&event)),
            identifiers: event.identifiers.iter().map(ToString::to_string).collect(),
        },
        Validated::Filtered { reason, .. } => Item::Filtered { reason },
        Validated::Invalid { reason, .. } => Item::Invalid { reason },
    }
}
