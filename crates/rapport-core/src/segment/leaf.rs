//! Leaves: what is kept of a person's events so that conditions on them can be answered.
//!
//! A leaf's state is a function of the *set* of its events: some at one end of their order by
//! (instant, message), as [`Bounds`] say. So arrival order does not matter, duplicates do not
//! matter, and joining two states is their union cut back by the same rule.

use crate::event::SourceNo;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

pub use self::bounds::{Bounds, KEPT_MAX};
pub use self::datum::{Datum, Form, spelled};
pub use self::spec::{LeafSpec, Property};

mod bounds;
mod datum;
mod spec;

/// Number of a leaf: dense, from 1, never recycled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeafNo(pub u32);

/// One event that a leaf keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Whose it is.
    pub leaf: LeafNo,
    /// When the event happened.
    pub at: Millis,
    /// Which message it was: [`message_hash`].
    pub message: u64,
    /// The properties that the leaf asks for, in the order of its specification. Nothing for the
    /// many leaves that ask for none.
    pub values: Box<[Datum]>,
}

impl Kept {
    /// The property in a slot of the leaf.
    #[must_use]
    pub fn value(&self, slot: usize) -> &Datum {
        self.values.get(slot).unwrap_or(&Datum::None)
    }
}

/// The states of all leaves of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Leaves {
    /// By leaf, and newest first within one. One list, because a person has few.
    kept: Vec<Kept>,
}

impl Leaves {
    /// What a leaf keeps, newest first.
    #[must_use]
    pub fn of(&self, leaf: LeafNo) -> &[Kept] {
        &self.kept[self.range(leaf)]
    }

    /// Everything kept, by leaf and newest first within one.
    #[must_use]
    pub fn all(&self) -> &[Kept] {
        &self.kept
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Adds an event to a leaf. Answers whether the leaf's state is another now.
    pub fn add(&mut self, event: Kept, bounds: Bounds) -> bool {
        self.add_with(event.leaf, (event.at, event.message), bounds, || {
            event.values
        })
    }

    /// The same, where the values are made only for an event that is kept.
    pub fn add_with(
        &mut self,
        leaf: LeafNo,
        (at, message): (Millis, u64),
        bounds: Bounds,
        values: impl FnOnce() -> Box<[Datum]>,
    ) -> bool {
        let range = self.range(leaf);
        let known = &self.kept[range.clone()];
        let place = known.partition_point(|kept| (kept.at, kept.message) > (at, message));
        let next = known.get(place).map(|kept| (kept.at, kept.message));
        if next == Some((at, message)) || !bounds.takes(known, place, at) {
            return false;
        }
        let event = Kept {
            leaf,
            at,
            message,
            values: values(),
        };
        self.kept.insert(range.start + place, event);
        let whole = range.start..range.end + 1;
        let stays = bounds.cut(&self.kept[whole.clone()]);
        self.kept.drain(whole.start + stays.end..whole.end);
        self.kept.drain(whole.start..whole.start + stays.start);
        true
    }

    /// Adds everything that `other` keeps in leaves with bounds; `moved` hears of each leaf whose
    /// state is another now.
    pub fn unite(
        &mut self,
        other: &Leaves,
        bounds: impl Fn(LeafNo) -> Option<Bounds>,
        mut moved: impl FnMut(LeafNo),
    ) {
        for event in &other.kept {
            let place = (event.at, event.message);
            if let Some(bounds) = bounds(event.leaf)
                && self.add_with(event.leaf, place, bounds, || event.values.clone())
            {
                moved(event.leaf);
            }
        }
    }

    /// Drops the states of leaves that are no more.
    pub fn retain(&mut self, lives: impl Fn(LeafNo) -> bool) {
        self.kept.retain(|event| lives(event.leaf));
    }

    fn range(&self, leaf: LeafNo) -> std::ops::Range<usize> {
        let start = self.kept.partition_point(|event| event.leaf < leaf);
        let length = self.kept[start..].partition_point(|event| event.leaf == leaf);
        start..start + length
    }
}

/// A message's hash, from its source and id. 49 bits, which are seven bytes on disk; it only has
/// to tell apart what one person did in one millisecond.
#[must_use]
pub fn message_hash(source: SourceNo, message_id: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write_u32(source.0);
    hasher.write(message_id.as_bytes());
    hasher.finish() >> 15
}

#[cfg(test)]
mod tests;
