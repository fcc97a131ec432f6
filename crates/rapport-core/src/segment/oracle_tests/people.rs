//! The oracle for several people who merge: each is everybody whose number leads to them now.

use super::KEYS;
use super::any::any_rules;
use super::live::put;
use super::meaning::{Person, oracle};
use super::rules::Rule;
use crate::event::Event;
use crate::fold::worlds::{Entry, START, any_entries};
use crate::fold::{Due, Effects, Fold, Member, Rules};
use crate::identity::ProfileNo;
use crate::identity::policy::Policy;
use crate::identity::veto::Vetoes;
use crate::people::People;
use crate::position::Position;
use crate::profile::Profile;
use crate::segment::catalogue::Catalogue;
use crate::segment::registry::Registry;
use crate::time::Millis;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Whom each segment has, and since when.
type Entered = BTreeMap<(ProfileNo, usize), i64>;

struct World<'a> {
    rules: &'a [Rule],
    catalogue: Catalogue,
    policy: Policy,
    vetoes: Vetoes,
    people: People,
    due: Due,
    last: Position,
    given: Vec<(ProfileNo, Event)>,
    listed: BTreeSet<(u32, ProfileNo)>,
    entered: Entered,
    now: i64,
}

impl<'a> World<'a> {
    fn new(rules: &'a [Rule]) -> World<'a> {
        let mut registry = Registry::default();
        put(&mut registry, rules, 1, ProfileNo(1));
        World {
            rules,
            catalogue: Catalogue::new(&registry),
            policy: Policy::default(),
            vetoes: Vetoes::default(),
            people: People::whole(ProfileNo(1)),
            due: Due::new(),
            last: Position::default(),
            given: Vec::new(),
            listed: BTreeSet::new(),
            entered: Entered::new(),
            now: START,
        }
    }

    fn fold<T>(&mut self, act: impl FnOnce(&mut Fold<'_>) -> T) -> T {
        let rules = Rules {
            policy: &self.policy,
            vetoes: &self.vetoes,
            catalogue: &self.catalogue,
        };
        let due = std::mem::take(&mut self.due);
        let mut fold = Fold::resume(rules, &mut self.people, due, self.last);
        let done = act(&mut fold);
        let (effects, due) = fold.finish();
        self.due = due;
        self.list(&effects);
        done
    }

    fn list(&mut self, effects: &Effects) {
        for row in &effects.members {
            match row.member {
                Member::In => self.listed.insert((row.segment.0, row.person)),
                Member::Out => self.listed.remove(&(row.segment.0, row.person)),
            };
        }
    }

    fn enter(&mut self, entry: &Entry) {
        let given = self.fold(|fold| entry.fold(fold));
        self.last = entry.place();
        if let (Some(number), Entry::Event(event)) = (given, entry) {
            self.given.push((number, Event::clone(event)));
        }
    }

    /// Every instant up to `to` at which an event enters or leaves a window, and around it.
    fn pass(&mut self, to: i64) -> Result<(), TestCaseError> {
        let mut instants = BTreeSet::from([to]);
        for profile in self.people.profiles() {
            let person = self.person(profile);
            for rule in self.rules {
                instants.extend(rule.instants(&person, self.now, to));
            }
        }
        instants.retain(|instant| self.now < *instant);
        for instant in instants {
            self.now = instant;
            self.fold(|fold| fold.fire(Millis(instant)));
            self.compare("at a moment of its own")?;
        }
        Ok(())
    }

    fn compare(&mut self, when: &str) -> Result<(), TestCaseError> {
        let mut entered = Entered::new();
        let mut listed = BTreeSet::new();
        for profile in self.people.profiles() {
            let members = oracle(self.rules, &self.person(profile), self.now);
            let held: Vec<i64> = members
                .iter()
                .enumerate()
                .filter(|(_, is)| **is)
                .map(|(nth, _)| {
                    let earlier = profile.numbers().into_iter();
                    let earlier = earlier.filter_map(|n| self.entered.get(&(n, nth)).copied());
                    let since = earlier.min().unwrap_or(self.now);
                    entered.insert((profile.number, nth), since);
                    listed.insert((nth as u32 + 1, profile.number));
                    since
                })
                .collect();
            let keys: Vec<&str> = KEYS
                .iter()
                .zip(&members)
                .filter(|(_, is)| **is)
                .map(|(key, _)| *key)
                .collect();
            let live: Vec<(&str, i64)> = self
                .catalogue
                .keys(&profile.memberships)
                .map(|(key, membership)| (key, membership.entered_at.0))
                .collect();
            let expected: Vec<(&str, i64)> = keys.into_iter().zip(held).collect();
            let texts: Vec<_> = self.rules.iter().map(Rule::text).collect();
            prop_assert_eq!(
                live,
                expected,
                "{} {}: {}, {:#?}",
                when,
                self.now - START,
                profile.number,
                texts
            );
        }
        prop_assert_eq!(&self.listed, &listed, "the member lists, {}", when);
        self.entered = entered;
        Ok(())
    }

    fn person(&self, profile: &Profile) -> Person {
        let theirs = self
            .given
            .iter()
            .filter(|(n, _)| self.people.survivor(*n) == profile.number);
        let key = |event: &Event| (event.at.0, event.source.0, event.message_id.to_string());
        let attributes = profile.attributes.iter().filter_map(|(name, attribute)| {
            let value = serde_json::from_str(attribute.value()?).ok()?;
            let since = attribute.winner().changed().at();
            Some((name.to_owned(), (value, since.0)))
        });
        Person {
            events: theirs
                .map(|(_, event)| (key(event), event.clone()))
                .collect(),
            attributes: attributes.collect(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whoever_merges_is_where_the_oracle_says_at_every_instant(
        rules in any_rules(),
        entries in any_entries(30),
    ) {
        let mut world = World::new(&rules);
        for entry in &entries {
            world.pass(entry.received().0)?;
            world.enter(entry);
            world.compare("at an entry")?;
        }
        world.pass(world.now + 70_000)?;
    }
}
