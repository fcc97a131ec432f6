//! What a world asks, and what the oracle answers: segments, or computed traits and the segments
//! that hang on them.

use super::KEYS;
use super::meaning::{Person, oracle};
use super::rules::Rule;
use crate::entry::{Command, CommandEntry};
use crate::fold::rulebook::Revision;
use crate::identity::ProfileNo;
use crate::position::Position;
use crate::segment::{text, tree};
use crate::time::Millis;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// One thing that a world asks.
pub(super) trait Inquiry: Debug + Sized {
    /// The commands that ask all of them.
    fn commands(all: &[Self]) -> Vec<Command>;

    /// Instants between two (neither included) at which the answer could change, and one to either
    /// side of each.
    fn instants(&self, person: &Person, from: i64, to: i64) -> BTreeSet<i64>;

    /// Whether somebody is in each segment.
    fn members(all: &[Self], person: &Person, now: i64) -> Vec<bool>;

    /// The computed traits that somebody has.
    fn values(all: &[Self], person: &Person, now: i64) -> BTreeMap<&'static str, Value>;

    /// How all of them are spelled.
    fn texts(all: &[Self]) -> Vec<String>;
}

impl Inquiry for Rule {
    fn commands(all: &[Rule]) -> Vec<Command> {
        let rules = KEYS.iter().zip(all);
        rules
            .map(|(key, rule)| segment(key, &rule.text()))
            .collect()
    }

    fn instants(&self, person: &Person, from: i64, to: i64) -> BTreeSet<i64> {
        Rule::instants(self, person, from, to)
    }

    fn members(all: &[Rule], person: &Person, now: i64) -> Vec<bool> {
        oracle(all, person, now)
    }

    fn values(_: &[Rule], _: &Person, _: i64) -> BTreeMap<&'static str, Value> {
        BTreeMap::new()
    }

    fn texts(all: &[Rule]) -> Vec<String> {
        all.iter().map(Rule::text).collect()
    }
}

/// Sets a segment's rule, which is the same in both spellings.
pub(super) fn segment(key: &str, rule: &str) -> Command {
    let rule = text::parse(rule).unwrap_or_else(|error| panic!("{rule}: {error}"));
    assert_eq!(text::parse(&rule.to_string()).as_ref(), Ok(&rule));
    assert_eq!(tree::parse(&tree::print(&rule)).as_ref(), Ok(&rule));
    Command::PutSegment {
        key: key.to_owned(),
        name: key.to_owned(),
        rule: rule.to_string(),
    }
}

/// Asks all of them in a request of this number.
pub(super) fn revisions<A: Inquiry>(
    all: &[A],
    request: u64,
    next_profile: ProfileNo,
) -> Vec<Revision> {
    let revision = |(nth, command)| {
        let entry = CommandEntry {
            position: Position::command(request, nth),
            received: Millis(0),
            actor: "ana".to_owned(),
            command,
        };
        Revision::of(&entry, next_profile).expect("it changes the rules")
    };
    let commands = (1..).zip(A::commands(all));
    commands.map(revision).collect()
}

/// Numbers as far as both sides keep them.
pub(super) fn rounded(value: &Value) -> String {
    match value.as_f64() {
        Some(number) => format!("{number:.6}"),
        None => value.to_string(),
    }
}
