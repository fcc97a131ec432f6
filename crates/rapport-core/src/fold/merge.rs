//! What a merge means beside identity: two people's leaves and memberships become one's, and
//! whoever knew them by their identifiers hears what is other now.

use super::{Change, Fold, Listed, Member, Why};
use crate::identity::journal::MergeCause;
use crate::identity::{Identifier, ProfileNo, merge};
use crate::position::Position;
use crate::profile::Profile;
use crate::segment::membership::{Memberships, SegmentNo};
use crate::time::Millis;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The memberships of those whom one entry joins, as they were.
#[derive(Debug)]
pub(super) struct Joining {
    /// The survivor's.
    survivor: Memberships,
    /// Those of each profile that was absorbed.
    absorbed: Vec<Side>,
    /// Changes before this one are of earlier entries.
    first: usize,
}

#[derive(Debug)]
struct Side {
    number: ProfileNo,
    names: Arc<[Identifier]>,
    memberships: Memberships,
}

impl Fold<'_> {
    /// Joins two profiles because a member says so, whatever limits and vetoes say. Returns the
    /// survivor, or `None` where both are the same or one is not in the working set.
    pub fn merge(
        &mut self,
        (left, right): (ProfileNo, ProfileNo),
        cause: MergeCause,
        place: Position,
        received: Millis,
    ) -> Option<ProfileNo> {
        if left == right
            || [left, right]
                .iter()
                .any(|n| self.people.profile(*n).is_none())
        {
            return None;
        }
        self.fire_of([left, right], received);
        self.last = place;
        let journal = &mut self.effects.journal;
        let at = merge::Place {
            position: place,
            received,
        };
        let absorbed = merge::merge(
            self.rules.policy,
            self.people,
            (left, right),
            cause,
            at,
            journal,
        )?;
        let survivor = left.min(right);
        self.absorb(survivor, absorbed, received);
        self.settle(survivor, received, Why::Member);
        self.hand_over(survivor, received, Why::Member);
        Some(survivor)
    }

    /// Gives the survivor of a merge what the absorbed profile's segments kept. The survivor is
    /// not settled yet: the caller does that once the whole entry is applied, and then hands over.
    pub(super) fn absorb(&mut self, number: ProfileNo, absorbed: Profile, at: Millis) {
        let catalogue = self.rules.catalogue;
        if let Some(armed) = absorbed.armed {
            self.due.remove(&(armed, absorbed.number));
        }
        let survivor = self
            .people
            .profile_mut(number)
            .expect("a merge leaves its survivor");
        let first = self.effects.changes.len();
        let joining = self.joining.get_or_insert_with(|| Joining {
            survivor: survivor.memberships.clone(),
            absorbed: Vec::new(),
            first,
        });
        catalogue.unite(&mut survivor.leaves, &absorbed.leaves, &mut self.touched);
        catalogue.touch_all(&mut self.touched);
        survivor.memberships.unite(&absorbed.memberships);
        for membership in absorbed.memberships.iter() {
            for (person, member) in [(absorbed.number, Member::Out), (number, Member::In)] {
                self.effects.members.push(Listed {
                    segment: membership.segment,
                    person,
                    member,
                    at,
                    cause: self.last,
                    why: Why::Merge,
                });
            }
        }
        let names = absorbed.links.into_iter().map(|link| link.identifier);
        let names: Arc<[Identifier]> = names.collect();
        let known = &mut self.effects.absorbed;
        known.insert(absorbed.number, Arc::clone(&names));
        joining.absorbed.push(Side {
            number: absorbed.number,
            names,
            memberships: absorbed.memberships,
        });
    }

    /// Tells of memberships that moved because two people are one now, and not because either's
    /// did: the survivor is where only an absorbed one was, or the identifiers of an absorbed one
    /// belong to somebody who is where they were not.
    pub(super) fn hand_over(&mut self, number: ProfileNo, now: Millis, why: Why) {
        let Some(joining) = self.joining.take() else {
            return;
        };
        let Some(profile) = self.people.profile(number) else {
            return;
        };
        let is_in: BTreeSet<SegmentNo> = segments(&profile.memberships).collect();
        let mut all = is_in.clone();
        all.extend(segments(&joining.survivor));
        let sides = joining.absorbed.iter();
        all.extend(sides.flat_map(|side| segments(&side.memberships)));
        for segment in all {
            self.hand_over_one(
                number,
                &joining,
                segment,
                is_in.contains(&segment),
                (now, why),
            );
        }
    }

    fn hand_over_one(
        &mut self,
        number: ProfileNo,
        joining: &Joining,
        segment: SegmentNo,
        is_in: bool,
        (at, why): (Millis, Why),
    ) {
        let cause = self.last;
        let mut told = self.effects.changes[joining.first..].iter_mut();
        let flip = told.find(|change| change.person == number && change.segment == segment);
        let tell = |person, about| Change {
            person,
            segment,
            member: if is_in { Member::In } else { Member::Out },
            at,
            cause,
            why,
            about,
        };
        if joining.survivor.contains(segment) != is_in {
            if flip.is_none() {
                self.effects.changes.push(tell(number, None));
            }
            return;
        }
        let moved = |side: &&Side| side.memberships.contains(segment) != is_in;
        let moved = joining.absorbed.iter().filter(moved);
        match flip {
            // The two together were in only because an absorbed one was.
            Some(flip) => {
                let names = moved.flat_map(|side| side.names.iter().cloned());
                flip.about = Some(names.collect());
            }
            None => {
                let changes = moved.map(|side| tell(side.number, Some(Arc::clone(&side.names))));
                self.effects.changes.extend(changes);
            }
        }
    }
}

fn segments(memberships: &Memberships) -> impl Iterator<Item = SegmentNo> + '_ {
    memberships.iter().map(|membership| membership.segment)
}
