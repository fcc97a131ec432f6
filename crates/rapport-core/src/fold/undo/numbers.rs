//! Which number leads to whom after a refold, and whose each event is.

use super::{Refold, given};
use crate::event::Event;
use crate::identity::ProfileNo;
use crate::identity::journal::{Record, What};
use crate::people::People;
use crate::position::Position;
use crate::profile::Profile;
use std::borrow::Borrow;
use std::collections::BTreeSet;

/// Numbers from here on are none yet: whoever an early part of a refold brings forth gets one of
/// them, because the live fold goes on giving numbers meanwhile.
pub const PROVISIONAL: ProfileNo = ProfileNo(1 << 62);

impl<E: Borrow<Event> + Clone> Refold<E> {
    /// Lets the numbers that no entry gives any more lead to whoever has that entry now.
    pub(super) fn vacate(&mut self, before: &[Profile], undo: Position) {
        let there: BTreeSet<ProfileNo> =
            self.people.profiles().flat_map(Profile::numbers).collect();
        let leads_to = self.people.redirects();
        for (number, birth) in before.iter().flat_map(given) {
            if there.contains(&number) {
                continue;
            }
            let first = || {
                let placed = self.placed.iter().find(|one| one.origin == number);
                let redone = || self.redone.iter().find(|one| one.origin == number);
                let placed = placed.map(|one| one.number);
                placed.or_else(|| redone().map(|one| one.number))
            };
            let Some(bearer) = self.bearer(birth).or_else(first) else {
                continue;
            };
            let person = leads_to.get(&bearer).unwrap_or(&bearer);
            if let Some(profile) = self.people.profile_mut(*person) {
                profile.vacated.push((number, birth));
                profile.vacated.sort_unstable();
                note_origin(profile, number, undo);
            }
        }
    }

    /// Events and edits whose person is not the one their origin leads to; notes their origins.
    pub(super) fn moved(&mut self, undo: Position) -> Vec<(ProfileNo, Position, ProfileNo)> {
        let mut leads_to = self.people.redirects();
        for profile in self.people.profiles() {
            let vacated = profile.vacated.iter();
            leads_to.extend(vacated.map(|(number, _)| (*number, profile.number)));
        }
        let owner = |number: ProfileNo| leads_to.get(&number).copied().unwrap_or(number);
        let mut moved = Vec::new();
        let events = self.placed.iter();
        let events = events.map(|one| (one.origin, one.event.borrow().position, one.number));
        let edits = self.redone.iter();
        let edits = edits.map(|one| (one.origin, one.place, one.number));
        for (origin, position, number) in events.chain(edits) {
            let person = owner(number);
            if owner(origin) != person {
                moved.push((origin, position, person));
            }
        }
        note_moved(&mut self.people, &moved, undo);
        moved
    }

    /// Gives whoever has a provisional number a real one, from `next` on and in the same order.
    pub fn renumber(&mut self, next: ProfileNo) {
        let real = |number: ProfileNo| match number.0.checked_sub(PROVISIONAL.0) {
            Some(nth) => ProfileNo(next.0 + nth),
            None => number,
        };
        self.people.renumber(real);
        let due = std::mem::take(&mut self.due).into_iter();
        self.due = due.map(|(moment, number)| (moment, real(number))).collect();
        for one in &mut self.placed {
            one.number = real(one.number);
        }
        for one in &mut self.redone {
            one.number = real(one.number);
        }
        for Record { what, .. } in &mut self.journal {
            match what {
                What::Merged {
                    survivor, absorbed, ..
                } => (*survivor, *absorbed) = (real(*survivor), real(*absorbed)),
                What::Refused { profiles, .. } => {
                    profiles
                        .iter_mut()
                        .for_each(|number| *number = real(*number));
                }
                What::Undone { .. } | What::Shared { .. } | What::Released { .. } => {}
            }
        }
    }
}

fn note_moved(people: &mut People, moved: &[(ProfileNo, Position, ProfileNo)], undo: Position) {
    let pairs: BTreeSet<_> = moved
        .iter()
        .map(|&(origin, _, person)| (person, origin))
        .collect();
    for (person, origin) in pairs {
        if let Some(profile) = people.profile_mut(person) {
            note_origin(profile, origin, undo);
        }
    }
}

fn note_origin(profile: &mut Profile, origin: ProfileNo, undo: Position) {
    let known = profile.moved_from.binary_search(&(origin, undo));
    if let Err(place) = known {
        profile.moved_from.insert(place, (origin, undo));
    }
}
