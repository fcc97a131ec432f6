//! A world of the core alone: everything folded so far, what an undo asks of it, and somebody who
//! listens.

use super::*;
use crate::entry::CommandEntry;
use crate::fold::Effects;
use crate::fold::Member;
use crate::fold::worlds::{RulesSaid, past};
use crate::identity::Identifier;
use std::sync::Arc;

/// Everything folded so far, and what an undo asks of it.
pub(super) struct World<'a> {
    pub(super) rulebook: Rulebook,
    pub(super) vetoes: Vetoes,
    pub(super) people: People,
    pub(super) journal: Vec<Record>,
    pub(super) undone: BTreeSet<Position>,
    revisions: Vec<Revision>,
    due: Due,
    placed: Vec<(&'a Event, ProfileNo)>,
    /// Whose an event is that an undo gave to somebody else.
    moved: BTreeMap<Position, ProfileNo>,
    late: BTreeSet<(SegmentNo, ProfileNo)>,
    /// What was last said of an identifier and a segment.
    heard: BTreeMap<(SegmentNo, Identifier), Member>,
    last: Position,
    pub(super) now: Millis,
}

impl<'a> World<'a> {
    pub(super) fn new(policy: usize) -> World<'a> {
        let mut world = World {
            rulebook: Rulebook::default(),
            vetoes: Vetoes::default(),
            people: People::whole(ProfileNo(1)),
            journal: Vec::new(),
            undone: BTreeSet::new(),
            revisions: Vec::new(),
            due: Due::new(),
            placed: Vec::new(),
            moved: BTreeMap::new(),
            late: BTreeSet::new(),
            heard: BTreeMap::new(),
            last: Position::default(),
            now: Millis(0),
        };
        let put = |segment| RulesSaid::Put {
            segment,
            rule: segment,
        };
        let said = (0..4).map(put).chain([RulesSaid::Policy(policy)]);
        for (n, said) in said.enumerate() {
            world.change_rules(Position::command(0, n as u32 + 1), Millis(0), said);
        }
        world
    }

    /// Folds entries; those between two changes of the rules in one go.
    pub(super) fn enter(&mut self, entries: &'a [Entry]) {
        for entries in entries.chunk_by(|left, right| !is_rules(left) && !is_rules(right)) {
            if let Entry::Rules {
                place,
                received,
                said,
            } = &entries[0]
            {
                self.change_rules(*place, *received, *said);
            } else {
                let fold = |fold: &mut Fold<'_>| -> Vec<Option<ProfileNo>> {
                    entries.iter().map(|entry| entry.fold(fold)).collect()
                };
                for (given, entry) in self.fold(fold).into_iter().zip(entries) {
                    if let (Some(number), Entry::Event(event)) = (given, entry) {
                        self.placed.push((event, number));
                    }
                }
            }
            let last = entries.last().expect("a chunk has entries");
            (self.last, self.now) = (last.place(), last.received());
        }
    }

    /// Whether an entry became one. A merge of two who were one already did not, and an event that
    /// named nobody stays filtered whatever is taken back.
    pub(super) fn took(&self, entry: &Entry) -> bool {
        let place = entry.place();
        match entry {
            Entry::Event(_) => self.placed.iter().any(|(event, _)| event.position == place),
            Entry::Merge { .. } => self.journal.iter().any(|record| record.place == place),
            Entry::Rules { .. } => true,
        }
    }

    /// Time passes until then, and every build ends.
    pub(super) fn end(&mut self, now: Millis) {
        self.fold(|fold| fold.fire(now));
        for segment in 0..4 {
            let n = 90 + segment as u32;
            let place = Position::command(1_000, n);
            self.change_rules(place, now, RulesSaid::Build { segment });
        }
    }

    fn fold<T>(&mut self, act: impl FnOnce(&mut Fold<'_>) -> T) -> T {
        let rules = self.rulebook.rules(&self.vetoes);
        let due = std::mem::take(&mut self.due);
        let mut fold = Fold::resume(rules, &mut self.people, due, self.last);
        let done = act(&mut fold);
        let (effects, due) = fold.finish();
        self.due = due;
        self.hear(&effects.changes, &effects);
        self.journal.extend(effects.journal);
        done
    }

    fn change_rules(&mut self, place: Position, received: Millis, said: RulesSaid) {
        let key = |segment: usize| format!("s{segment}");
        let command = match said {
            RulesSaid::Put { segment, rule } => Command::PutSegment {
                key: key(segment),
                name: key(segment),
                rule: RULES[rule].to_owned(),
            },
            RulesSaid::Delete { segment } => Command::DeleteSegment { key: key(segment) },
            RulesSaid::Policy(nth) => Command::PutPolicy(policy(nth)),
            RulesSaid::Build { segment } => {
                let definition = self.rulebook.registry().get(&key(segment)).cloned();
                let Some(definition) = definition else { return };
                let Build::Running { cursor, end } = definition.build else {
                    return;
                };
                Command::BuildRange {
                    segment: definition.no.0,
                    version: definition.version,
                    from: cursor,
                    to: end,
                }
            }
        };
        self.command(place, received, command);
    }

    /// Applies a command about the rules.
    pub(super) fn command(&mut self, place: Position, received: Millis, command: Command) {
        self.fold(|fold| fold.fire(received));
        let entry = CommandEntry {
            position: place,
            received,
            actor: "ana".to_owned(),
            command,
        };
        let revision = Revision::of(&entry, self.people.next()).expect("it changes the rules");
        let registry = self.rulebook.registry().clone();
        if self.rulebook.revise(&revision).is_err() {
            return;
        }
        self.rulebook.refresh();
        for number in self.people.numbers().collect::<Vec<_>>() {
            let profile = self.people.profile_mut(number).unwrap();
            let catalogue = self.rulebook.catalogue();
            catalogue.forget_removed(&mut profile.leaves, &mut profile.memberships);
        }
        if let Command::BuildRange { segment, to, .. } = revision.entry.command {
            let definition = registry.course(SegmentNo(segment)).unwrap();
            let leaves = registry.leaves_to_build(definition.no);
            self.build(&definition, &leaves, to, (place, received));
        }
        self.revisions.push(revision);
    }

    /// A step of a build, as the flow does it: by origins.
    fn build(
        &mut self,
        definition: &Course,
        leaves: &BTreeSet<LeafNo>,
        to: ProfileNo,
        (place, received): (Position, Millis),
    ) {
        let mut kept: BTreeMap<ProfileNo, Leaves> = BTreeMap::new();
        for &(event, origin) in &self.placed {
            if origin < to && event.position <= definition.since {
                let into = kept.entry(self.owner(event, origin)).or_default();
                self.rulebook.catalogue().observe_only(leaves, into, event);
            }
        }
        let mut people: BTreeSet<ProfileNo> = (1..to.0)
            .map(|number| self.leads_to(ProfileNo(number)))
            .chain(kept.keys().copied())
            .collect();
        let late = self.late.iter().filter(|(no, _)| *no == definition.no);
        people.extend(late.map(|(_, person)| self.leads_to(*person)));
        let people: Vec<ProfileNo> = people.into_iter().collect();
        self.fold(|fold| fold.build_range(definition.no, &kept, &people, place, received));
    }

    /// Places of merges in the journal.
    pub(super) fn merges(&self) -> Vec<usize> {
        let is_merge = |record: &Record| matches!(record.what, What::Merged { .. });
        (0..self.journal.len())
            .filter(|nth| is_merge(&self.journal[*nth]))
            .collect()
    }

    /// A member merges two numbers.
    pub(super) fn merge(&mut self, [left, right]: [ProfileNo; 2], place: Position) {
        let now = self.now;
        let cause = MergeCause::Member {
            actor: "ana".into(),
            left: Reference::Number(left),
            right: Reference::Number(right),
        };
        let merged = self.fold(|fold| fold.merge((left, right), cause, place, now));
        merged.expect("both are there and differ");
        self.last = place;
    }

    /// Takes back the merge at this place of the journal, if it is one that was not taken back.
    pub(super) fn undo(&mut self, nth: usize) -> Option<(Position, Position)> {
        let record = self.journal.get(nth)?.clone();
        let What::Merged {
            survivor_birth,
            absorbed_birth,
            cause,
            ..
        } = record.what
        else {
            return None;
        };
        if matches!(cause, MergeCause::Member { .. }) && !self.undone.insert(record.place) {
            return None;
        }
        self.vetoes.forbid(survivor_birth, absorbed_birth);
        self.refold();
        Some((survivor_birth, absorbed_birth))
    }

    pub(super) fn refold(&mut self) {
        let now = self.now;
        self.fold(|fold| fold.fire(now));
        let journal = self.journal.clone();
        let past = past(&self.placed, &journal, &self.undone, &self.revisions);
        let before: Vec<Profile> = self.people.profiles().cloned().collect();
        let empty = People::whole(self.people.next());
        let refolded = refold(&self.vetoes, &before, &past, empty, self.last, self.now);
        let refolded = refolded.expect("the rules were applied once");
        assert!(
            refolded
                .rulebook
                .registry()
                .agrees(self.rulebook.registry())
        );
        self.people = refolded.people;
        let armed = self.people.profiles();
        self.due = armed.filter_map(|p| Some((p.armed?, p.number))).collect();
        let moved = refolded.moved.iter();
        self.moved = moved.map(|(_, event, person)| (*event, *person)).collect();
        self.late.extend(refolded.late);
        let new = refolded.journal.into_iter();
        let new = new.filter(|record| !journal.contains(record));
        self.journal.extend(new.collect::<Vec<_>>());
        self.hear(&refolded.changes, &Effects::default());
    }

    pub(super) fn leads_to(&self, number: ProfileNo) -> ProfileNo {
        let number = self.people.survivor(number);
        let has = |profile: &&Profile| {
            profile
                .vacated
                .iter()
                .any(|(vacated, _)| *vacated == number)
        };
        let heir = self.people.profiles().find(has);
        heir.map_or(number, |heir| heir.number)
    }

    fn owner(&self, event: &Event, origin: ProfileNo) -> ProfileNo {
        self.leads_to(self.moved.get(&event.position).copied().unwrap_or(origin))
    }

    fn hear(&mut self, changes: &[Change], effects: &Effects) {
        for change in changes {
            let about = change.about.as_ref();
            let about = about.or_else(|| effects.absorbed.get(&change.person));
            let names: Arc<[Identifier]> = match about {
                Some(names) => Arc::clone(names),
                None => {
                    let person = self.people.profile(change.person).expect("is there");
                    person
                        .links
                        .iter()
                        .map(|link| link.identifier.clone())
                        .collect()
                }
            };
            for name in names.iter() {
                self.heard
                    .insert((change.segment, name.clone()), change.member);
            }
        }
    }

    /// Whatever was said of an identifier is so. One that nobody has any more is heard of no more.
    pub(super) fn check_listener(&mut self) -> Result<(), TestCaseError> {
        for ((segment, name), member) in &self.heard {
            if self.rulebook.registry().by_no(*segment).is_none() {
                continue;
            }
            let owner = self.people.owner(name);
            let owner = owner.and_then(|number| self.people.profile(number));
            let is_in = owner.is_some_and(|owner| owner.memberships.contains(*segment));
            prop_assert_eq!(*member == Member::In, is_in, "{:?} {}", segment, name);
        }
        let people = &self.people;
        self.heard
            .retain(|(_, name), _| people.owner(name).is_some());
        Ok(())
    }

    /// Every number that an event was given leads to somebody.
    pub(super) fn check_numbers(&self) -> Result<(), TestCaseError> {
        for (event, origin) in &self.placed {
            let person = self.people.profile(self.leads_to(*origin));
            prop_assert!(person.is_some(), "{} of {}", origin, event.position);
        }
        Ok(())
    }

    /// A leaf that was widened and not built since may know more than anybody asks of it.
    fn is_complete(&self, no: LeafNo) -> bool {
        let mut leaves = self.rulebook.registry().leaves().iter();
        leaves.any(|leaf| leaf.no == no && leaf.complete)
    }

    /// Everybody, by the entries that made them: numbers left out, for they depend on the way.
    pub(super) fn canonical(&self) -> BTreeMap<Vec<Position>, (Profile, BTreeSet<Position>)> {
        let everybody = self.people.profiles().map(|profile| {
            let mut born = births(profile);
            born.sort_unstable();
            let is_theirs = |(event, origin): &&(&Event, ProfileNo)| {
                self.owner(event, *origin) == profile.number
            };
            let theirs = self.placed.iter().filter(is_theirs);
            let theirs = theirs.map(|(event, _)| event.position).collect();
            let mut canonical = Profile {
                number: ProfileNo(0),
                birth: born[0],
                absorbed: Vec::new(),
                moved_from: Vec::new(),
                vacated: Vec::new(),
                armed: None,
                ..profile.clone()
            };
            canonical.leaves.retain(|no| self.is_complete(no));
            (born, (canonical, theirs))
        });
        everybody.collect()
    }
}

fn is_rules(entry: &Entry) -> bool {
    matches!(entry, Entry::Rules { .. })
}
