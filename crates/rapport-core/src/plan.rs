//! Tracking plans: what a source is expected to send, and what is done about the rest.

use crate::outcome::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub mod discovered;

/// The reason under which events that a plan blocks are counted.
pub const VIOLATION: &str = "plan_violation";
/// The most events a plan names.
pub const EVENTS_MAX: usize = 1_000;
/// The most bytes of all schemas of a plan together.
pub const BYTES_MAX: usize = 512 * 1024;

/// Whether a plan was what ended an event so.
#[must_use]
pub fn is_blocked(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Filtered(reason) if reason.code == VIOLATION)
}

/// What a source is expected to send.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Its name for people.
    #[serde(default)]
    pub name: Box<str>,
    /// Counts up with every change; set by whoever puts the plan.
    #[serde(default)]
    pub version: u32,
    /// What is done about an event whose properties are not as its schema says.
    #[serde(default)]
    pub on_violation: Action,
    /// What is done about a track event that the plan does not name. `omit` has nothing to leave
    /// out there and is refused.
    #[serde(default)]
    pub on_unplanned: Unplanned,
    /// A JSON Schema (draft 2020-12 unless `$schema` says otherwise) for the properties of each
    /// track event by name, and for the traits or properties of the other calls by `$identify`,
    /// `$group`, `$page` and `$screen`.
    #[serde(default)]
    pub events: BTreeMap<Box<str>, Value>,
}

/// What is done about an event that is not as planned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is taken as it is, and the violation is counted and told.
    #[default]
    Flag,
    /// What violates the plan is left out of it, and the rest is taken; where what is required is
    /// missing it is taken as it is.
    Omit,
    /// It ends as invalid, and is kept for re-drive.
    Block,
}

/// What is done about an event that a plan does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unplanned {
    /// Nothing: it is taken.
    #[default]
    Allow,
    /// It is taken, and counted and told as a violation.
    Flag,
    /// It ends as invalid, and is kept for re-drive.
    Block,
}

/// One way in which an event is not as planned; the words are those of Segment's
/// `Violation Generated` events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Violation {
    /// The field, as a path of names with dots; empty for the event as a whole.
    pub field: Box<str>,
    /// What is wrong with it: `unplanned_event`, `required`, `type`, `additional_property`, or
    /// another keyword of JSON Schema.
    pub kind: Box<str>,
    /// A sentence for people.
    pub description: Box<str>,
}

impl Plan {
    /// Whether the plan stays within its limits, and why not.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn check(&self) -> Result<(), String> {
        if self.events.len() > EVENTS_MAX {
            return Err(format!("a plan names at most {EVENTS_MAX} events"));
        }
        let length = |schema: &Value| schema.to_string().len();
        let bytes: usize = self.events.values().map(length).sum();
        if bytes > BYTES_MAX {
            return Err(format!(
                "the schemas of a plan have at most {BYTES_MAX} bytes"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Command;
    use crate::event::SourceNo;

    #[test]
    fn a_plan_reads_back_and_says_what_it_leaves_out() {
        let plan: Plan = serde_json::from_str(
            r#"{"name": "Shop", "on_unplanned": "block",
                "events": {"Order Completed": {"type": "object", "required": ["order_id"]}}}"#,
        )
        .expect("a plan");
        assert_eq!(
            (plan.on_violation, plan.on_unplanned),
            (Action::Flag, Unplanned::Block)
        );
        let command = Command::PutPlan {
            source: SourceNo(1),
            plan: Some(plan.clone()),
        };
        let kept = serde_json::to_string(&command).expect("plain data");
        let read: Command = serde_json::from_str(&kept).expect("the same");
        assert_eq!(read, command, "a command keeps it whole");
        let text = serde_json::to_string(&plan).expect("plain data");
        assert_eq!(serde_json::from_str::<Plan>(&text).expect("the same"), plan);
        assert!(serde_json::from_str::<Plan>(r#"{"event": {}}"#).is_err());
    }

    #[test]
    fn a_plan_without_bounds_is_refused() {
        let names = (0..=EVENTS_MAX).map(|no| (format!("e{no}").into(), Value::Bool(true)));
        let plan = Plan {
            events: names.collect(),
            ..Plan::default()
        };
        assert!(plan.check().expect_err("too many").contains("1000"));
    }
}
