//! What a merge means beside identity: two people's leaves and memberships become one's.

use super::{Fold, Member, Why};
use crate::identity::journal::MergeCause;
use crate::identity::{ProfileNo, merge};
use crate::position::Position;
use crate::profile::Profile;
use crate::time::Millis;

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
        self.fire(received);
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
        self.absorb(survivor, absorbed);
        self.settle(survivor, received, Why::Member);
        Some(survivor)
    }

    /// Gives the survivor of a merge what the absorbed profile's segments kept. The survivor is
    /// not settled yet: the caller does that once the whole entry is applied.
    pub(super) fn absorb(&mut self, number: ProfileNo, absorbed: Profile) {
        let catalogue = self.rules.catalogue;
        if let Some(armed) = absorbed.armed {
            self.due.remove(&(armed, absorbed.number));
        }
        let survivor = self
            .people
            .profile_mut(number)
            .expect("a merge leaves its survivor");
        catalogue.unite(&mut survivor.leaves, &absorbed.leaves, &mut self.touched);
        catalogue.touch_all(&mut self.touched);
        survivor.memberships.unite(&absorbed.memberships);
        for membership in absorbed.memberships.iter() {
            self.effects
                .members
                .push((membership.segment, absorbed.number, Member::Out));
            self.effects
                .members
                .push((membership.segment, number, Member::In));
        }
    }
}
