//! Takes merges back: a component's entries are folded again, in their order, each under the rules
//! that were in force there, and all under every veto.
//!
//! The result equals the same entries folded with the veto there from the start. Profile numbers
//! are kept: a profile that an entry makes again gets the number that entry gave the first time,
//! and the number of one that is made no more leads to whoever has that entry now.
//! Marks of shared identifiers are facts of their own and are not taken back.

use super::rulebook::{Revision, Rulebook};
use super::{Change, Due, Fold, Listed};
use crate::entry::{Command, Reference};
use crate::event::Event;
use crate::identity::ProfileNo;
use crate::identity::journal::{MergeCause, Record};
use crate::identity::normalise::normalise;
use crate::identity::veto::Vetoes;
use crate::people::People;
use crate::position::Position;
use crate::profile::Profile;
use crate::profile::contact::{Edit, Whose};
use crate::segment::catalogue::Touched;
use crate::segment::error::Error;
use crate::segment::leaf::{LeafNo, Leaves};
use crate::segment::membership::SegmentNo;
use crate::segment::registry::{Build, Course};
use crate::time::Millis;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

mod difference;
mod numbers;

pub use numbers::PROVISIONAL;

/// One entry of a component's past.
#[derive(Clone, Debug)]
pub enum Past<'a, E = &'a Event> {
    /// An accepted event, and the profile it counts to now.
    Event {
        /// The event.
        event: E,
        /// The number it was given when folded first.
        origin: ProfileNo,
    },
    /// A merge by a member that still holds.
    Merge {
        /// Where the command stands.
        place: Position,
        /// When it was applied.
        received: Millis,
        /// Who asked, and for whom.
        cause: &'a MergeCause,
    },
    /// A change of the rules.
    Revision(&'a Revision),
    /// A member's edit of a contact.
    Edit {
        /// What was said.
        edit: &'a Edit,
        /// The number of whom it was folded into first.
        origin: ProfileNo,
    },
}

impl<E: Borrow<Event>> Past<'_, E> {
    /// Its place in the one order.
    #[must_use]
    pub fn place(&self) -> Position {
        match self {
            Past::Event { event, .. } => event.borrow().position,
            Past::Merge { place, .. } => *place,
            Past::Revision(revision) => revision.place(),
            Past::Edit { edit, .. } => edit.place,
        }
    }
}

/// What an undo made of a component.
#[derive(Debug)]
pub struct Refolded {
    /// The people there are now; replaces everybody of the component.
    pub people: People,
    /// Events whose person is not the one their origin leads to: (origin, position, person).
    pub moved: Vec<(ProfileNo, Position, ProfileNo)>,
    /// Merges, refusals and marks of all these entries, in the order they happen now.
    pub journal: Vec<Record>,
    /// The difference in memberships: what the world hears of.
    pub changes: Vec<Change>,
    /// The difference in the member lists.
    pub members: Vec<Listed>,
    /// Whoever comes with the last step of a build that runs.
    pub late: Vec<(SegmentNo, ProfileNo)>,
    /// The rules after the last entry: those in force.
    pub rulebook: Rulebook,
}

/// Folds a component again in one go. `before` is everybody of it as they are, `past` its entries
/// and all changes of the rules in order, `people` an empty working set that numbers new profiles
/// as the live one does.
///
/// # Errors
/// Where the changes of the rules contradict each other: they are not those that were applied.
pub fn refold<E: Borrow<Event> + Clone>(
    vetoes: &Vetoes,
    before: &[Profile],
    past: &[Past<'_, E>],
    people: People,
    place: Position,
    now: Millis,
) -> Result<Refolded, Error> {
    let mut refold = Refold::begin(vetoes.clone(), people);
    refold.remember(before);
    for entry in past {
        refold.enter(entry)?;
    }
    Ok(refold.end(before, place, now))
}

/// Every number that is to be given again where its entry makes a profile again.
pub fn given(profile: &Profile) -> impl Iterator<Item = (ProfileNo, Position)> + '_ {
    let own = std::iter::once((profile.number, profile.birth));
    own.chain(profile.absorbed.iter().copied())
        .chain(profile.vacated.iter().copied())
}

/// An event where the refold put it.
#[derive(Debug)]
struct Placed<E> {
    event: E,
    origin: ProfileNo,
    number: ProfileNo,
}

/// An edit where the refold put it.
#[derive(Debug)]
struct Redone {
    place: Position,
    origin: ProfileNo,
    number: ProfileNo,
}

/// A refold in progress: entry after entry, for as long as it takes.
#[derive(Debug)]
pub struct Refold<E> {
    vetoes: Vetoes,
    rulebook: Rulebook,
    people: People,
    due: Due,
    placed: Vec<Placed<E>>,
    redone: Vec<Redone>,
    /// The entries that gave the numbers of everybody there was.
    births: BTreeMap<ProfileNo, Position>,
    journal: Vec<Record>,
}

impl<E: Borrow<Event> + Clone> Refold<E> {
    /// Begins from nobody, with the rules of an empty directory.
    #[must_use]
    pub fn begin(vetoes: Vetoes, people: People) -> Refold<E> {
        Refold {
            vetoes,
            rulebook: Rulebook::default(),
            people,
            due: Due::new(),
            placed: Vec::new(),
            redone: Vec::new(),
            births: BTreeMap::new(),
            journal: Vec::new(),
        }
    }

    /// Notes which entries made whom, so that whoever is made again gets the same number; before
    /// those entries are folded.
    pub fn remember(&mut self, before: &[Profile]) {
        for (number, birth) in before.iter().flat_map(given) {
            self.people.remember_birth(birth, number);
            self.births.insert(number, birth);
        }
    }

    /// Folds the next entry.
    ///
    /// # Errors
    /// Where it is a change of the rules that contradicts those before it.
    pub fn enter(&mut self, entry: &Past<'_, E>) -> Result<(), Error> {
        match entry {
            Past::Event { event, origin } => {
                self.people.stand_at(event.borrow().position);
                if let Some(number) = self.act(|fold| fold.event(event.borrow()).origin) {
                    self.placed.push(Placed {
                        event: event.clone(),
                        origin: *origin,
                        number,
                    });
                }
            }
            Past::Merge {
                place,
                received,
                cause,
            } => {
                if let Some(pair) = self.both(cause) {
                    self.act(|fold| fold.merge(pair, (*cause).clone(), *place, *received));
                }
            }
            Past::Revision(revision) => self.revise(revision)?,
            Past::Edit { edit, origin } => self.edit(edit, *origin),
        }
        Ok(())
    }

    /// Folds an edit into whom it means now: whoever its number leads to, or has the entry that
    /// gave that number; a new profile where that is nobody, so that nothing said is lost.
    fn edit(&mut self, edit: &Edit, origin: ProfileNo) {
        let leads_to = |number: ProfileNo| self.person(number).unwrap_or(number);
        let led = match edit.whose {
            Whose::Number(number) => Some(leads_to(number)),
            Whose::Holder(_) | Whose::Nobody => None,
        };
        let mut edited = self.act(|fold| fold.edit(edit, |number| led.unwrap_or(number)));
        if edited.is_none() {
            let anew = Edit {
                whose: Whose::Nobody,
                ..edit.clone()
            };
            edited = self.act(|fold| fold.edit(&anew, |number| number));
        }
        if let Some(edited) = edited {
            self.redone.push(Redone {
                place: edit.place,
                origin,
                number: edited.number,
            });
        }
    }

    /// The two a member meant, whoever that is now; `None` where somebody is not there.
    fn both(&self, cause: &MergeCause) -> Option<(ProfileNo, ProfileNo)> {
        let MergeCause::Member { left, right, .. } = cause else {
            return None;
        };
        let meant = |reference: &Reference| match reference {
            Reference::Number(number) => self.person(*number),
            Reference::Identifier(sent) => {
                let identifier = normalise(self.rulebook.policy(), sent).ok()?;
                self.people.owner(&identifier)
            }
        };
        meant(left).zip(meant(right))
    }

    /// Whom a number leads to so far.
    fn person(&self, number: ProfileNo) -> Option<ProfileNo> {
        let there = |number: ProfileNo| {
            let number = self.people.survivor(number);
            self.people.profile(number).map(|profile| profile.number)
        };
        there(number).or_else(|| there(self.bearer(*self.births.get(&number)?)?))
    }

    /// Whom the entry that once made somebody was folded into.
    fn bearer(&self, birth: Position) -> Option<ProfileNo> {
        let place = |one: &Placed<E>| one.event.borrow().position;
        let placed = self.placed.binary_search_by_key(&birth, place);
        let redone = || self.redone.binary_search_by_key(&birth, |one| one.place);
        match placed {
            Ok(found) => Some(self.placed[found].number),
            Err(_) => redone().ok().map(|found| self.redone[found].number),
        }
    }

    /// The people folded so far.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.people
    }

    /// The same, for what a shell knows of them: when identifiers were shared.
    pub fn people_mut(&mut self) -> &mut People {
        &mut self.people
    }

    /// Ends it at the undo, which stands at `place` and is applied at `now`; replaces `before`.
    #[must_use]
    pub fn end(mut self, before: &[Profile], place: Position, now: Millis) -> Refolded {
        self.act(|fold| fold.fire(now));
        let late = self.catch_up();
        self.vacate(before, place);
        let moved = self.moved(place);
        let (changes, members) = difference::of(before, &self.people, place, now);
        Refolded {
            people: self.people,
            moved,
            journal: self.journal,
            changes,
            members,
            late,
            rulebook: self.rulebook,
        }
    }

    /// Folds something under the rules as they stand.
    fn act<T>(&mut self, act: impl FnOnce(&mut Fold<'_>) -> T) -> T {
        self.refresh();
        let due = std::mem::take(&mut self.due);
        let rules = self.rulebook.rules(&self.vetoes);
        let mut fold = Fold::resume(rules, &mut self.people, due, Position::default());
        let done = act(&mut fold);
        let (effects, due) = fold.finish();
        self.due = due;
        self.journal.extend(effects.journal);
        done
    }

    /// Compiles what revisions changed, and drops what is of no segment any more.
    fn refresh(&mut self) {
        if !self.rulebook.refresh() {
            return;
        }
        let catalogue = self.rulebook.catalogue();
        let numbers: Vec<ProfileNo> = self.people.numbers().collect();
        for number in numbers {
            if let Some(profile) = self.people.profile_mut(number) {
                catalogue.forget_removed(&mut profile.leaves, &mut profile.memberships);
            }
        }
    }

    /// Changes the rules; what was due before happened under the old ones.
    fn revise(&mut self, revision: &Revision) -> Result<(), Error> {
        let received = revision.received();
        if self
            .due
            .first()
            .is_some_and(|(moment, _)| *moment <= received)
        {
            self.act(|fold| fold.fire(received));
        }
        match revision.entry.command {
            Command::BuildRange {
                segment, from, to, ..
            } => self.build(revision, SegmentNo(segment), (from, to)),
            _ => self.rulebook.revise(revision),
        }
    }

    /// A step of a segment's build: whoever it comes to is decided as history has them.
    fn build(
        &mut self,
        revision: &Revision,
        segment: SegmentNo,
        range: (ProfileNo, ProfileNo),
    ) -> Result<(), Error> {
        self.refresh();
        let registry = self.rulebook.registry();
        let Some(definition) = registry.course(segment) else {
            return Ok(());
        };
        let leaves = registry.leaves_to_build(segment);
        self.rulebook.revise(revision)?;
        let comes_to = |profile: &&Profile| comes_to(profile, &definition, range);
        let people = self.people.profiles().filter(comes_to);
        let people: Vec<ProfileNo> = people.map(|profile| profile.number).collect();
        if people.is_empty() {
            return Ok(());
        }
        let kept = self.kept(&leaves, definition.since, &people);
        let (place, received) = (revision.place(), revision.received());
        self.act(|fold| fold.build_range(segment, &kept, &people, place, received));
        Ok(())
    }

    /// What leaves keep of these people's events up to an entry.
    fn kept(
        &self,
        leaves: &BTreeSet<LeafNo>,
        through: Position,
        people: &[ProfileNo],
    ) -> BTreeMap<ProfileNo, Leaves> {
        let mut kept: BTreeMap<ProfileNo, Leaves> = BTreeMap::new();
        if leaves.is_empty() {
            return kept;
        }
        let leads_to = self.people.redirects();
        let catalogue = self.rulebook.catalogue();
        let is_before = |one: &Placed<E>| one.event.borrow().position <= through;
        let before = self.placed.partition_point(is_before);
        for Placed { event, number, .. } in &self.placed[..before] {
            let person = leads_to.get(number).unwrap_or(number);
            if people.binary_search(person).is_ok() {
                let into = kept.entry(*person).or_default();
                catalogue.observe_only(leaves, into, event.borrow());
            }
        }
        kept
    }

    /// Gives everybody what the builds that run would find of them in history, for events may
    /// have changed hands behind a build's back; and lists whom no step would come to.
    fn catch_up(&mut self) -> Vec<(SegmentNo, ProfileNo)> {
        let everybody: Vec<ProfileNo> = self.people.numbers().collect();
        let building: Vec<Course> = self.rulebook.registry().building().collect();
        let mut late = Vec::new();
        for definition in building {
            let leaves = self.rulebook.registry().leaves_to_build(definition.no);
            for (person, found) in self.kept(&leaves, definition.since, &everybody) {
                if let Some(profile) = self.people.profile_mut(person) {
                    let catalogue = self.rulebook.catalogue();
                    catalogue.unite(&mut profile.leaves, &found, &mut Touched::default());
                }
            }
            let is_late = |profile: &&Profile| is_late(profile, &definition);
            let people = self.people.profiles().filter(is_late);
            late.extend(people.map(|profile| (definition.no, profile.number)));
        }
        late
    }
}

/// Whether a step of a build comes to somebody: one of their numbers is in its range; or, in the
/// last step, whoever has a number that was given too late for any.
fn comes_to(profile: &Profile, definition: &Course, (from, to): (ProfileNo, ProfileNo)) -> bool {
    let in_range = |number: ProfileNo| from <= number && number < to;
    profile.numbers().into_iter().any(in_range)
        || (definition.build.ends_at(to) && is_late(profile, definition))
}

/// Whether one of a person's numbers is newer than a rule though who was given it is older.
fn is_late(profile: &Profile, definition: &Course) -> bool {
    let Build::Running { end, .. } = definition.build else {
        return false;
    };
    profile
        .absorbed
        .iter()
        .chain([&(profile.number, profile.birth)])
        .any(|(number, birth)| *number >= end && *birth <= definition.since)
}

#[cfg(test)]
mod tests;
