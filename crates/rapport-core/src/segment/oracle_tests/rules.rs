//! The oracle: its own rules, how they are spelled, and what they mean.

use super::KEYS;
use crate::event::{Event, Kind};
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(super) enum Rule {
    All(Vec<Rule>),
    Any(Vec<Rule>),
    Not(Box<Rule>),
    Attribute(Test),
    Did {
        what: (Kind, Option<&'static str>),
        filter: Option<Filter>,
        count: Count,
        window_s: Option<i64>,
    },
    In(usize),
    NotIn(usize),
}

#[derive(Clone, Debug)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Property(Test),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Count {
    Once,
    Never,
    AtLeast(usize),
    AtMost(usize),
    Exactly(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Test {
    pub(super) path: &'static str,
    pub(super) operator: &'static str,
    pub(super) operand: Value,
}

impl Rule {
    pub(super) fn text(&self) -> String {
        match self {
            Rule::All(parts) => spelled(parts.iter().map(Rule::text), " and "),
            Rule::Any(parts) => spelled(parts.iter().map(Rule::text), " or "),
            Rule::Not(part) => format!("not ({})", part.text()),
            Rule::Attribute(test) => format!("attribute {}", test.text()),
            Rule::In(segment) => format!("in segment \"{}\"", KEYS[*segment]),
            Rule::NotIn(segment) => format!("not in segment \"{}\"", KEYS[*segment]),
            Rule::Did {
                what,
                filter,
                count,
                window_s,
            } => {
                let negation = if matches!(count, Count::Never) {
                    " not"
                } else {
                    ""
                };
                let filter = filter
                    .as_ref()
                    .map(|filter| format!(" where {}", filter.text()));
                let count = match count {
                    Count::Once | Count::Never => String::new(),
                    Count::AtLeast(times) => format!(" at least {times} times"),
                    Count::AtMost(times) => format!(" at most {times} times"),
                    Count::Exactly(times) => format!(" exactly {times} times"),
                };
                let window = window_s.map_or(" ever".into(), |s| format!(" within {s} seconds"));
                let what = match what {
                    (Kind::Track, Some(name)) => format!("\"{name}\""),
                    (kind, Some(name)) => format!("{} \"{name}\"", kind.word()),
                    (kind, None) => kind.word().to_owned(),
                };
                format!(
                    "did{negation} {what}{}{count}{window}",
                    filter.unwrap_or_default()
                )
            }
        }
    }

    pub(super) fn holds(&self, world: &Person, members: &[bool], now: i64) -> bool {
        match self {
            Rule::All(parts) => parts.iter().all(|part| part.holds(world, members, now)),
            Rule::Any(parts) => parts.iter().any(|part| part.holds(world, members, now)),
            Rule::Not(part) => !part.holds(world, members, now),
            Rule::Attribute(test) => test.holds(&world.attributes),
            Rule::In(segment) => members[*segment],
            Rule::NotIn(segment) => !members[*segment],
            Rule::Did {
                what: (kind, name),
                filter,
                count,
                window_s,
            } => {
                let matching = world.events.values().filter(|event| {
                    event.kind == *kind
                        && name.is_none_or(|name| *event.name == *name)
                        && event.at.0 <= now
                        && window_s.is_none_or(|s| now - s * 1_000 < event.at.0)
                        && filter.as_ref().is_none_or(|filter| filter.holds(event))
                });
                let happened = matching.count();
                match count {
                    Count::Once => happened > 0,
                    Count::Never => happened == 0,
                    Count::AtLeast(times) => happened >= *times,
                    Count::AtMost(times) => happened <= *times,
                    Count::Exactly(times) => happened == *times,
                }
            }
        }
    }

    pub(super) fn windows_s(&self, found: &mut Vec<i64>) {
        match self {
            Rule::All(parts) | Rule::Any(parts) => parts.iter().for_each(|p| p.windows_s(found)),
            Rule::Not(part) => part.windows_s(found),
            Rule::Did { window_s, .. } => found.extend(window_s),
            Rule::Attribute(_) | Rule::In(_) | Rule::NotIn(_) => {}
        }
    }
}

impl Filter {
    pub(super) fn text(&self) -> String {
        match self {
            Filter::All(parts) => spelled(parts.iter().map(Filter::text), " and "),
            Filter::Any(parts) => spelled(parts.iter().map(Filter::text), " or "),
            Filter::Not(part) => format!("not ({})", part.text()),
            Filter::Property(test) => test.text(),
        }
    }

    pub(super) fn holds(&self, event: &Event) -> bool {
        match self {
            Filter::All(parts) => parts.iter().all(|part| part.holds(event)),
            Filter::Any(parts) => parts.iter().any(|part| part.holds(event)),
            Filter::Not(part) => !part.holds(event),
            Filter::Property(test) => {
                let raw = if event.kind == Kind::Identify {
                    &event.traits
                } else {
                    &event.properties
                };
                test.holds(&serde_json::from_str(raw).unwrap())
            }
        }
    }
}

pub(super) fn spelled(parts: impl Iterator<Item = String>, word: &str) -> String {
    let parts: Vec<_> = parts.map(|part| format!("({part})")).collect();
    parts.join(word)
}

impl Test {
    pub(super) fn text(&self) -> String {
        match &self.operand {
            Value::Null => format!("{} {}", self.path, self.operator),
            Value::Array(list) => {
                let list: Vec<_> = list.iter().map(Value::to_string).collect();
                format!("{} {} ({})", self.path, self.operator, list.join(", "))
            }
            operand => format!("{} {} {operand}", self.path, self.operator),
        }
    }

    pub(super) fn holds(&self, tree: &Value) -> bool {
        let value = self
            .path
            .split('.')
            .try_fold(tree, |tree, name| tree.get(name));
        let value = value.filter(|value| !value.is_null());
        let is = |wanted: &Value| value.is_some_and(|value| same(value, wanted));
        let order = |fits: fn(std::cmp::Ordering) -> bool| {
            value
                .and_then(|value| compare(value, &self.operand))
                .is_some_and(fits)
        };
        let text = value.and_then(Value::as_str);
        let part = self.operand.as_str();
        let contains = match (value, text, part) {
            (Some(Value::Array(list)), ..) => list.iter().any(|item| same(item, &self.operand)),
            (_, Some(text), Some(part)) => text.contains(part),
            _ => false,
        };
        let listed = || self.operand.as_array().unwrap().iter().any(is);
        match self.operator {
            "=" => is(&self.operand),
            "!=" => !is(&self.operand),
            "<" => order(std::cmp::Ordering::is_lt),
            "<=" => order(std::cmp::Ordering::is_le),
            ">" => order(std::cmp::Ordering::is_gt),
            ">=" => order(std::cmp::Ordering::is_ge),
            "contains" => contains,
            "not contains" => !contains,
            "starts with" => text
                .zip(part)
                .is_some_and(|(text, part)| text.starts_with(part)),
            "ends with" => text
                .zip(part)
                .is_some_and(|(text, part)| text.ends_with(part)),
            "in" => listed(),
            "not in" => !listed(),
            "exists" => value.is_some(),
            "not exists" => value.is_none(),
            other => unreachable!("{other}"),
        }
    }
}

/// The worlds here have only texts without digits, small numbers, and numbers in quotes.
pub(super) fn same(value: &Value, wanted: &Value) -> bool {
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    match (value, wanted) {
        (Value::Array(_) | Value::Object(_), _) => false,
        (Value::String(left), Value::String(right)) => left == right,
        _ => number(value).is_some() && number(value) == number(wanted) || value == wanted,
    }
}

pub(super) fn compare(value: &Value, wanted: &Value) -> Option<std::cmp::Ordering> {
    if let (Value::String(left), Value::String(right)) = (value, wanted) {
        return Some(left.as_bytes().cmp(right.as_bytes()));
    }
    let left = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    left.partial_cmp(&wanted.as_f64()?)
}

/// Somebody as the oracle remembers them.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// Each (instant, source, message) once.
    pub(super) events: BTreeMap<(i64, u32, String), Event>,
    pub(super) attributes: Value,
}

/// The memberships at `now`, segment by segment.
pub(super) fn oracle(rules: &[Rule], person: &Person, now: i64) -> Vec<bool> {
    let mut members = Vec::new();
    for rule in rules {
        let member = rule.holds(person, &members, now);
        members.push(member);
    }
    members
}
