//! The oracle for computed traits: every value is made anew from all events, at every instant at
//! which it could be another, and the segments that ask for it follow.

use self::drawn::any_three;
use super::any::{any_history, told_apart};
use super::calendar::{DAY, midnights};
use super::inquiry::{self, Inquiry};
use super::meaning::{Person, property, total};
use super::people::{self, any_undos};
use super::rules::{Filter, Test, What, Window, named};
use super::values::{holds, number, spelled};
use super::world::{Timers, World};
use super::{KEYS, same_in_any_order};
use crate::entry::Command;
use crate::event::Event;
use crate::fold::worlds::any_entries;
use crate::segment::leaf::message_hash;
use crate::segment::{text, tree};
use crate::time::Millis;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

mod drawn;

/// How a trait is made.
#[derive(Clone, Debug)]
struct Made {
    function: &'static str,
    path: &'static str,
    what: What,
    filter: Option<Filter>,
    window: Window,
    minus: Option<Box<Made>>,
    by: Vec<i64>,
}

/// A segment: whether a trait is like this, or has been for some seconds.
#[derive(Clone, Debug)]
struct Asks {
    made: Made,
    test: Test,
    held: Option<i64>,
}

const TIMES: [&str; 3] = ["time of first", "time of last", "days since last"];
const NUMBERS: [&str; 4] = ["sum", "average", "min", "max"];

impl Made {
    fn text(&self) -> String {
        let score = if self.by.is_empty() { "" } else { "score of " };
        let mut text = format!("{score}{}", self.drawn());
        if let Some(minus) = &self.minus {
            text += &format!(" minus {}", minus.drawn());
        }
        if !self.by.is_empty() {
            let by: Vec<String> = self.by.iter().map(i64::to_string).collect();
            text += &format!(" by {}", by.join(", "));
        }
        text
    }

    fn drawn(&self) -> String {
        let Made { function, path, .. } = self;
        let head = match *function {
            "count" => "count of".to_owned(),
            function if TIMES.contains(&function) => function.to_owned(),
            "first" | "last" | "last 2" | "most frequent" => format!("{function} {path} of"),
            function => format!("{function} of {path} of"),
        };
        let filter = self.filter.as_ref().map(Filter::text);
        let filter = filter.map(|filter| format!(" where ({filter})"));
        let (named, window) = (named(self.what), self.window.text());
        format!("{head} {named}{}{window}", filter.unwrap_or_default())
    }

    fn value(&self, person: &Person, now: i64) -> Option<Value> {
        let mut value = self.of_events(person, now)?;
        if let Some(minus) = &self.minus {
            let mut currencies = self.currencies(person, now);
            currencies.extend(minus.currencies(person, now));
            let off = minus.of_events(person, now)?;
            if currencies.len() > 1 {
                return None;
            }
            value = json!((number(&value)? - number(&off)?) as f64 / 1_000.0);
        }
        if let (Some(first), Some(last)) = (self.by.first(), self.by.last()) {
            let found = number(&value)?;
            let is_reached = |by: &&i64| match first > last {
                true => found <= **by * 1_000,
                false => found >= **by * 1_000,
            };
            value = json!(1 + self.by.iter().filter(is_reached).count());
        }
        Some(value)
    }

    /// The events that count, oldest first; of one instant in the order of their messages.
    fn events<'a>(&self, person: &'a Person, now: i64) -> Vec<&'a Event> {
        let like = person
            .like(self.what, self.filter.as_ref(), now)
            .into_iter();
        let mut events: Vec<&Event> = like
            .filter(|event| self.window.has(person, event.at.0, now))
            .collect();
        events.sort_by_key(|event| (event.at, message_hash(event.source, &event.message_id)));
        events
    }

    fn currencies(&self, person: &Person, now: i64) -> BTreeSet<String> {
        let events = self.events(person, now).into_iter();
        let priced = events.filter(|event| {
            let amount = property(event, self.path);
            self.function == "sum" && amount.as_ref().and_then(number).is_some()
        });
        priced
            .filter_map(|event| spelled(&property(event, "currency")?))
            .collect()
    }

    fn of_events(&self, person: &Person, now: i64) -> Option<Value> {
        let events = self.events(person, now);
        let with: Vec<Value> = events
            .iter()
            .filter_map(|event| property(event, self.path))
            .collect();
        let plain = |value: &Value| spelled(value).map(|_| value.clone());
        let at = |event: &&Event| json!(event.at.to_string());
        match self.function {
            "count" => Some(json!(events.len())),
            "time of first" => events.first().map(at),
            "time of last" => events.last().map(at),
            "days since last" => events.last().map(|last| json!((now - last.at.0) / DAY)),
            "first" => with.first().and_then(plain),
            "last" => with.last().and_then(plain),
            "last 2" => Some(with.iter().rev().take(2).filter_map(plain).collect()),
            "unique list" | "unique count" => {
                let mut seen = BTreeSet::new();
                let new = |value: &&Value| spelled(value).is_some_and(|text| seen.insert(text));
                let list: Vec<Value> = with.iter().rev().filter(new).cloned().collect();
                match self.function {
                    "unique list" => Some(Value::Array(list)),
                    _ => Some(json!(list.len())),
                }
            }
            "most frequent" => {
                let times = |text: &str| {
                    let same = with
                        .iter()
                        .filter(|value| spelled(value).as_deref() == Some(text));
                    same.count()
                };
                let mut best: Option<(usize, Value)> = None;
                for value in &with {
                    if let Some(text) = spelled(value) {
                        let times = times(&text);
                        if best.as_ref().is_none_or(|(most, _)| times >= *most) {
                            best = Some((times, value.clone()));
                        }
                    }
                }
                best.map(|(_, value)| value)
            }
            function => {
                let (sum, times) = total(function, self.path, &events)?;
                Some(json!(sum as f64 / times as f64 / 1_000.0))
            }
        }
    }

    /// How long after an event something can change, and whether at midnight.
    fn spans(&self, found: &mut Vec<i64>, days: &mut bool) {
        match &self.window {
            Window::Within(s) | Window::Before(s) => found.push(s * 1_000),
            Window::Ago(near, far) => found.extend([near * 1_000, far * 1_000]),
            Window::Calendar(..) => *days = true,
            Window::Ever | Window::Dates(..) | Window::Since(..) => {}
        }
        if self.function == "days since last" {
            found.extend((1..70).map(|days| days * DAY));
        }
        if let Some(minus) = &self.minus {
            minus.spans(found, days);
        }
    }
}

impl Asks {
    fn text(&self, key: &str) -> String {
        let test = Test {
            path: "t",
            ..self.test.clone()
        }
        .text();
        let asked = format!("trait {key}{}", test.trim_start_matches('t'));
        match self.held {
            Some(s) => format!("for {s} seconds {asked}"),
            None => asked,
        }
    }

    fn holds(&self, person: &Person, now: i64) -> bool {
        let is = |at: i64| {
            let value = self.made.value(person, at);
            holds(&self.test, value.as_ref(), at, person.ahead_ms())
        };
        let Some(s) = self.held else {
            return is(now);
        };
        let from = now - s * 1_000;
        let mut instants = self.instants(person, from, now);
        instants.extend([from, now]);
        instants.into_iter().all(is)
    }

    fn instants(&self, person: &Person, from: i64, to: i64) -> BTreeSet<i64> {
        let (mut spans, mut days) = (vec![0], false);
        self.made.spans(&mut spans, &mut days);
        if let Value::Object(span) = &self.test.operand {
            let (unit, amount) = span.iter().next().unwrap();
            days |= unit == "days";
            let unit_ms = if unit == "seconds" { 1_000 } else { DAY };
            spans.push(amount.as_i64().unwrap() * unit_ms);
        }
        if let Some(s) = self.held {
            spans.extend(spans.clone().iter().map(|span| span + s * 1_000));
        }
        let longest = spans.iter().max().copied().unwrap_or(0);
        let mut starts: Vec<i64> = person.events.values().map(|event| event.at.0).collect();
        if let Some(date) = self.test.operand.as_str().and_then(Millis::parse) {
            starts.push(date.0);
        }
        if days {
            starts.extend(midnights(from - longest.min(3 * DAY), to));
        }
        starts
            .iter()
            .flat_map(|start| {
                spans
                    .iter()
                    .flat_map(move |span| [start + span, start - span])
            })
            .flat_map(|moment| [moment - 1, moment, moment + 1])
            .filter(|moment| from < *moment && *moment < to)
            .collect()
    }
}

/// The keys of the traits of a world.
const TRAITS: [&str; 3] = ["t0", "t1", "t2"];

impl Inquiry for Asks {
    fn commands(all: &[Asks]) -> Vec<Command> {
        let keys = TRAITS.iter().zip(KEYS);
        let commands = all.iter().zip(keys).flat_map(|(one, (key, segment))| {
            let computed = text::parse_computed(&one.made.text());
            let computed = computed.unwrap_or_else(|error| panic!("{}: {error}", one.made.text()));
            let printed = tree::print_computed(&computed);
            assert_eq!(tree::parse_computed(&printed).as_ref(), Ok(&computed));
            let made = Command::PutTrait {
                key: (*key).to_owned(),
                name: (*key).to_owned(),
                computed: computed.to_string(),
            };
            [made, inquiry::segment(segment, &one.text(key))]
        });
        commands.collect()
    }

    fn instants(&self, person: &Person, from: i64, to: i64) -> BTreeSet<i64> {
        Asks::instants(self, person, from, to)
    }

    fn members(all: &[Asks], person: &Person, now: i64) -> Vec<bool> {
        all.iter().map(|one| one.holds(person, now)).collect()
    }

    fn values(all: &[Asks], person: &Person, now: i64) -> BTreeMap<&'static str, Value> {
        let value = |(key, one): (&&'static str, &Asks)| Some((*key, one.made.value(person, now)?));
        TRAITS.iter().zip(all).filter_map(value).collect()
    }

    fn texts(all: &[Asks]) -> Vec<String> {
        let texts = all.iter().zip(TRAITS);
        texts
            .map(|(one, key)| format!("{key}: {}; {}", one.made.text(), one.text(key)))
            .collect()
    }
}

proptest! {
    #![proptest_config(super::cases(100))]

    #[test]
    fn a_trait_and_what_asks_for_it_are_what_the_oracle_says_at_every_instant(
        asks in any_three(),
        history in any_history().prop_map(told_apart),
    ) {
        let mut world = World::new(&asks, Timers::Punctual);
        world.compare(&history)?;
        same_in_any_order(&world.live, &world.sent)?;
    }

    #[test]
    fn a_trait_made_amid_a_history_is_built_from_it_and_goes_on_live(
        asks in any_three(),
        others in any_three(),
        history in any_history().prop_map(told_apart),
        at in 0..20_usize,
    ) {
        let (before, after) = history.split_at(at.min(history.len()));
        let mut world = World::new(&asks, Timers::Punctual);
        world.compare(before)?;
        world.rebuild(&others, &[])?;
        world.compare(after)?;
    }

    #[test]
    fn whoever_merges_and_parts_again_has_the_traits_that_the_oracle_says_at_every_instant(
        asks in any_three(),
        entries in any_entries(25),
        undos in any_undos(),
    ) {
        let mut world = people::World::new(&asks);
        world.compare_all(&entries, &undos)?;
    }
}
