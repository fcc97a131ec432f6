//! What the oracle's rules mean, straight from the definition: everything is counted, every
//! choice of events tried.

use super::calendar::{ZONES, unit_of};
use super::rules::{Asked, Count, Did, Filter, Join, Rule, Sequence, Step, What, Window};
use super::values::{compares, holds, number, spelled};
use crate::event::{Event, Kind};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Somebody as the oracle remembers them.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// Each (instant, source, message) once.
    pub(super) events: BTreeMap<(i64, u32, String), Event>,
    /// Each with the instant since when it is what it is.
    pub(super) attributes: BTreeMap<String, (Value, i64)>,
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

impl Person {
    fn attribute(&self, path: &str, now: i64) -> Option<&Value> {
        let mut names = path.split('.');
        let (value, since) = self.attributes.get(names.next()?)?;
        let inside = names.try_fold(value, |value, name| value.get(name))?;
        (*since <= now && !inside.is_null()).then_some(inside)
    }

    /// How far the person's clock is ahead of UTC.
    pub(super) fn ahead_ms(&self) -> i64 {
        let zone = self.attributes.get("timezone").map(|(value, _)| value);
        let known = ZONES
            .iter()
            .find(|(name, _)| zone.is_some_and(|zone| zone == name));
        known.map_or(0, |(_, ahead_ms)| *ahead_ms)
    }

    /// What happened up to `now` and is like this, oldest first.
    pub(super) fn like(&self, what: What, filter: Option<&Filter>, now: i64) -> Vec<&Event> {
        let fits = |event: &&Event| {
            event.kind == what.0
                && what.1.is_none_or(|name| *event.name == *name)
                && event.at.0 <= now
                && filter.is_none_or(|filter| filter.holds(event))
        };
        self.events.values().filter(fits).collect()
    }
}

/// The properties (of identify: the traits) of an event.
fn properties(event: &Event) -> Value {
    let raw = match event.kind {
        Kind::Identify | Kind::Group => &event.traits,
        _ => &event.properties,
    };
    serde_json::from_str(raw).unwrap()
}

pub(super) fn property(event: &Event, path: &str) -> Option<Value> {
    let properties = properties(event);
    let found = path
        .split('.')
        .try_fold(&properties, |value, name| value.get(name))?;
    (!found.is_null()).then(|| found.clone())
}

impl Rule {
    pub(super) fn holds(&self, person: &Person, members: &[bool], now: i64) -> bool {
        match self {
            Rule::All(parts) => parts.iter().all(|part| part.holds(person, members, now)),
            Rule::Any(parts) => parts.iter().any(|part| part.holds(person, members, now)),
            Rule::Not(part) => !part.holds(person, members, now),
            Rule::Held(part, s) => {
                let from = now - s * 1_000;
                let mut instants = part.instants(person, from, now);
                instants.extend([from, now]);
                instants
                    .into_iter()
                    .all(|at| part.holds(person, members, at))
            }
            Rule::Attribute(test) => {
                let path = test.path;
                let value = match path.split_once(' ') {
                    Some(("consent", topic)) => person.attribute(&format!("consent.{topic}"), now),
                    Some((_, name)) => person.attribute(&format!("scores.{name}"), now),
                    None => person.attribute(path, now),
                };
                holds(test, value, now, person.ahead_ms())
            }
            Rule::In(segment) => members[*segment],
            Rule::NotIn(segment) => !members[*segment],
            Rule::Did(did) => did.holds(person, now),
            Rule::Sequence(sequence) => found(sequence, person, now, &mut Vec::new()),
        }
    }
}

/// Whether the events so far can be completed.
fn found<'a>(
    sequence: &Sequence,
    person: &'a Person,
    now: i64,
    events: &mut Vec<&'a Event>,
) -> bool {
    let Some(step) = sequence.steps.get(events.len()) else {
        return ends(sequence, person, now, events);
    };
    for event in person.like(step.what, step.filter.as_ref(), now) {
        let joined = joins(step, event, events);
        let in_time = match (events.first(), events.last()) {
            (Some(first), Some(last)) => {
                let between = step.without.as_ref().is_some_and(|without| {
                    let like = person.like(without.what, without.filter.as_ref(), now);
                    like.into_iter().any(|other| {
                        last.at < other.at && other.at < event.at && joins(without, other, events)
                    })
                });
                last.at < event.at
                    && step.gap.is_none_or(|s| event.at.0 - last.at.0 <= s * 1_000)
                    && sequence
                        .lasting
                        .is_none_or(|s| event.at.0 - first.at.0 <= s * 1_000)
                    && !between
            }
            _ => sequence.within.is_none_or(|s| now - s * 1_000 < event.at.0),
        };
        if joined && in_time {
            events.push(event);
            if found(sequence, person, now, events) {
                return true;
            }
            events.pop();
        }
    }
    false
}

fn ends(sequence: &Sequence, person: &Person, now: i64, events: &[&Event]) -> bool {
    let Some((step, gap)) = &sequence.absent else {
        return true;
    };
    let last = events[events.len() - 1].at.0;
    let end = gap.map_or(now, |s| last + s * 1_000);
    let like = person.like(step.what, step.filter.as_ref(), now);
    let followed = like
        .into_iter()
        .any(|event| last < event.at.0 && event.at.0 <= end && joins(step, event, events));
    end <= now && !followed
}

fn joins(step: &Step, event: &Event, events: &[&Event]) -> bool {
    let Some(Join(path, comparison, to, of)) = &step.join else {
        return true;
    };
    let other = match *to {
        "previous" => events[events.len() - 1],
        _ => events[0],
    };
    compares(property(event, path), comparison, property(other, of))
}

impl Did {
    fn holds(&self, person: &Person, now: i64) -> bool {
        let known: Vec<&Event> = person
            .like(self.what, self.filter.as_ref(), now)
            .into_iter()
            .filter(|event| {
                self.link.is_none_or(|(path, comparison, attribute)| {
                    let to = person.attribute(attribute, now).cloned();
                    compares(property(event, path), comparison, to)
                })
            })
            .collect();
        let inside: Vec<&Event> = known
            .iter()
            .copied()
            .filter(|event| self.window.has(person, event.at.0, now))
            .collect();
        match &self.asked {
            Asked::Count(count) => count.holds(inside.len()),
            Asked::First => known
                .first()
                .is_some_and(|first| self.window.has(person, first.at.0, now)),
            Asked::Regularly(least, of, s) => {
                let hit = |nth: i64| {
                    let to = now - nth * s * 1_000;
                    known
                        .iter()
                        .any(|event| to - s * 1_000 < event.at.0 && event.at.0 <= to)
                };
                (0..*of as i64).filter(|nth| hit(*nth)).count() >= *least
            }
            Asked::Stopped(times, within, idle) => known.last().is_some_and(|last| {
                let near =
                    |event: &&&Event| within.is_none_or(|s| last.at.0 - s * 1_000 < event.at.0);
                last.at.0 <= now - idle * 1_000 && known.iter().filter(near).count() >= *times
            }),
            Asked::Resumed(s) => known.windows(2).any(|pair| {
                pair[1].at.0 - pair[0].at.0 >= s * 1_000
                    && self.window.has(person, pair[1].at.0, now)
            }),
            Asked::Total(function, path, comparison, to) => {
                let to = match to {
                    Ok(thousandths) => Some(*thousandths),
                    Err(name) => person.attribute(name, now).and_then(number),
                };
                let total = total(function, path, &inside);
                total.zip(to).is_some_and(|((total, times), to)| {
                    let order = total.cmp(&(to * times));
                    match *comparison {
                        "=" => order.is_eq(),
                        "!=" => order.is_ne(),
                        "<" => order.is_lt(),
                        "<=" => order.is_le(),
                        ">" => order.is_gt(),
                        _ => order.is_ge(),
                    }
                })
            }
        }
    }
}

/// Thousandths, and by how many they are to be divided.
pub(super) fn total(function: &str, path: &str, events: &[&Event]) -> Option<(i64, i64)> {
    if function == "distinct count" {
        let different: BTreeSet<String> = events
            .iter()
            .filter_map(|event| spelled(&property(event, path)?))
            .collect();
        return Some((different.len() as i64 * 1_000, 1));
    }
    let (mut numbers, mut currencies) = (Vec::new(), BTreeSet::new());
    for event in events {
        if let Some(amount) = property(event, path).as_ref().and_then(number) {
            numbers.push(amount);
            currencies.extend(property(event, "currency").as_ref().and_then(spelled));
        }
    }
    if currencies.len() > 1 {
        return None;
    }
    let one = |number: Option<&i64>| number.map(|number| (*number, 1));
    match function {
        "sum" => Some((numbers.iter().sum(), 1)),
        "average" if numbers.is_empty() => None,
        "average" => Some((numbers.iter().sum(), numbers.len() as i64)),
        "min" => one(numbers.iter().min()),
        _ => one(numbers.iter().max()),
    }
}

impl Window {
    pub(super) fn has(&self, person: &Person, at: i64, now: i64) -> bool {
        match self {
            Window::Ever => true,
            Window::Within(s) => now - s * 1_000 < at,
            Window::Before(s) => at <= now - s * 1_000,
            Window::Ago(near, far) => now - far * 1_000 < at && at <= now - near * 1_000,
            Window::Dates(from, to) => {
                from.is_none_or(|ms| super::START + ms <= at)
                    && to.is_none_or(|ms| at < super::START + ms)
            }
            Window::Since(what, filter) => {
                let anchors = person.like(*what, filter.as_ref(), now);
                anchors.last().is_none_or(|anchor| anchor.at.0 < at)
            }
            Window::Calendar(unit, back) => {
                let ahead_ms = person.ahead_ms();
                unit_of(unit, at, ahead_ms) == unit_of(unit, now, ahead_ms) - back
            }
        }
    }
}

impl Count {
    fn holds(self, happened: usize) -> bool {
        match self {
            Count::Once => happened > 0,
            Count::Never => happened == 0,
            Count::AtLeast(times) => happened >= times,
            Count::AtMost(times) => happened <= times,
            Count::Exactly(times) => happened == times,
            Count::Between(least, most) => least <= happened && happened <= most,
        }
    }
}

impl Filter {
    pub(super) fn holds(&self, event: &Event) -> bool {
        match self {
            Filter::All(parts) => parts.iter().all(|part| part.holds(event)),
            Filter::Any(parts) => parts.iter().any(|part| part.holds(event)),
            Filter::Not(part) => !part.holds(event),
            Filter::Property(test) => {
                let value = property(event, test.path);
                holds(test, value.as_ref(), event.at.0, 0)
            }
        }
    }
}
