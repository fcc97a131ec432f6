//! What a 200 promises, to be held against what is found afterwards.

use std::collections::BTreeSet;

/// What one request will have done once it is answered with 200.
#[derive(Clone, Debug)]
pub enum Promise {
    /// Every event with these message ids is there exactly once.
    Events(Vec<String>),
    /// The segment is there.
    Segment(String),
    /// These two users are one, and nobody will part them.
    Merged(String, String),
    /// Nothing that lasts: a merge that will be undone.
    Nothing,
    /// These two users are two.
    Parted(String, String),
}

/// Every promise that was made.
#[derive(Clone, Debug, Default)]
pub struct Promises {
    pub events: BTreeSet<String>,
    pub segments: BTreeSet<String>,
    pub merged: BTreeSet<(String, String)>,
    pub parted: BTreeSet<(String, String)>,
}

impl Promises {
    /// Adds a promise that was made.
    pub fn add(&mut self, promise: &Promise) {
        match promise.clone() {
            Promise::Events(ids) => self.events.extend(ids),
            Promise::Nothing => {}
            Promise::Segment(key) => drop(self.segments.insert(key)),
            Promise::Merged(left, right) => drop(self.merged.insert((left, right))),
            Promise::Parted(left, right) => drop(self.parted.insert((left, right))),
        }
    }
}
