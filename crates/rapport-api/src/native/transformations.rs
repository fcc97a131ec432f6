//! Transformations of a source: put, looked at, and tried on samples before they are switched on.

use super::address::Named;
use super::bearer::Actor;
use super::body::Body;
use super::sources;
use super::spelled::owned;
use crate::Api;
use crate::errors::{Code, Error};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_core::event::SourceNo;
use rapport_core::event::transform::{self, Action, Step, Transformations};
use rapport_core::outcome::Reason;
use rapport_flow::{Tried, TriedStep};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The most samples one call tries.
const SAMPLES_MAX: usize = 100;
/// How many of the newest events are tried where none are given.
const NEWEST: usize = 10;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route(
            "/sources/{id}/transformations",
            get(show).put(put).delete(remove),
        )
        .route("/sources/{id}/transformations/try", post(attempt))
}

/// What the events of a source go through.
#[derive(Serialize)]
struct Shown<'a> {
    source: u32,
    enabled: bool,
    version: u32,
    steps: &'a [Step],
}

impl<'a> Shown<'a> {
    fn of(source: SourceNo, transformations: &'a Transformations) -> Shown<'a> {
        Shown {
            source: source.0,
            enabled: transformations.enabled,
            version: transformations.version,
            steps: &transformations.steps,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    steps: Vec<Box<RawValue>>,
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

/// Reads steps, and sees that whatever they need is there.
async fn read(api: &Api, steps: &[Box<RawValue>]) -> Result<Vec<Step>, Error> {
    let raw: Vec<&str> = steps.iter().map(|step| step.get()).collect();
    let wrong = |message: String| Error::new(Code::InvalidTransformation, message);
    let steps = transform::read(&raw).map_err(wrong)?;
    let needs_places = steps
        .iter()
        .find(|step| matches!(step.action(), Action::Geo(_)));
    if let Some(step) = needs_places.filter(|_| !api.rapport.has_places()) {
        let message = format!("step `{}` needs a database of places", step.name());
        return Err(wrong(message).with_help(
            "Set `enrich.geo_database` to a file in MaxMind's format and start Rapport again.",
        ));
    }
    for step in &steps {
        let checked = api.rapport.check_scripts(vec![step.clone()]).await;
        checked
            .map_err(|failure| wrong(format!("step `{}`: {}", step.name(), failure.message())))?;
    }
    Ok(steps)
}

async fn show(State(api): State<Api>, _: Actor, Named(id): Named) -> Result<Response, Error> {
    let source = sources::find(&api, &id)?;
    let found = api.rapport.transformations(source.no);
    let found =
        found.ok_or_else(|| Error::missing(format_args!("transformation of source {id}")))?;
    Ok(Json(Shown::of(source.no, &found)).into_response())
}

/// Replaces what the events of a source go through, from the next request on.
async fn put(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(id): Named,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Error> {
    let source = sources::find(&api, &id)?.no;
    let steps = read(&api, &wanted.steps).await?;
    let command = Command::PutTransformations {
        source,
        enabled: wanted.enabled,
        steps,
    };
    api.rapport.command(&actor, command).await?;
    let found = api.rapport.transformations(source);
    let found =
        found.ok_or_else(|| Error::missing(format_args!("transformation of source {id}")))?;
    Ok(Json(Shown::of(source, &found)).into_response())
}

async fn remove(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(id): Named,
) -> Result<StatusCode, Error> {
    let source = sources::find(&api, &id)?.no;
    api.rapport
        .command(&actor, Command::DeleteTransformations { source })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attempt {
    steps: Option<Vec<Box<RawValue>>>,
    samples: Option<Vec<Box<RawValue>>>,
}

/// What steps would make of samples: of those given, or of the newest events of the source.
/// Without `steps` those that are set are tried. Changes nothing.
async fn attempt(
    State(api): State<Api>,
    _: Actor,
    Named(id): Named,
    Body(attempt): Body<Attempt>,
) -> Result<Response, Error> {
    let source = sources::find(&api, &id)?.no;
    let steps = match &attempt.steps {
        Some(steps) => read(&api, steps).await?,
        None => {
            let found = api.rapport.transformations(source);
            found.map(|found| found.steps.clone()).unwrap_or_default()
        }
    };
    let samples = match &attempt.samples {
        Some(samples) if samples.len() > SAMPLES_MAX => {
            let message = format!("{SAMPLES_MAX} samples may be tried at once");
            return Err(Error::new(Code::InvalidBody, message));
        }
        Some(samples) => {
            let items: Vec<&str> = samples.iter().map(|sample| sample.get()).collect();
            api.rapport.given_samples(source, &items)
        }
        None => api.rapport.newest_samples(source, NEWEST).await?,
    };
    let tried = api
        .rapport
        .try_transformations(source, steps, samples)
        .await;
    let results: Vec<Sampled> = tried.into_iter().map(Sampled::of).collect();
    Ok(Json(Results { results }).into_response())
}

#[derive(Serialize)]
struct Results {
    results: Vec<Sampled>,
}

/// What became of a sample.
#[derive(Serialize)]
struct Sampled {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    before: Box<RawValue>,
    after: Option<Box<RawValue>>,
    steps: Vec<Stepped>,
}

/// What a step did to a sample.
#[derive(Serialize)]
struct Stepped {
    name: String,
    result: &'static str,
    microseconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Box<RawValue>>,
}

impl Sampled {
    fn of(tried: Tried) -> Sampled {
        Sampled {
            outcome: tried.outcome.word(),
            reason: tried.outcome.reason().cloned(),
            before: owned(tried.before),
            after: tried.after.map(owned),
            steps: tried.steps.into_iter().map(Stepped::of).collect(),
        }
    }
}

impl Stepped {
    fn of(step: TriedStep) -> Stepped {
        Stepped {
            name: step.name,
            result: step.result,
            microseconds: (step.took.as_nanos() as f64 / 100.0).round() / 10.0,
            after: step.after.map(owned),
        }
    }
}
