//! A world of one person: what arrives, what the core makes of it, and what the oracle says.

use super::inquiry::{Inquiry, rounded};
use super::live::{Live, event, put};
use super::meaning::Person;
use super::{Entry, START};
use crate::event::Event;
use crate::identity::ProfileNo;
use crate::segment::catalogue::{Catalogue, Collector, Touched};
use crate::segment::leaf::Leaves;
use crate::time::Millis;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// When timers fire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Timers {
    /// Each at its moment.
    Punctual,
    /// All at once before the next entry.
    Late,
}

/// A world while it runs.
pub(super) struct World<'a, A> {
    pub(super) asked: &'a [A],
    pub(super) live: Live,
    pub(super) person: Person,
    pub(super) sent: Vec<Event>,
    pub(super) now: i64,
    timers: Timers,
}

impl<'a, A: Inquiry> World<'a, A> {
    pub(super) fn new(asked: &'a [A], timers: Timers) -> World<'a, A> {
        let person = Person {
            events: BTreeMap::new(),
            attributes: BTreeMap::new(),
        };
        let mut live = Live::new(asked);
        let mut touched = Touched::default();
        live.catalogue.touch_all(&mut touched);
        live.settle(Millis(START), &mut touched);
        World {
            asked,
            live,
            person,
            sent: Vec::new(),
            now: START,
            timers,
        }
    }

    pub(super) fn enter(&mut self, entry: &Entry) {
        let now = self.now;
        match entry {
            Entry::Event {
                late_ms,
                what,
                properties,
                message,
            } => {
                let sent = event(now - late_ms, now, *what, properties, *message);
                self.observe(&sent);
                self.sent.push(sent);
            }
            Entry::Again(nth) if !self.sent.is_empty() => {
                let again = self.sent[nth % self.sent.len()].clone();
                self.observe(&again);
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

    fn observe(&mut self, event: &Event) {
        let key = (event.at.0, event.source.0, event.message_id.to_string());
        let known = self.person.events.entry(key);
        known.or_insert_with(|| event.clone());
        self.live.event(event, Millis(self.now));
    }

    /// Enters everything, and compares at every instant that matters.
    pub(super) fn compare(&mut self, entries: &[(i64, Entry)]) -> Result<(), TestCaseError> {
        for (pause_ms, entry) in entries {
            self.pass(*pause_ms)?;
            self.enter(entry);
            self.compare_now("at an entry")?;
        }
        self.pass(70_000)
    }

    /// Every instant at which the oracle's answer could change by itself in the next `span_ms`.
    pub(super) fn pass(&mut self, span_ms: i64) -> Result<(), TestCaseError> {
        let to = self.now + span_ms;
        let asked = self.asked.iter();
        let mut instants: BTreeSet<i64> = asked
            .flat_map(|one| one.instants(&self.person, self.now, to))
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

    pub(super) fn compare_now(&self, when: &str) -> Result<(), TestCaseError> {
        let after_ms = self.now - START;
        let facts = self.live.facts();
        let values = self.live.catalogue.traits(&facts, Millis(self.now));
        let values = values.into_iter().map(|(key, json)| {
            let value = serde_json::from_str(&json).expect("a value is JSON");
            (key, rounded(&value))
        });
        let values: BTreeMap<&str, String> = values.collect();
        let expected = A::values(self.asked, &self.person, self.now).into_iter();
        let expected: BTreeMap<&str, String> = expected
            .map(|(key, value)| (key, rounded(&value)))
            .collect();
        let texts = A::texts(self.asked);
        prop_assert_eq!(values, expected, "{} {}, {:#?}", when, after_ms, texts);
        let expected = A::members(self.asked, &self.person, self.now);
        let members = self.live.members();
        prop_assert_eq!(members, expected, "{} {}, {:#?}", when, after_ms, texts);
        Ok(())
    }

    /// Asks something else, collects its leaves live while what was asked before still decides, and
    /// builds them from history later.
    pub(super) fn rebuild(
        &mut self,
        asked: &'a [A],
        meanwhile: &[(i64, Entry)],
    ) -> Result<(), TestCaseError> {
        let before = self.sent.clone();
        put(&mut self.live.registry, asked, 2, ProfileNo(2));
        self.live.catalogue = Catalogue::new(&self.live.registry);
        for (pause_ms, entry) in meanwhile {
            self.pass(*pause_ms)?;
            self.enter(entry);
            self.compare_now("while others are built")?;
        }
        self.asked = asked;
        let building = self.live.registry.building();
        let building: Vec<_> = building.map(|course| (course.no, course.version)).collect();
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
            let registry = &mut self.live.registry;
            registry.advance_build(segment, version, ProfileNo(2));
            self.live.catalogue = Catalogue::new(registry);
            let mut touched = Touched::default();
            let live = &mut self.live;
            live.catalogue
                .unite(&mut live.leaves, &history, &mut touched);
            live.catalogue.touch(segment, &mut touched);
            live.settle(Millis(self.now), &mut touched);
        }
        assert_eq!(self.live.registry.building().count(), 0);
        self.compare_now("when built")
    }
}
