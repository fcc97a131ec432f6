//! One bounded step of a segment's build: what history kept for a range of origins is united
//! with what the live fold collected, and first memberships are decided.

use super::{Fold, Why};
use crate::identity::ProfileNo;
use crate::position::Position;
use crate::segment::leaf::Leaves;
use crate::segment::membership::SegmentNo;
use crate::time::Millis;
use std::collections::BTreeMap;

impl Fold<'_> {
    /// Unites `kept` (by the person each origin belongs to now) and settles the segment for
    /// everybody in `people`. The catalogue's build cursor already stands behind the range; what
    /// was due of them was fired while it did not.
    pub fn build_range(
        &mut self,
        segment: SegmentNo,
        kept: &BTreeMap<ProfileNo, Leaves>,
        people: &[ProfileNo],
        place: Position,
        received: Millis,
    ) {
        self.last = place;
        for &number in people {
            if let Some(leaves) = kept.get(&number)
                && let Some(profile) = self.people.profile_mut(number)
            {
                self.rules
                    .catalogue
                    .unite(&mut profile.leaves, leaves, &mut self.touched);
            }
            if self.people.profile(number).is_some() {
                self.rules.catalogue.touch(segment, &mut self.touched);
                self.settle(number, received, Why::Build);
            }
            self.touched.clear();
        }
    }
}
