//! A rule that is not saved: how many it would have for members, and some of them.

use super::super::body::Body;
use super::super::spelled::{Identifiers, identifiers, owned};
use super::read;
use crate::Api;
use crate::errors::{Code, Error};
use axum::Json;
use axum::response::{IntoResponse, Response};
use rapport_core::segment::estimate::CONFIDENCE;
use rapport_core::segment::tree;
use rapport_core::segment::trial::Trial;
use rapport_flow::reads::preview::{Bounds, Preview};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::time::Duration;

/// Profile numbers looked at where nothing else is said, and at most.
const SAMPLE: (usize, usize) = (5_000, 100_000);
/// Members shown where nothing else is said, and at most.
const MEMBERS: (usize, usize) = (10, 100);
/// How long it may take where nothing else is said, and at most, in milliseconds.
const BUDGET_MS: (u64, u64) = (800, 30_000);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    rule: Box<RawValue>,
    sample: Option<usize>,
    members: Option<usize>,
    budget_ms: Option<u64>,
}

#[derive(Serialize)]
struct Shown<'a> {
    rule: String,
    tree: Box<RawValue>,
    /// Absent where nobody could be looked at in time.
    size: Option<u64>,
    exact: bool,
    between: Option<[u64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    looked_at: LookedAt,
    members: Vec<Member<'a>>,
    notes: Vec<String>,
    took_ms: u64,
    at: String,
}

#[derive(Serialize)]
struct LookedAt {
    numbers: u64,
    of: u64,
    people: u64,
    members: u64,
    /// Of how many their history was read.
    history_of: u64,
}

#[derive(Serialize)]
struct Member<'a> {
    profile_id: String,
    identifiers: Identifiers<'a>,
}

/// Looks at a rule without saving it.
pub(super) async fn show(api: &Api, Body(asked): Body<Asked>) -> Result<Response, Error> {
    let rule = read(asked.rule.get())?;
    let bounds = Bounds {
        sample: within("sample", asked.sample, SAMPLE, 1)?,
        members: within("members", asked.members, MEMBERS, 0)?,
        budget: Duration::from_millis(within("budget_ms", asked.budget_ms, BUDGET_MS, 1)?),
    };
    let trial = Trial::new(&api.rapport.registry(), &rule)?;
    let preview = api.rapport.preview(&trial, bounds).await?;
    let estimate = preview.estimate;
    let exact = estimate.is_some() && preview.looked == preview.all;
    let mut notes = notes(&trial, &preview, bounds);
    notes.extend(rule.notes());
    let shown = Shown {
        rule: rule.to_string(),
        tree: owned(tree::print(&rule)),
        size: estimate.map(|estimate| estimate.size),
        exact,
        between: estimate.map(|estimate| [estimate.low, estimate.high]),
        confidence: (estimate.is_some() && !exact).then_some(CONFIDENCE),
        looked_at: LookedAt {
            numbers: preview.looked,
            of: preview.all,
            people: preview.people,
            members: preview.found,
            history_of: preview.read_back,
        },
        members: preview
            .members
            .iter()
            .map(|profile| Member {
                profile_id: profile.number.to_string(),
                identifiers: identifiers(&profile.links),
            })
            .collect(),
        notes,
        took_ms: u64::try_from(preview.took.as_millis()).unwrap_or(u64::MAX),
        at: preview.now.to_string(),
    };
    Ok(Json(shown).into_response())
}

fn within<T: PartialOrd + Copy + std::fmt::Display>(
    name: &str,
    asked: Option<T>,
    (default, most): (T, T),
    least: T,
) -> Result<T, Error> {
    let asked = asked.unwrap_or(default);
    match least <= asked && asked <= most {
        true => Ok(asked),
        false => Err(Error::new(
            Code::InvalidBody,
            format!("`{name}` is a number from {least} to {most}"),
        )),
    }
}

/// What the number does not say by itself.
fn notes(trial: &Trial, preview: &Preview, bounds: Bounds) -> Vec<String> {
    let mut notes = Vec::new();
    if !trial.lacks().is_empty() {
        let lacks = trial.lacks().join("`, `");
        notes.push(match preview.read_back {
            0 if preview.people > 0 || preview.all == 0 => {
                format!("no segment keeps `{lacks}` yet")
            }
            0 => format!(
                "no segment keeps `{lacks}` yet, and nobody's history could be read within {} ms: save the rule, or ask with a larger `budget_ms`",
                bounds.budget.as_millis()
            ),
            people => format!(
                "no segment keeps `{lacks}` yet: that was read from the history of {people} people, as many as there was time for"
            ),
        });
    }
    for key in trial.waits_for() {
        notes.push(format!(
            "segment {key} is being built: who was not come to yet counts as not in it"
        ));
    }
    if preview.is_cut {
        notes.push(
            "somebody has so many events that only the newest of theirs were read".to_owned(),
        );
    }
    notes
}
