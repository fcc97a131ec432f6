//! Settling: touched segments and what follows from them, now or at a moment of their own.

use super::{Catalogue, Facts, Flip, Touched};
use crate::segment::membership::{Membership, Memberships};
use crate::segment::person::Seen;
use crate::time::Millis;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

impl Catalogue {
    /// Decides the touched segments, and those that refer to one that changed, in an order in which
    /// each comes behind those it refers to. Whom a build has not come to yet is decided by the
    /// rule before; a segment without one stays as it is. `touched` is empty afterwards.
    ///
    /// Answers the first moment behind `now` at which one of the conditions decided can flip
    /// though nothing happens: those not touched have the moments they had.
    pub fn settle(
        &self,
        person: &Facts<'_>,
        memberships: &mut Memberships,
        now: Millis,
        touched: &mut Touched,
        flips: &mut Vec<Flip>,
    ) -> Option<Millis> {
        let seen = Seen::new(person, &self.zone);
        let mut next: Option<Millis> = None;
        while let Some(rank) = touched.take_first() {
            let Some(segment) = self.segments.get(rank) else {
                continue;
            };
            let tree = match segment.build.covers(segment.since, person.numbers) {
                true => &segment.tree,
                false => match &segment.before {
                    Some(before) => before,
                    None => continue,
                },
            };
            let entered = tree.holds(&seen, memberships, now);
            let changed = match entered {
                true => memberships.enter(segment.no, now),
                false => memberships.leave(segment.no),
            };
            if changed {
                flips.push(Flip {
                    segment: segment.no,
                    entered,
                    at: now,
                });
                touched.extend(&segment.dependents);
            }
            let timed = segment.timed.iter().map(|place| &self.timed[*place].tree);
            let moments = timed.filter_map(|tree| tree.next_moment(&seen, memberships, now));
            next = moments.chain(next).min();
        }
        next
    }

    /// The first moment behind `after` at which a condition can flip for the person though nothing
    /// happens.
    #[must_use]
    pub fn next_moment(&self, person: &Facts<'_>, after: Millis) -> Option<Millis> {
        let mut next: Option<Millis> = None;
        self.each_moment(person, after, |moment, _| {
            next = Some(next.map_or(moment, |next| next.min(moment)));
        });
        next
    }

    /// Fires every moment from `armed` up to and with `to`, in order, each with itself as the
    /// clock, so that firing late gives the same state. `armed` is the first moment that may be
    /// due (one too early does no harm). Answers the next moment to arm.
    pub fn advance(
        &self,
        person: &Facts<'_>,
        memberships: &mut Memberships,
        armed: Option<Millis>,
        to: Millis,
        flips: &mut Vec<Flip>,
    ) -> Option<Millis> {
        let mut moments = BinaryHeap::new();
        self.each_moment(person, armed?.plus(-1), |moment, place| {
            moments.push(Reverse((moment, place)));
        });
        let seen = Seen::new(person, &self.zone);
        let mut touched = Touched::default();
        while let Some(&Reverse((moment, _))) = moments.peek()
            && moment <= to
        {
            // Nothing happens meanwhile, so that only these have another moment behind it.
            while let Some(mut first) = moments.peek_mut()
                && first.0.0 == moment
            {
                let timed = &self.timed[first.0.1];
                touched.extend(&timed.ranks);
                match timed
                    .tree
                    .next_moment(&seen, &Memberships::default(), moment)
                {
                    Some(next) => first.0.0 = next,
                    None => drop(PeekMut::pop(first)),
                }
            }
            self.settle(person, memberships, moment, &mut touched, flips);
        }
        moments.peek().map(|Reverse((moment, _))| *moment)
    }

    /// The memberships with the keys of their segments, ascending by number.
    pub fn keys<'a>(
        &'a self,
        memberships: &'a Memberships,
    ) -> impl Iterator<Item = (&'a str, &'a Membership)> {
        memberships.iter().filter_map(|membership| {
            let rank = self.ranks.get(&membership.segment)?;
            Some((&*self.segments[*rank].key, membership))
        })
    }

    /// Calls `see` with the next moment of each condition that can have one for the person, and
    /// the condition's place.
    fn each_moment(&self, person: &Facts<'_>, after: Millis, mut see: impl FnMut(Millis, usize)) {
        let seen = Seen::new(person, &self.zone);
        // No condition that can flip by itself speaks of segments.
        let nowhere = Memberships::default();
        let mut look = |place: &usize| {
            let tree = &self.timed[*place].tree;
            if let Some(moment) = tree.next_moment(&seen, &nowhere, after) {
                see(moment, *place);
            }
        };
        self.dated.iter().for_each(&mut look);
        for kept in person
            .leaves
            .all()
            .chunk_by(|left, right| left.leaf == right.leaf)
        {
            if let Some(leaf) = self.leaf(kept[0].leaf) {
                leaf.timed.iter().for_each(&mut look);
            }
        }
    }
}
