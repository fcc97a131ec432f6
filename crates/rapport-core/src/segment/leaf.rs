//! Leaves: what is kept of a person's events so that conditions on them can be answered.
//!
//! A leaf's state is a function of the *set* of its events: the newest few by (instant, message),
//! as many as the largest count asks for, less those that the longest window can never reach
//! again. So arrival order does not matter, duplicates do not matter, and joining two states is
//! their union cut back by the same rule.

use crate::event::{Event, SourceNo};
use crate::segment::error::Error;
use crate::segment::rule::{Did, Filter, Happening, Rule};
use crate::segment::text;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::fmt;
use std::hash::Hasher;

/// Number of a leaf: dense, from 1, never recycled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeafNo(pub u32);

/// What a leaf keeps: which events, of which properties. No count and no window, so conditions
/// that differ only in these share a leaf.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LeafSpec {
    /// The type and name of its events.
    pub happening: Happening,
    /// What their properties must be, in canonical order.
    pub filter: Option<Filter>,
}

impl LeafSpec {
    /// The leaf that answers a condition.
    #[must_use]
    pub fn of(did: &Did) -> LeafSpec {
        let filter = did.filter.as_ref().map(Filter::canonical);
        LeafSpec {
            happening: did.happening.clone(),
            filter,
        }
    }
}

/// `did "Product Viewed" where category = "shoes"`.
impl fmt::Display for LeafSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "did {}", self.happening)?;
        match &self.filter {
            Some(filter) => write!(f, " where {filter}"),
            None => Ok(()),
        }
    }
}

impl From<LeafSpec> for String {
    fn from(spec: LeafSpec) -> String {
        spec.to_string()
    }
}

impl TryFrom<String> for LeafSpec {
    type Error = Error;

    fn try_from(text: String) -> Result<LeafSpec, Error> {
        match text::parse(&text)? {
            Rule::Did(did) => Ok(LeafSpec::of(&did)),
            _ => Err(Error::rule(&text, 0, "this is not a condition on events")),
        }
    }
}

/// How much of its events a leaf keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// The most events it keeps: the newest.
    pub keep: u32,
    /// The longest window, in milliseconds: what is at least this much older than the newest event
    /// is dropped. `None` where a condition asks for ever.
    pub reach_ms: Option<i64>,
}

impl Bounds {
    /// The narrowest bounds that serve both.
    #[must_use]
    pub fn widened(self, other: Bounds) -> Bounds {
        let reach_ms = match (self.reach_ms, other.reach_ms) {
            (Some(left), Some(right)) => Some(left.max(right)),
            _ => None,
        };
        Bounds {
            keep: self.keep.max(other.keep),
            reach_ms,
        }
    }

    /// Whether a state kept under these bounds has everything that `other` would have kept. With
    /// one event kept, the newest, windows make no difference.
    #[must_use]
    pub fn cover(self, other: Bounds) -> bool {
        let reaches = match (self.reach_ms, other.reach_ms) {
            (None, _) => true,
            (Some(left), Some(right)) => left >= right,
            (Some(_), None) => false,
        };
        self.keep >= other.keep && (reaches || other.keep <= 1)
    }

    fn reaches(self, at: Millis, newest: Millis) -> bool {
        self.reach_ms
            .is_none_or(|reach_ms| newest.plus(-reach_ms) < at)
    }
}

/// One event that a leaf keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Whose it is.
    pub leaf: LeafNo,
    /// When the event happened.
    pub at: Millis,
    /// Which message it was: [`message_hash`].
    pub message: u64,
}

impl Kept {
    /// Sorts by leaf, and newest first within one.
    fn order(&self) -> (LeafNo, std::cmp::Reverse<(Millis, u64)>) {
        (self.leaf, std::cmp::Reverse((self.at, self.message)))
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
        let range = self.range(event.leaf);
        let known = &self.kept[range.clone()];
        let Err(place) = known.binary_search_by_key(&event.order(), Kept::order) else {
            return false;
        };
        let newest = known
            .first()
            .map_or(event.at, |first| first.at.max(event.at));
        if place >= bounds.keep as usize || !bounds.reaches(event.at, newest) {
            return false;
        }
        self.kept.insert(range.start + place, event);
        self.cut(range.start..range.end + 1, newest, bounds);
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
            if let Some(bounds) = bounds(event.leaf)
                && self.add(*event, bounds)
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

    fn cut(&mut self, range: std::ops::Range<usize>, newest: Millis, bounds: Bounds) {
        let reached = self.kept[range.clone()].partition_point(|e| bounds.reaches(e.at, newest));
        let length = reached.min(bounds.keep as usize);
        self.kept.drain(range.start + length..range.end);
    }
}

/// A message's hash, from its source and id. 56 bits, which is one byte less on disk; it only has
/// to tell apart what one person did in one millisecond.
#[must_use]
pub fn message_hash(source: SourceNo, message_id: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write_u32(source.0);
    hasher.write(message_id.as_bytes());
    hasher.finish() >> 8
}

impl Kept {
    /// What a leaf keeps of an event.
    #[must_use]
    pub fn of(leaf: LeafNo, event: &Event) -> Kept {
        Kept {
            leaf,
            at: event.at,
            message: message_hash(event.source, &event.message_id),
        }
    }
}

#[cfg(test)]
mod tests;
