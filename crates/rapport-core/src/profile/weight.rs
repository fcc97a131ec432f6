//! What a profile takes in memory, so that a working set can be bounded in bytes.

use super::Profile;
use crate::identity::Link;
use crate::segment::leaf::Datum;

/// What an attribute takes beside its value: its name, its place in the map, and who said it.
const ATTRIBUTE_BYTES: usize = 256;
/// What an identifier takes with the texts in it, and as a place in the map of owners.
const LINK_BYTES: usize = size_of::<Link>() + 128;

impl Profile {
    /// Bytes it takes in memory, roughly: what its events keep is counted, names and texts are
    /// taken as long as most of them are.
    #[must_use]
    pub fn weight(&self) -> usize {
        let kept = self.leaves.all();
        let values: usize = kept.iter().map(|one| one.values.len()).sum();
        let attributes = self.attributes.iter();
        let said: usize = attributes
            .map(|(_, attribute)| ATTRIBUTE_BYTES + attribute.value().map_or(0, str::len))
            .sum();
        size_of::<Profile>()
            + size_of_val(kept)
            + values * size_of::<Datum>()
            + said
            + self.links.len() * LINK_BYTES
            + size_of_val(&*self.companies)
            + self.memberships.len() * 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::ProfileNo;
    use crate::position::Position;
    use crate::segment::leaf::{Bounds, Kept, LeafNo};
    use crate::time::Millis;

    #[test]
    fn what_events_leave_behind_weighs() {
        let mut profile = Profile::born(ProfileNo(1), Position::default(), Millis(0));
        let bounds = Bounds {
            keep: 100,
            reach_ms: None,
            span_ms: 0,
            oldest: false,
        };
        let before = profile.weight();
        for message in 0..100 {
            let kept = Kept {
                leaf: LeafNo(1),
                at: Millis(0),
                message,
                values: Box::default(),
            };
            profile.leaves.add(kept, bounds);
        }
        assert_eq!(profile.weight() - before, 100 * size_of::<Kept>());
    }
}
