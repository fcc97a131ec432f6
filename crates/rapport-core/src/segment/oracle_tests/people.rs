//! The oracle for several people who merge and part again: each is everybody whose number leads to
//! them now, and every event that an undo gave them.

use super::KEYS;
use super::any::any_rules;
use super::inquiry::{self, Inquiry, rounded};
use super::meaning::Person;
use crate::event::Event;
use crate::fold::rulebook::{Revision, Rulebook};
use crate::fold::undo::refold;
use crate::fold::worlds::{Entry, START, any_entries, past};
use crate::fold::{Due, Effects, Fold, Listed, Member};
use crate::identity::ProfileNo;
use crate::identity::journal::{MergeCause, Record, What};
use crate::identity::veto::Vetoes;
use crate::people::People;
use crate::position::Position;
use crate::profile::Profile;
use crate::time::Millis;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Whom each segment has, and since when.
type Entered = BTreeMap<(ProfileNo, usize), i64>;

pub(super) struct World<'a, A> {
    asked: &'a [A],
    revisions: Vec<Revision>,
    rulebook: Rulebook,
    vetoes: Vetoes,
    people: People,
    due: Due,
    last: Position,
    given: Vec<(ProfileNo, Event)>,
    /// Whose an event is that an undo gave to somebody else.
    moved: BTreeMap<Position, ProfileNo>,
    journal: Vec<Record>,
    undone: BTreeSet<Position>,
    listed: BTreeSet<(u32, ProfileNo)>,
    entered: Entered,
    now: i64,
}

/// Which merges are taken back: behind which entry, and the how manieth of those there are.
pub(super) fn any_undos() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..25_usize, 0..40_usize), 0..3)
}

impl<'a, A: Inquiry> World<'a, A> {
    pub(super) fn new(asked: &'a [A]) -> World<'a, A> {
        let revisions = inquiry::revisions(asked, 0, ProfileNo(1));
        let mut rulebook = Rulebook::default();
        for revision in &revisions {
            rulebook.revise(revision).unwrap();
        }
        rulebook.refresh();
        World {
            asked,
            revisions,
            rulebook,
            vetoes: Vetoes::default(),
            people: People::whole(ProfileNo(1)),
            due: Due::new(),
            last: Position::default(),
            given: Vec::new(),
            moved: BTreeMap::new(),
            journal: Vec::new(),
            undone: BTreeSet::new(),
            listed: BTreeSet::new(),
            entered: Entered::new(),
            now: START,
        }
    }

    /// Enters everything, takes merges back in between, and compares at every instant that matters.
    pub(super) fn compare_all(
        &mut self,
        entries: &[Entry],
        undos: &[(usize, usize)],
    ) -> Result<(), TestCaseError> {
        for (nth, entry) in entries.iter().enumerate() {
            self.pass(entry.received().0)?;
            self.enter(entry);
            self.compare("at an entry")?;
            for (_, merge) in undos.iter().filter(|(behind, _)| *behind == nth) {
                self.undo(*merge);
                self.compare("at an undo")?;
            }
        }
        self.pass(self.now + 70_000)
    }

    fn fold<T>(&mut self, act: impl FnOnce(&mut Fold<'_>) -> T) -> T {
        let rules = self.rulebook.rules(&self.vetoes);
        let due = std::mem::take(&mut self.due);
        let mut fold = Fold::resume(rules, &mut self.people, due, self.last);
        let done = act(&mut fold);
        let (
            Effects {
                members, journal, ..
            },
            due,
        ) = fold.finish();
        self.due = due;
        self.list(&members);
        self.journal.extend(journal);
        done
    }

    fn list(&mut self, members: &[Listed]) {
        for row in members {
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

    /// Takes back one of the merges there were, if it was not taken back before.
    fn undo(&mut self, nth: usize) {
        let merges = self.journal.iter().filter_map(|record| match &record.what {
            What::Merged {
                survivor_birth,
                absorbed_birth,
                cause,
                ..
            } => {
                let is_asked_for = matches!(cause, MergeCause::Member { .. });
                let place = is_asked_for.then_some(record.place);
                Some((*survivor_birth, *absorbed_birth, place))
            }
            _ => None,
        });
        let merges: Vec<_> = merges.collect();
        let Some((survivor, absorbed, place)) = merges.get(nth % merges.len().max(1)).copied()
        else {
            return;
        };
        if place.is_some_and(|place| !self.undone.insert(place)) {
            return;
        }
        self.vetoes.forbid(survivor, absorbed);
        self.refold();
    }

    fn refold(&mut self) {
        let now = Millis(self.now);
        self.fold(|fold| fold.fire(now));
        let placed: Vec<_> = self.given.iter().map(|(no, event)| (event, *no)).collect();
        let past = past(&placed, &self.journal, &self.undone, &self.revisions);
        let before: Vec<Profile> = self.people.profiles().cloned().collect();
        let empty = People::whole(self.people.next());
        let refolded = refold(&self.vetoes, &before, &past, empty, self.last, now).unwrap();
        let known = &self.journal;
        let is_new = |record: &Record| !known.contains(record);
        let new: Vec<Record> = refolded.journal.into_iter().filter(is_new).collect();
        self.journal.extend(new);
        self.people = refolded.people;
        let armed = self.people.profiles();
        self.due = armed.filter_map(|p| Some((p.armed?, p.number))).collect();
        let moved = refolded.moved.iter();
        self.moved = moved.map(|(_, event, person)| (*event, *person)).collect();
        self.list(&refolded.members);
        // Since when somebody is a member who was another until now, is not the oracle's to say.
        self.entered = self.live_entered();
    }

    fn live_entered(&self) -> Entered {
        let mut entered = Entered::new();
        for profile in self.people.profiles() {
            for (key, membership) in self.rulebook.catalogue().keys(&profile.memberships) {
                let nth = KEYS.iter().position(|known| *known == key).unwrap();
                entered.insert((profile.number, nth), membership.entered_at.0);
            }
        }
        entered
    }

    /// Every instant up to `to` at which an event enters or leaves a window, and around it.
    fn pass(&mut self, to: i64) -> Result<(), TestCaseError> {
        let mut instants = BTreeSet::from([to]);
        for profile in self.people.profiles() {
            let person = self.person(profile);
            for one in self.asked {
                instants.extend(one.instants(&person, self.now, to));
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
        let (now, texts) = (self.now, A::texts(self.asked));
        for profile in self.people.profiles() {
            let person = self.person(profile);
            let number = profile.number;
            for (nth, _) in A::members(self.asked, &person, now)
                .iter()
                .enumerate()
                .filter(|(_, is)| **is)
            {
                let earlier = profile.numbers().into_iter();
                let earlier = earlier.filter_map(|n| self.entered.get(&(n, nth)).copied());
                entered.insert((number, nth), earlier.min().unwrap_or(now));
                let segment = self.rulebook.registry().get(KEYS[nth]).unwrap();
                listed.insert((segment.no.0, number));
            }
            let values = self.rulebook.catalogue().traits_of(profile, Millis(now));
            let values = values.into_iter().map(|(key, json)| {
                let value = serde_json::from_str(&json).expect("a value is JSON");
                (key, rounded(&value))
            });
            let values: BTreeMap<&str, String> = values.collect();
            let expected = A::values(self.asked, &person, now).into_iter();
            let expected: BTreeMap<&str, String> = expected
                .map(|(key, value)| (key, rounded(&value)))
                .collect();
            prop_assert_eq!(
                values,
                expected,
                "{} {}: {}, {:#?}",
                when,
                now - START,
                number,
                texts
            );
        }
        let live = self.live_entered();
        prop_assert_eq!(&live, &entered, "{} {}, {:#?}", when, now - START, texts);
        prop_assert_eq!(&self.listed, &listed, "the member lists, {}", when);
        self.entered = entered;
        Ok(())
    }

    /// Whom a number leads to now.
    fn leads_to(&self, number: ProfileNo) -> ProfileNo {
        let number = self.people.survivor(number);
        let has = |profile: &&Profile| profile.vacated.iter().any(|(left, _)| *left == number);
        let heir = self.people.profiles().find(has);
        heir.map_or(number, |heir| heir.number)
    }

    fn person(&self, profile: &Profile) -> Person {
        let owner = |(number, event): &(ProfileNo, Event)| {
            let given = self.moved.get(&event.position).copied();
            self.leads_to(given.unwrap_or(*number))
        };
        let theirs = self.given.iter().filter(|one| owner(one) == profile.number);
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
    #![proptest_config(super::cases(400))]

    #[test]
    fn whoever_merges_and_parts_again_is_where_the_oracle_says_at_every_instant(
        rules in any_rules(),
        entries in any_entries(30),
        undos in any_undos(),
    ) {
        let mut world = World::new(&rules);
        world.compare_all(&entries, &undos)?;
    }
}
