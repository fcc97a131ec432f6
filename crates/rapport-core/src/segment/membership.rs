//! Which segments a person is in, and since when.

use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// Number of a segment: dense, from 1, never recycled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SegmentNo(pub u32);

/// A person's being in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The segment.
    pub segment: SegmentNo,
    /// The moment it began.
    pub entered_at: Millis,
}

/// The segments of one person, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Memberships {
    current: Vec<Membership>,
}

impl Memberships {
    /// Whether the person is in a segment.
    #[must_use]
    pub fn contains(&self, segment: SegmentNo) -> bool {
        self.place(segment).is_ok()
    }

    /// The membership in a segment, if there is one.
    #[must_use]
    pub fn get(&self, segment: SegmentNo) -> Option<&Membership> {
        self.place(segment).ok().map(|place| &self.current[place])
    }

    /// All memberships, ascending by segment.
    pub fn iter(&self) -> impl Iterator<Item = &Membership> {
        self.current.iter()
    }

    /// How many segments the person is in.
    #[must_use]
    pub fn len(&self) -> usize {
        self.current.len()
    }

    /// Whether the person is in no segment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.current.is_empty()
    }

    /// Enters a segment. Answers whether the person was not in it before.
    pub fn enter(&mut self, segment: SegmentNo, at: Millis) -> bool {
        match self.place(segment) {
            Ok(_) => false,
            Err(place) => {
                self.current.insert(
                    place,
                    Membership {
                        segment,
                        entered_at: at,
                    },
                );
                true
            }
        }
    }

    /// Leaves a segment. Answers whether the person was in it before.
    pub fn leave(&mut self, segment: SegmentNo) -> bool {
        match self.place(segment) {
            Ok(place) => {
                self.current.remove(place);
                true
            }
            Err(_) => false,
        }
    }

    /// Takes over the memberships of a profile merged into this one; where both are in a segment,
    /// the earlier entry counts. Whether the joined person still belongs is settled afterwards.
    pub fn unite(&mut self, other: &Memberships) {
        for theirs in &other.current {
            match self.place(theirs.segment) {
                Ok(place) => {
                    let ours = &mut self.current[place].entered_at;
                    *ours = theirs.entered_at.min(*ours);
                }
                Err(place) => self.current.insert(place, *theirs),
            }
        }
    }

    /// Drops memberships of segments that are no more.
    pub fn retain(&mut self, lives: impl Fn(SegmentNo) -> bool) {
        self.current.retain(|membership| lives(membership.segment));
    }

    fn place(&self, segment: SegmentNo) -> Result<usize, usize> {
        self.current
            .binary_search_by_key(&segment, |membership| membership.segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_keeps_the_earlier_entry_of_each_segment() {
        let mut left = Memberships::default();
        left.enter(SegmentNo(2), Millis(20));
        left.enter(SegmentNo(1), Millis(10));
        let mut right = Memberships::default();
        right.enter(SegmentNo(2), Millis(15));
        right.enter(SegmentNo(3), Millis(30));
        left.unite(&right);
        let all: Vec<_> = left.iter().map(|m| (m.segment.0, m.entered_at.0)).collect();
        assert_eq!(all, [(1, 10), (2, 15), (3, 30)]);
    }

    #[test]
    fn entering_twice_keeps_the_first_moment() {
        let mut memberships = Memberships::default();
        assert!(memberships.enter(SegmentNo(1), Millis(10)));
        assert!(!memberships.enter(SegmentNo(1), Millis(20)));
        assert_eq!(
            memberships.get(SegmentNo(1)).map(|m| m.entered_at),
            Some(Millis(10))
        );
        assert!(memberships.leave(SegmentNo(1)));
        assert!(!memberships.leave(SegmentNo(1)));
    }
}
