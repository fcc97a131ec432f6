//! Why a single condition holds or does not.

use super::{Evidence, Look, Rfc3339, Why};
use crate::segment::catalogue::compiled::Condition;
use crate::segment::chain::{Chain, Found};
use crate::segment::computed::Asking;
use crate::segment::leaf::{Kept, LeafNo};
use crate::segment::path::Path;
use crate::segment::question::Question;
use crate::segment::random::{Percent, place};
use serde::Serialize;
use serde_json::value::RawValue;

/// The events that decide a condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Events {
    /// How many count now; no more are kept than the counts that ask for them need.
    pub counted: usize,
    /// Which, newest first; of a sequence the steps, first to last.
    pub events: Vec<Counted>,
    /// What the property comes to, where one is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// The properties that it asks for.
    #[serde(skip)]
    pub properties: Vec<Path>,
    /// What may be missing from the answer, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<&'static str>,
}

/// A computed trait, and the events that it is made of.
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    /// Its value; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
    /// The events.
    #[serde(flatten)]
    pub events: Events,
}

/// An event that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// When it happened.
    pub at: Rfc3339,
    /// Which message it was: [`message_hash`](crate::segment::leaf::message_hash) in hex.
    pub message: String,
    /// What it was, where history was asked.
    #[serde(flatten)]
    pub event: Option<Evidence>,
}

const FULL: &str = "as many events are kept as are kept of one person: older ones do not count";
const MIXED: &str = "the amounts are in several currencies: filter by `currency`";
const GIVEN_UP: &str = "there are so many events that the search for a sequence was given up";

pub(super) fn decided_by(condition: &Condition, look: &Look<'_>) -> Why {
    match condition {
        Condition::Did(question) => Why::Events(asked(question, look)),
        Condition::Trait { asking, .. } => Why::Trait(made(asking, look)),
        Condition::Sequence(chain) => Why::Events(followed(chain, look)),
        Condition::Known { fact, path, .. } => {
            let raw = look.seen.facts.attributes.raw((fact.moved_by)(path));
            let value = raw.and_then(|raw| RawValue::from_string(raw.to_owned()).ok());
            let since = fact.since(look.seen.facts, path).map(Rfc3339);
            Why::Attribute { value, since }
        }
        Condition::Random(random) => Why::Random {
            place: Percent(place(&random.salt, look.seen.facts.number)).to_string(),
        },
        Condition::In(no) | Condition::NotIn(no) => Why::Segment {
            segment: no.0.to_string().into(),
            entered_at: entered(condition, look),
        },
    }
}

/// Since when the person is in the segment that a condition speaks of.
pub(super) fn entered(condition: &Condition, look: &Look<'_>) -> Option<Rfc3339> {
    match condition {
        Condition::In(no) | Condition::NotIn(no) => {
            let membership = look.memberships.get(*no)?;
            Some(Rfc3339(membership.entered_at))
        }
        _ => None,
    }
}

fn asked(question: &Question, look: &Look<'_>) -> Events {
    let counted = question.counted(&look.seen, look.now);
    let total = question.totalled.as_ref().map(|t| t.total(&counted));
    let is_mixed = total.is_some_and(|total| total.is_mixed());
    let limit = if is_mixed {
        Some(MIXED)
    } else {
        full(look, [question.leaf].into_iter()).then_some(FULL)
    };
    Events {
        counted: counted.len(),
        events: counted.into_iter().map(counts).collect(),
        total: total
            .and_then(|total| total.number())
            .map(|number| number.to_string()),
        properties: Vec::new(),
        limit,
    }
}

fn made(asking: &Asking, look: &Look<'_>) -> Asked {
    let counted = asking.counted(&look.seen, look.now);
    let leaves = asking.parts.iter().map(|part| part.leaf);
    let value = asking.value(&look.seen, look.now);
    Asked {
        value: value.and_then(|json| RawValue::from_string(json).ok()),
        events: Events {
            counted: counted.len(),
            events: counted.into_iter().map(counts).collect(),
            total: None,
            properties: Vec::new(),
            limit: full(look, leaves).then_some(FULL),
        },
    }
}

fn followed(chain: &Chain, look: &Look<'_>) -> Events {
    let leaves = chain.steps.iter().map(|step| step.leaf);
    let limit = full(look, leaves).then_some(FULL);
    match chain.find(&look.seen, look.now) {
        Found::Events(events) => Events {
            counted: events.len(),
            events: events.into_iter().map(counts).collect(),
            total: None,
            properties: Vec::new(),
            limit,
        },
        Found::Nothing => Events {
            limit,
            ..Events::default()
        },
        Found::GivenUp => Events {
            limit: Some(GIVEN_UP),
            ..Events::default()
        },
    }
}

fn full(look: &Look<'_>, mut leaves: impl Iterator<Item = LeafNo>) -> bool {
    leaves.any(|no| {
        let kept = look.seen.facts.leaves.of(no).len();
        look.catalogue
            .leaf(no)
            .is_some_and(|leaf| leaf.bounds.is_full(kept))
    })
}

fn counts(event: &Kept) -> Counted {
    Counted {
        at: Rfc3339(event.at),
        message: format!("{:013x}", event.message),
        event: None,
    }
}
