//! Takes merges back: a component's entries are folded again, in their order, under all vetoes.
//!
//! The result equals the same entries folded with the veto there from the start. Profile numbers
//! are kept: a profile that an entry makes again gets the number that entry gave the first time.
//! Marks of shared identifiers are facts of their own and are not taken back.

use super::{Change, Fold, Member, Rules, Why};
use crate::entry::Reference;
use crate::event::Event;
use crate::identity::ProfileNo;
use crate::identity::journal::{MergeCause, Record};
use crate::identity::normalise::normalise;
use crate::identity::policy::Policy;
use crate::people::People;
use crate::position::Position;
use crate::profile::Profile;
use crate::segment::membership::SegmentNo;
use crate::time::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// One entry of a component's past.
#[derive(Clone, Debug)]
pub enum Past<'a> {
    /// An accepted event, and the profile it counts to now.
    Event {
        /// The event.
        event: &'a Event,
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
}

impl Past<'_> {
    /// Its place in the one order.
    #[must_use]
    pub fn place(&self) -> Position {
        match self {
            Past::Event { event, .. } => event.position,
            Past::Merge { place, .. } => *place,
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
    pub members: Vec<(SegmentNo, ProfileNo, Member)>,
}

/// Folds a component again. `before` is everybody of it as they are, `past` its entries in
/// order, `people` an empty working set that numbers new profiles as the live one does.
#[must_use]
pub fn refold(
    rules: Rules<'_>,
    before: &[Profile],
    past: &[Past<'_>],
    mut people: People,
    place: Position,
    now: Millis,
) -> Refolded {
    for profile in before {
        people.remember_birth(profile.birth, profile.number);
        for &(number, birth) in &profile.absorbed {
            people.remember_birth(birth, number);
        }
    }
    let (placed, journal) = fold_past(rules, past, &mut people, now);
    let mut moved = Vec::new();
    for (origin, position, number) in placed {
        let person = people.survivor(number);
        if people.survivor(origin) != person {
            moved.push((origin, position, person));
        }
    }
    note_moved(&mut people, &moved);
    let (changes, members) = difference(before, &people, place, now);
    Refolded {
        people,
        moved,
        journal,
        changes,
        members,
    }
}

fn fold_past(
    rules: Rules<'_>,
    past: &[Past<'_>],
    people: &mut People,
    now: Millis,
) -> (Vec<(ProfileNo, Position, ProfileNo)>, Vec<Record>) {
    let mut placed = Vec::new();
    let mut fold = Fold::new(rules, people, Position::default());
    for entry in past {
        match entry {
            Past::Event { event, origin } => {
                fold.people.stand_at(event.position);
                if let Some(number) = fold.event(event).origin {
                    placed.push((*origin, event.position, number));
                }
            }
            Past::Merge {
                place,
                received,
                cause,
            } => {
                if let Some(pair) = both(rules.policy, fold.people, cause) {
                    fold.merge(pair, (*cause).clone(), *place, *received);
                }
            }
        }
    }
    fold.fire(now);
    let (effects, _) = fold.finish();
    (placed, effects.journal)
}

/// The two a member meant, whoever that is now; `None` where somebody is not there.
fn both(policy: &Policy, people: &People, cause: &MergeCause) -> Option<(ProfileNo, ProfileNo)> {
    let MergeCause::Member { left, right, .. } = cause else {
        return None;
    };
    let meant = |reference: &Reference| match reference {
        Reference::Number(number) => {
            let number = people.survivor(*number);
            people.profile(number).map(|profile| profile.number)
        }
        Reference::Identifier(sent) => people.owner(&normalise(policy, sent).ok()?),
    };
    meant(left).zip(meant(right))
}

fn note_moved(people: &mut People, moved: &[(ProfileNo, Position, ProfileNo)]) {
    let pairs: BTreeSet<_> = moved
        .iter()
        .map(|&(origin, _, person)| (person, origin))
        .collect();
    for (person, origin) in pairs {
        if let Some(profile) = people.profile_mut(person)
            && let Err(place) = profile.moved_from.binary_search(&origin)
        {
            profile.moved_from.insert(place, origin);
        }
    }
}

type Listed = BTreeMap<(ProfileNo, SegmentNo), Millis>;

fn difference(
    before: &[Profile],
    people: &People,
    cause: Position,
    now: Millis,
) -> (Vec<Change>, Vec<(SegmentNo, ProfileNo, Member)>) {
    let listed = |profiles: &mut dyn Iterator<Item = &Profile>| -> Listed {
        let of = |p: &Profile| {
            let person = p.number;
            p.memberships
                .iter()
                .map(|m| ((person, m.segment), m.entered_at))
                .collect::<Vec<_>>()
        };
        profiles.flat_map(of).collect()
    };
    let old = listed(&mut before.iter());
    let new = listed(&mut people.profiles());
    let mut changes = Vec::new();
    let mut members = Vec::new();
    let moved_out = old
        .keys()
        .filter(|key| !new.contains_key(key))
        .map(|key| (key, Member::Out));
    let moved_in = new
        .keys()
        .filter(|key| !old.contains_key(key))
        .map(|key| (key, Member::In));
    for (&(person, segment), member) in moved_out.chain(moved_in) {
        members.push((segment, person, member));
        changes.push(Change {
            person,
            segment,
            member,
            at: now,
            cause,
            why: Why::Member,
        });
    }
    (changes, members)
}

#[cfg(test)]
mod tests;
