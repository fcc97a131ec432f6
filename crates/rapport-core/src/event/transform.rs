//! Transformations: what a source's events go through before anything else sees them.
//!
//! A [`Step`] is one of the actions below, a file each, on events that meet its condition. Steps
//! work on a [`Draft`], the text that the SDK could have sent, so what comes of them is read by the
//! same rules as what came from the wire. What an event is known by, when it was received and
//! where it came from never changes.

use self::draft::Draft;
use self::geo::Places;
use self::path::Path;
use self::script::Scripts;
use self::spelled::Spelled;
use crate::event::Event;
use crate::outcome::{Outcome, Reason};
use serde::{Deserialize, Serialize};

pub mod campaign;
pub mod change;
pub mod condition;
pub mod draft;
pub mod drop;
pub mod filter;
pub mod geo;
pub mod mask;
pub mod path;
pub mod referrer;
pub mod rename;
pub mod script;
pub mod set;
mod spelled;
#[cfg(test)]
mod tests;
pub mod user_agent;

/// The most steps a source may have.
pub const STEPS_MAX: usize = 50;
/// The most paths that all steps may name together: each is looked for in every event.
const PATHS_MAX: usize = 500;
/// What the codes of left out events begin with.
const LEFT_OUT: &str = "transform_";

/// What the events of a source go through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transformations {
    /// Whether they are switched on.
    pub enabled: bool,
    /// Grows with every change; from 1.
    pub version: u32,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Spelled", into = "Spelled")]
pub struct Step {
    name: Box<str>,
    when: Option<condition::Condition>,
    action: Action,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Gives values other names.
    Rename(rename::Rename),
    /// Takes values out.
    Drop(drop::Drop),
    /// Puts a value.
    Set(set::Set),
    /// Makes values such that nobody is known by them.
    Mask(mask::Mask),
    /// Leaves events out.
    Filter(filter::Filter),
    /// Reads the user agent.
    UserAgent(user_agent::UserAgent),
    /// Looks the address up.
    Geo(geo::Geo),
    /// Reads the campaign.
    Campaign(campaign::Campaign),
    /// Tells where a visitor came from.
    Referrer(referrer::Referrer),
    /// Runs a script.
    Script(script::Script),
}

/// What steps work with that is not in the event.
pub struct Tools<'a> {
    /// Hashes a text under this directory's secret.
    pub hash: &'a dyn Fn(&str) -> u128,
    /// Says where addresses are; `None` where there is no database.
    pub places: Option<&'a dyn Places>,
    /// Runs scripts; `None` where that cannot be.
    pub scripts: Option<&'a mut dyn Scripts>,
}

/// How an event goes on behind one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// To the next step.
    On,
    /// The same, and the step's condition did not hold.
    Passed,
    /// Nowhere: it is left out.
    LeftOut(Reason),
    /// Nowhere: the step failed.
    Failed(Reason),
}

/// What became of an event behind all steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transformed {
    /// It is as it was.
    Same,
    /// It is this now.
    Changed(Box<Event>),
    /// It is left out, by the step the reason names.
    LeftOut(Reason),
    /// A step failed, or what came of it is no event.
    Failed(Reason),
}

impl Transformations {
    /// Sends an event through all steps.
    #[must_use]
    pub fn apply(&self, event: &Event, tools: &mut Tools<'_>) -> Transformed {
        let mut draft = Draft::new(event);
        for step in &self.steps {
            match step.apply(&mut draft, tools) {
                Next::On | Next::Passed => {}
                Next::LeftOut(reason) => return Transformed::LeftOut(reason),
                Next::Failed(reason) => return Transformed::Failed(reason),
            }
        }
        finish(draft)
    }

    /// The code of every script, in order.
    pub fn scripts(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Script(script) => Some(script.code()),
            _ => None,
        })
    }

    /// Whether an event comes to the same whenever it is transformed: a script may run out of
    /// time, and another database may say another place.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.scripts().next().is_none() && !self.needs_places()
    }

    /// Whether a step looks addresses up.
    #[must_use]
    pub fn needs_places(&self) -> bool {
        let needs = |step: &Step| matches!(step.action, Action::Geo(_));
        self.steps.iter().any(needs)
    }
}

/// The event that came of a draft.
#[must_use]
pub fn finish(draft: Draft<'_>) -> Transformed {
    match draft.finish() {
        Ok(None) => Transformed::Same,
        Ok(Some(event)) => Transformed::Changed(event),
        Err(reason) => Transformed::Failed(Reason::new(
            "transformed_to_no_event",
            format!(
                "after its transformations: {} ({})",
                reason.message, reason.code
            ),
        )),
    }
}

/// Whether an event was left out by a transformation: a verdict that stands for ever.
#[must_use]
pub fn is_left_out(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Filtered(reason) if reason.code.starts_with(LEFT_OUT))
}

impl Step {
    /// Its name, which outcomes are counted under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does.
    #[must_use]
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// Does its part on a draft.
    pub fn apply(&self, draft: &mut Draft<'_>, tools: &mut Tools<'_>) -> Next {
        let is_meant = |condition: &condition::Condition| condition.holds(draft.item());
        if !self.when.as_ref().is_none_or(is_meant) {
            return Next::Passed;
        }
        match &self.action {
            Action::Rename(rename) => rename.apply(draft),
            Action::Drop(drop) => drop.apply(draft),
            Action::Set(set) => set.apply(draft),
            Action::Mask(mask) => mask.apply(draft, tools),
            Action::UserAgent(user_agent) => user_agent.apply(draft),
            Action::Geo(geo) => geo.apply(draft, tools),
            Action::Campaign(campaign) => campaign.apply(draft),
            Action::Referrer(referrer) => referrer.apply(draft),
            Action::Filter(filter) if filter.leaves_out(draft) => return self.left_out(),
            Action::Filter(_) => {}
            Action::Script(script) => match script.apply(draft, tools) {
                Ok(true) => {}
                Ok(false) => return self.left_out(),
                Err(failure) => return Next::Failed(failure.reason(&self.name)),
            },
        }
        Next::On
    }

    fn left_out(&self) -> Next {
        Next::LeftOut(Reason::new(
            &format!("{LEFT_OUT}{}", self.name),
            format!("left out by the step `{}`", self.name),
        ))
    }

    fn check(&self) -> Result<(), String> {
        match &self.action {
            Action::Rename(rename) => rename.check(),
            Action::Drop(drop) => drop.check(),
            Action::Set(set) => set.check(),
            Action::Mask(mask) => mask.check(),
            Action::Filter(filter) => filter.check(),
            Action::Script(script) => script.check(),
            Action::UserAgent(_) | Action::Geo(_) | Action::Campaign(_) | Action::Referrer(_) => {
                Ok(())
            }
        }
    }
}

/// Reads steps from a list of JSON objects, and names them where they have no name.
///
/// # Errors
/// A sentence that says which step is wrong, and what about it.
pub fn read(steps: &[&str]) -> Result<Vec<Step>, String> {
    if steps.len() > STEPS_MAX {
        return Err(format!("a source may have {STEPS_MAX} steps"));
    }
    let mut read: Vec<Step> = Vec::new();
    for (place, raw) in steps.iter().enumerate() {
        let number = place + 1;
        let mut step: Step = serde_json::from_str(raw).map_err(|error| {
            let error = error.to_string();
            let error = error.split(" at line ").next().unwrap_or_default();
            format!("step {number}: {error}")
        })?;
        if step.name.is_empty() {
            step.name = format!("{}_{number}", step.action.word()).into();
        }
        if read.iter().any(|other| other.name == step.name) {
            return Err(format!(
                "step {number}: another step is called `{}`",
                step.name
            ));
        }
        read.push(step);
    }
    if read.iter().map(|step| step.action.paths()).sum::<usize>() > PATHS_MAX {
        return Err(format!("all steps together may name {PATHS_MAX} paths"));
    }
    Ok(read)
}

fn check_targets(paths: &[Path]) -> Result<(), String> {
    if paths.is_empty() {
        return Err("it names no path".to_owned());
    }
    paths.iter().try_for_each(Path::check_target)
}
