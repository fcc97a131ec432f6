//! Live membership against an oracle: naive, straight from the definition, sharing nothing with
//! the core but [`Event`]. It has its own rules (which it spells as text for the core), reads
//! properties as trees, keeps every event, and decides by counting all of them.
//!
//! Everything is checked at every instant: at each entry, and at each moment at which any event
//! enters or leaves any window, and one millisecond to either side of it.

use self::any::{any_history, any_rules, told_apart};
use self::live::{Live, event, put};
use self::meaning::{Person, oracle};
use self::rules::Rule;
use crate::event::{Event, Kind};
use crate::identity::ProfileNo;
use crate::segment::catalogue::{Catalogue, Collector, Touched};
use crate::segment::leaf::Leaves;
use crate::time::Millis;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

mod any;
mod calendar;
mod instants;
mod live;
mod meaning;
mod people;
mod rules;
mod traits;
mod values;

/// Keys of the segments of a world, each of which may refer to those before it.
const KEYS: [&str; 3] = ["s0", "s1", "s2"];

/// What arrives.
#[derive(Clone, Debug)]
enum Entry {
    Event {
        late_ms: i64,
        what: (Kind, &'static str),
        properties: Value,
        message: u32,
    },
    /// An event that arrived before, once more.
    Again(usize),
    Attribute(&'static str, Value),
}

/// When timers fire.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Timers {
    /// Each at its moment.
    Punctual,
    /// All at once before the next entry.
    Late,
}

/// Shortly before a Monday, a month, a quarter and a year begin in UTC.
const START: i64 = 1_704_067_200_000 - 40_000;

/// A world while it runs.
struct World<'a> {
    rules: &'a [Rule],
    timers: Timers,
    live: Live,
    person: Person,
    sent: Vec<Event>,
    now: i64,
}

impl<'a> World<'a> {
    fn new(rules: &'a [Rule], timers: Timers) -> World<'a> {
        let person = Person {
            events: BTreeMap::new(),
            attributes: BTreeMap::new(),
        };
        let mut live = Live::new(rules);
        let mut touched = Touched::default();
        live.catalogue.touch_all(&mut touched);
        live.settle(Millis(START), &mut touched);
        World {
            rules,
            timers,
            live,
            person,
            sent: Vec::new(),
            now: START,
        }
    }

    fn enter(&mut self, entry: &Entry) {
        let now = self.now;
        match entry {
            Entry::Event {
                late_ms,
                what,
                properties,
                message,
            } => {
                self.sent
                    .push(event(now - late_ms, now, *what, properties, *message));
                observe(
                    &mut self.live,
                    &mut self.person,
                    &self.sent[self.sent.len() - 1],
                    now,
                );
            }
            Entry::Again(nth) if !self.sent.is_empty() => {
                let again = self.sent[nth % self.sent.len()].clone();
                observe(&mut self.live, &mut self.person, &again, now);
            }
            Entry::Again(_) => {}
            Entry::Attribute(name, value) => {
                self.live.attribute(name, value, Millis(now));
                let known = self.person.attributes.get(*name).map(|(value, _)| value);
                if known != Some(value) {
                    let said = (value.clone(), now);
                    self.person.attributes.insert((*name).to_owned(), said);
                }
            }
        }
    }

    /// Enters everything, and compares at every instant that matters.
    fn compare(&mut self, entries: &[(i64, Entry)]) -> Result<(), TestCaseError> {
        for (pause_ms, entry) in entries {
            self.pass(*pause_ms)?;
            self.enter(entry);
            self.compare_now("at an entry")?;
        }
        self.pass(70_000)
    }

    /// Every instant at which the oracle's answer could change by itself in the next `span_ms`.
    fn pass(&mut self, span_ms: i64) -> Result<(), TestCaseError> {
        let to = self.now + span_ms;
        let mut instants: BTreeSet<i64> = self
            .rules
            .iter()
            .flat_map(|rule| rule.instants(&self.person, self.now, to))
            .collect();
        instants.insert(to);
        for instant in instants {
            if instant <= self.now {
                continue;
            }
            self.now = instant;
            if self.timers == Timers::Punctual || instant == to {
                self.live.advance(Millis(instant));
                self.compare_now("at a moment of its own")?;
            }
        }
        Ok(())
    }

    fn compare_now(&self, when: &str) -> Result<(), TestCaseError> {
        let expected = oracle(self.rules, &self.person, self.now);
        let texts: Vec<_> = self.rules.iter().map(Rule::text).collect();
        let after_ms = self.now - START;
        prop_assert_eq!(
            self.live.members(),
            expected,
            "{} {}, {:#?}",
            when,
            after_ms,
            texts
        );
        Ok(())
    }

    /// Sets other rules, collects their leaves live while the old ones still decide, and builds
    /// them from history later.
    fn rebuild(
        &mut self,
        rules: &'a [Rule],
        meanwhile: &[(i64, Entry)],
    ) -> Result<(), TestCaseError> {
        let before = self.sent.clone();
        put(&mut self.live.registry, rules, 2, ProfileNo(2));
        self.live.catalogue = Catalogue::new(&self.live.registry);
        for (pause_ms, entry) in meanwhile {
            self.pass(*pause_ms)?;
            self.enter(entry);
            self.compare_now("while others are built")?;
        }
        self.rules = rules;
        let building: Vec<_> = self
            .live
            .registry
            .building()
            .map(|d| (d.no, d.version))
            .collect();
        for (segment, version) in building {
            self.live.advance(Millis(self.now));
            let only = self.live.registry.leaves_to_build(segment);
            let collector = Collector::of(&self.live.registry, &only);
            let mut history = Leaves::default();
            for event in before
                .iter()
                .filter(|event| collector.wanted().has(event.kind, &event.name))
            {
                let mut seen = event.sighting();
                if !collector.wanted().content {
                    seen.content = "";
                }
                collector.observe(&mut history, &seen);
            }
            self.live
                .registry
                .advance_build(segment, version, ProfileNo(2));
            self.live.catalogue = Catalogue::new(&self.live.registry);
            let mut touched = Touched::default();
            self.live
                .catalogue
                .unite(&mut self.live.leaves, &history, &mut touched);
            self.live.catalogue.touch(segment, &mut touched);
            self.live.settle(Millis(self.now), &mut touched);
        }
        assert_eq!(self.live.registry.building().count(), 0);
        Ok(())
    }
}

fn observe(live: &mut Live, person: &mut Person, event: &Event, now: i64) {
    let key = (event.at.0, event.source.0, event.message_id.to_string());
    person.events.entry(key).or_insert_with(|| event.clone());
    live.event(event, Millis(now));
}

/// The same events in another order, and in two parts united, give the same state.
fn same_in_any_order(live: &Live, sent: &[Event]) -> Result<(), TestCaseError> {
    let catalogue = &live.catalogue;
    let fold = |events: &mut dyn Iterator<Item = &Event>| {
        let mut leaves = Leaves::default();
        events.for_each(|event| catalogue.observe(&mut leaves, event, &mut Touched::default()));
        leaves
    };
    prop_assert_eq!(&fold(&mut sent.iter().rev()), &live.leaves);
    let (history, after) = sent.split_at(sent.len() / 2);
    let mut united = fold(&mut after.iter());
    let all = live.registry.leaves().iter().map(|leaf| leaf.no).collect();
    let mut of_history = Leaves::default();
    history
        .iter()
        .for_each(|event| catalogue.observe_only(&all, &mut of_history, event));
    catalogue.unite(&mut united, &of_history, &mut Touched::default());
    prop_assert_eq!(&united, &live.leaves);
    Ok(())
}

/// What explain says of each segment is what membership says, now and at the moment it names.
fn explained(world: &World<'_>) -> Result<(), TestCaseError> {
    let now = Millis(world.now);
    let members = world.live.members();
    for (nth, key) in KEYS.iter().enumerate() {
        let live = &world.live;
        let explained = live
            .catalogue
            .explain(key, &live.facts(), &live.memberships, now)
            .unwrap();
        prop_assert!(explained.built);
        prop_assert_eq!(explained.member, members[nth]);
        prop_assert_eq!(explained.rule.holds, members[nth]);
        prop_assert_eq!(explained.rule.flips_at, explained.flips_at);
        let flips = |at: i64| oracle(world.rules, &world.person, at)[nth] != members[nth];
        match explained.flips_at {
            Some(moment) => prop_assert!(flips(moment.0.0) && !flips(moment.0.0 - 1)),
            None => prop_assert!(!flips(world.now + 70_000)),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn live_membership_is_what_the_oracle_says_at_every_instant(
        rules in any_rules(),
        history in any_history().prop_map(told_apart),
    ) {
        let mut punctual = World::new(&rules, Timers::Punctual);
        punctual.compare(&history)?;
        same_in_any_order(&punctual.live, &punctual.sent)?;
        let mut late = World::new(&rules, Timers::Late);
        late.compare(&history)?;
        prop_assert_eq!(&late.live.flips, &punctual.live.flips);
        prop_assert_eq!(&late.live.memberships, &punctual.live.memberships);
    }

    #[test]
    fn a_rule_set_amid_a_history_and_built_from_it_is_what_the_oracle_says(
        rules in any_rules(),
        other_rules in any_rules(),
        history in any_history().prop_map(told_apart),
        (at, meanwhile) in (0..25_usize, 0..10_usize),
    ) {
        let (before, rest) = history.split_at(at.min(history.len()));
        let (meanwhile, after) = rest.split_at(meanwhile.min(rest.len()));
        let mut world = World::new(&rules, Timers::Punctual);
        world.compare(before)?;
        world.rebuild(&other_rules, meanwhile)?;
        world.compare_now("when built")?;
        world.compare(after)?;
        let mut leaves = world.live.leaves.clone();
        let mut memberships = world.live.memberships.clone();
        world.live.catalogue.forget_removed(&mut leaves, &mut memberships);
        world.live.leaves = leaves;
        same_in_any_order(&world.live, &world.sent)?;
    }

    #[test]
    fn an_explanation_says_what_membership_says_now_and_at_the_moment_it_names(
        rules in any_rules(),
        history in any_history().prop_map(told_apart),
    ) {
        let mut world = World::new(&rules, Timers::Punctual);
        for (pause_ms, entry) in &history {
            world.pass(*pause_ms)?;
            world.enter(entry);
        }
        explained(&world)?;
    }
}
