//! What a computed trait comes to, for a person at a moment.

use super::Function;
use crate::json::Decimal;
use crate::segment::leaf::{Datum, Kept, LeafNo};
use crate::segment::literal::Quoted;
use crate::segment::person::Seen;
use crate::segment::question::{Total, total};
use crate::segment::rule;
use crate::segment::window::Window;
use crate::time::{DAY_MS, Millis};
use std::collections::BTreeSet;

/// A computed trait with numbers for names.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Asking {
    /// What it is made of; the second is taken off the first.
    pub parts: Vec<Reading>,
    /// What makes a score of it.
    pub thresholds: Vec<Decimal>,
}

/// A part of a computed trait.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Reading {
    /// How it is made.
    pub function: Function,
    /// Within which window.
    pub window: Window,
    /// The leaf that keeps its events.
    pub leaf: LeafNo,
    /// The slot of the property in the leaf.
    pub slot: Option<usize>,
    /// The slot of its currency, where the trait does not say one.
    pub currency: Option<usize>,
}

enum Made {
    None,
    Number(Decimal),
    /// Anything else, as JSON.
    Json(String),
}

impl Asking {
    /// Its value at `now`, as JSON; `None` where there is none.
    pub fn value(&self, seen: &Seen<'_>, now: Millis) -> Option<String> {
        let counted: Vec<Vec<&Kept>> = self
            .parts
            .iter()
            .map(|part| part.counted(seen, now).iter().collect())
            .collect();
        let mut parts = self.parts.iter().zip(&counted);
        let (first, events) = parts.next()?;
        let mut made = first.made(events, now);
        if let Some((second, events)) = parts.next() {
            made = match (made, second.made(events, now)) {
                (Made::Number(left), Made::Number(right)) if self.is_one_currency(&counted) => {
                    Made::Number(left.minus(right))
                }
                _ => Made::None,
            };
        }
        match made {
            Made::None => None,
            Made::Number(number) if self.thresholds.is_empty() => Some(number.to_string()),
            Made::Number(number) => Some(self.score(number).to_string()),
            Made::Json(json) => Some(json),
        }
    }

    /// The events that count at `now`, newest first, part by part.
    pub fn counted<'a>(&self, seen: &Seen<'a>, now: Millis) -> Vec<&'a Kept> {
        let parts = self.parts.iter();
        parts.flat_map(|part| part.counted(seen, now)).collect()
    }

    fn score(&self, number: Decimal) -> usize {
        let falls = self.thresholds.first() > self.thresholds.last();
        let is_reached = |threshold: &&Decimal| match falls {
            true => number <= **threshold,
            false => number >= **threshold,
        };
        1 + self.thresholds.iter().filter(is_reached).count()
    }

    fn is_one_currency(&self, counted: &[Vec<&Kept>]) -> bool {
        let parts = self.parts.iter().zip(counted);
        let currencies: BTreeSet<&Datum> = parts
            .flat_map(|(part, events)| {
                let slots = part.slot.zip(part.currency);
                let priced = slots.into_iter().flat_map(|(slot, currency)| {
                    let has = move |event: &&&Kept| !event.value(slot).is_none();
                    events.iter().filter(has).map(move |e| e.value(currency))
                });
                priced.filter(|currency| !currency.is_none())
            })
            .collect();
        currencies.len() < 2
    }
}

impl Reading {
    /// The events that count at `now`, newest first.
    pub(super) fn counted<'a>(&self, seen: &Seen<'a>, now: Millis) -> &'a [Kept] {
        let kept = seen.facts.leaves.of(self.leaf);
        if kept.is_empty() {
            return kept;
        }
        let stretch = match self.window {
            Window::Calendar { .. } => self.window.stretch(now, seen.zone(), None),
            _ => self.window.stretch(now, &Default::default(), None),
        };
        let from = kept.partition_point(|event| event.at > stretch.until);
        let to = kept.partition_point(|event| event.at > stretch.after);
        &kept[from..to.max(from)]
    }

    fn made<'a>(&self, events: &[&'a Kept], now: Millis) -> Made {
        let value = |event: &&'a Kept| -> &'a Datum {
            self.slot.map_or(&Datum::None, |slot| event.value(slot))
        };
        let totalled = |function| {
            let slot = self.slot.unwrap_or(usize::MAX);
            match total(function, slot, self.currency, events) {
                Total::None | Total::Mixed => Made::None,
                found => found.number().map_or(Made::None, Made::Number),
            }
        };
        let at = |event: Option<&&Kept>| {
            event.map_or(Made::None, |event| Made::Json(format!("\"{}\"", event.at)))
        };
        match self.function {
            Function::Count => Made::Number(Decimal::whole(events.len() as i64)),
            Function::Sum => totalled(rule::Function::Sum),
            Function::Average => totalled(rule::Function::Average),
            Function::Min => totalled(rule::Function::Min),
            Function::Max => totalled(rule::Function::Max),
            Function::UniqueCount => totalled(rule::Function::Distinct),
            Function::First => one(events.last().map(value)),
            Function::Last => one(events.first().map(value)),
            Function::LastFew(number) => {
                let few = events.iter().take(usize::from(number));
                list(few.filter_map(|event| json(value(event))))
            }
            Function::UniqueList => {
                let mut seen = BTreeSet::new();
                let values = events.iter().map(value);
                list(values.filter_map(|value| {
                    let spelled = spelled(value)?;
                    seen.insert(spelled).then(|| json(value)).flatten()
                }))
            }
            Function::MostFrequent => one(most_frequent(events.iter().map(value))),
            Function::FirstAt => at(events.last()),
            Function::LastAt => at(events.first()),
            Function::DaysSinceLast => events.first().map_or(Made::None, |last| {
                Made::Number(Decimal::whole(now.since(last.at) / DAY_MS))
            }),
        }
    }
}

/// The value that comes most often among those given newest first; of several the newest.
fn most_frequent<'a>(values: impl Iterator<Item = &'a Datum>) -> Option<&'a Datum> {
    let mut numbers = std::collections::BTreeMap::new();
    for (nth, value) in values.enumerate() {
        if let Some(spelled) = spelled(value) {
            let known = numbers.entry(spelled).or_insert((0_usize, nth, value));
            known.0 += 1;
        }
    }
    let best = numbers
        .into_values()
        .max_by_key(|(number, nth, _)| (*number, std::cmp::Reverse(*nth)));
    best.map(|(_, _, value)| value)
}

fn one(value: Option<&Datum>) -> Made {
    value.and_then(json).map_or(Made::None, Made::Json)
}

fn list(items: impl Iterator<Item = String>) -> Made {
    let items: Vec<String> = items.collect();
    Made::Json(format!("[{}]", items.join(",")))
}

fn json(value: &Datum) -> Option<String> {
    match value {
        Datum::Text(text) => Some(Quoted(text).to_string()),
        other => spelled(other),
    }
}

/// A value as text: 7 and `"7"` are one value.
fn spelled(value: &Datum) -> Option<String> {
    match value {
        Datum::Number(number) => Some(number.to_string()),
        Datum::Bool(value) => Some(value.to_string()),
        Datum::Text(text) => Some(text.to_string()),
        Datum::None | Datum::Instant(_) | Datum::Same(_) => None,
    }
}
