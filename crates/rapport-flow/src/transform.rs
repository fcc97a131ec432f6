//! Trying transformations on samples: what each step makes of them, and how long it takes.

use crate::scripts::runner::Runner;
use crate::scripts::{Notices, aside};
use crate::shared::Shared;
use rapport_core::event::dialect::segment;
use rapport_core::event::transform::draft::Draft;
use rapport_core::event::transform::script::Failure;
use rapport_core::event::transform::{Next, Step, Tools, Transformed, finish};
use rapport_core::event::{Event, SourceNo};
use rapport_core::outcome::{Outcome, Reason};
use std::time::{Duration, Instant};

/// What is tried on.
#[derive(Clone, Debug)]
pub enum Sample {
    /// An event.
    Event(Box<Event>),
    /// An item that is none, and why.
    Invalid(String, Reason),
}

/// What became of a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// The event as it came: an item of a batch.
    pub before: String,
    /// The event as it would be folded; `None` where it would not be.
    pub after: Option<String>,
    /// How it would go on: accepted as far as transformations go, filtered, or invalid.
    pub outcome: Outcome,
    /// The steps it came to, in order.
    pub steps: Vec<TriedStep>,
}

/// What one step did.
#[derive(Clone, Debug, PartialEq)]
pub struct TriedStep {
    /// Its name.
    pub name: String,
    /// `changed`, `unchanged`, `passed`, `left_out` or `failed`.
    pub result: &'static str,
    /// The event behind it, where it changed.
    pub after: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// Tries steps on samples, on a thread that may be left behind.
pub(crate) fn on(
    shared: &Shared,
    source: SourceNo,
    steps: Vec<Step>,
    samples: Vec<Sample>,
) -> Vec<Tried> {
    let (tools, hash) = (shared.tools.clone(), shared.hash());
    let waiting = samples.clone();
    let mut tried = aside(shared, move |sink| {
        let mut runner = Runner::new(tools.scripts, source, Notices::default());
        for sample in waiting {
            let mut means = Tools {
                hash: &|text| hash.masked(text),
                places: tools.places.as_deref(),
                scripts: Some(&mut runner),
            };
            let tried = match sample {
                Sample::Event(event) => one(&steps, &event, &mut means),
                Sample::Invalid(raw, reason) => ended(raw, Outcome::Invalid(reason)),
            };
            if sink.send(tried).is_err() {
                return;
            }
        }
    });
    let stalled = || {
        let failure = Failure::Stalled;
        Outcome::Invalid(Reason::new(failure.code(), failure.message()))
    };
    for sample in samples.iter().skip(tried.len()) {
        let before = match sample {
            Sample::Event(event) => segment::print(event),
            Sample::Invalid(raw, _) => raw.clone(),
        };
        tried.push(ended(before, stalled()));
    }
    tried
}

fn ended(before: String, outcome: Outcome) -> Tried {
    Tried {
        before,
        after: None,
        outcome,
        steps: Vec::new(),
    }
}

fn one(steps: &[Step], event: &Event, means: &mut Tools<'_>) -> Tried {
    let mut draft = Draft::new(event);
    let mut tried = ended(draft.item().to_owned(), Outcome::Accepted);
    for step in steps {
        let was = draft.item().to_owned();
        let began = Instant::now();
        let next = step.apply(&mut draft, means);
        let took = began.elapsed();
        let is_other = draft.item() != was;
        let (result, outcome) = match next {
            Next::On if is_other => ("changed", None),
            Next::On => ("unchanged", None),
            Next::Passed => ("passed", None),
            Next::LeftOut(reason) => ("left_out", Some(Outcome::Filtered(reason))),
            Next::Failed(reason) => ("failed", Some(Outcome::Invalid(reason))),
        };
        tried.steps.push(TriedStep {
            name: step.name().to_owned(),
            result,
            after: is_other.then(|| draft.item().to_owned()),
            took,
        });
        if let Some(outcome) = outcome {
            tried.outcome = outcome;
            return tried;
        }
    }
    match finish(draft) {
        Transformed::Same => tried.after = Some(tried.before.clone()),
        Transformed::Changed(event) => tried.after = Some(segment::print(&event)),
        Transformed::LeftOut(reason) => tried.outcome = Outcome::Filtered(reason),
        Transformed::Failed(reason) => tried.outcome = Outcome::Invalid(reason),
    }
    tried
}
