//! Everything the segments need to know of an entry, compiled from the registry: which leaves an
//! event can move, which segments a leaf or an attribute can, and in which order they settle.

use crate::event::Event;
use crate::identity::ProfileNo;
use crate::json;
use crate::position::Position;
use crate::profile::attributes::Attributes;
use crate::segment::catalogue::compiled::{Condition, Gate, Group, Leaf, Segment, Tree};
use crate::segment::leaf::{Kept, LeafNo, Leaves, message_hash};
use crate::segment::membership::{Memberships, SegmentNo};
use crate::segment::registry::{Build, Registry};
use crate::time::Millis;
use std::collections::{BTreeMap, BTreeSet};

pub use self::touched::Touched;
pub use self::wanted::Wanted;

pub(in crate::segment) mod compiled;
mod settle;
mod touched;
mod wanted;

/// A registry, ready to be asked. Lookups by name, number or place; nothing is searched.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// In an order in which each comes behind those it refers to; its place is its rank.
    segments: Vec<Segment>,
    ranks: BTreeMap<SegmentNo, usize>,
    /// Ascending by number.
    leaves: Vec<Leaf>,
    /// The leaves on events of a name.
    named: BTreeMap<Box<str>, Vec<Group>>,
    /// The leaves on all events of a type.
    unnamed: Vec<Group>,
    /// The ranks of the segments that ask for an attribute.
    attributes: BTreeMap<Box<str>, Vec<usize>>,
}

/// What segments ask of a person, memberships apart.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// Every number under which history may have events of the person, with the entry that brought
    /// it: the birth of whom it was given to, or an undo.
    pub numbers: &'a [(ProfileNo, Position)],
    /// The attributes.
    pub attributes: &'a dyn Named,
    /// What the leaves keep.
    pub leaves: &'a Leaves,
}

/// Attributes, seen as raw JSON by name.
pub trait Named {
    /// The value of this name.
    fn raw(&self, name: &str) -> Option<&str>;
}

impl Named for Attributes {
    fn raw(&self, name: &str) -> Option<&str> {
        self.get(name)
    }
}

/// A change of a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flip {
    /// The segment.
    pub segment: SegmentNo,
    /// Whether the person entered it; else left.
    pub entered: bool,
    /// The moment.
    pub at: Millis,
}

impl Catalogue {
    /// Compiles a registry.
    #[must_use]
    pub fn new(registry: &Registry) -> Catalogue {
        compiled::compile(registry)
    }

    /// Notes how far a segment is built now.
    pub(crate) fn built(&mut self, segment: SegmentNo, build: Build) {
        if let Some(rank) = self.ranks.get(&segment) {
            self.segments[*rank].build = build;
        }
    }

    /// Gives an event to every leaf that it can move.
    pub fn observe(&self, leaves: &mut Leaves, event: &Event, touched: &mut Touched) {
        self.give(event, |leaf, kept| {
            if leaves.add(kept, leaf.bounds) {
                touched.extend(&leaf.segments);
            }
        });
    }

    /// Gives an event of history to these leaves only.
    pub fn observe_only(&self, only: &BTreeSet<LeafNo>, leaves: &mut Leaves, event: &Event) {
        self.give(event, |leaf, kept| {
            if only.contains(&leaf.no) {
                leaves.add(kept, leaf.bounds);
            }
        });
    }

    /// The events that a scan of history for these leaves must yield.
    #[must_use]
    pub fn names_wanted(&self, only: &BTreeSet<LeafNo>) -> Wanted {
        Wanted::of(
            self.leaves
                .iter()
                .filter(|leaf| only.contains(&leaf.no))
                .map(|leaf| &leaf.happening),
        )
    }

    /// Joins the states of two profiles, or the part of a state that history yields with the live
    /// one.
    pub fn unite(&self, into: &mut Leaves, from: &Leaves, touched: &mut Touched) {
        let bounds = |no| self.leaf(no).map(|leaf| leaf.bounds);
        into.unite(from, bounds, |no| {
            if let Some(leaf) = self.leaf(no) {
                touched.extend(&leaf.segments);
            }
        });
    }

    /// Notes that the value of an attribute is another now.
    pub fn attribute_moved(&self, name: &str, touched: &mut Touched) {
        if let Some(ranks) = self.attributes.get(name) {
            touched.extend(ranks);
        }
    }

    /// Notes that everything may have moved: a profile is new, merged or folded again.
    pub fn touch_all(&self, touched: &mut Touched) {
        (0..self.segments.len()).for_each(|rank| touched.insert(rank));
    }

    /// Notes that one segment may have moved: a build has come to the person.
    pub fn touch(&self, segment: SegmentNo, touched: &mut Touched) {
        if let Some(rank) = self.ranks.get(&segment) {
            touched.insert(*rank);
        }
    }

    /// Drops what no leaf and no segment of the registry stands behind any more.
    pub fn forget_removed(&self, leaves: &mut Leaves, memberships: &mut Memberships) {
        leaves.retain(|no| self.leaf(no).is_some());
        memberships.retain(|no| self.ranks.contains_key(&no));
    }

    /// Calls `take` with each leaf that the event belongs to, and what it would keep of it.
    fn give(&self, event: &Event, mut take: impl FnMut(&Leaf, Kept)) {
        let named = self.named.get(&event.name).map_or(&[][..], Vec::as_slice);
        let groups = named
            .iter()
            .chain(&self.unnamed)
            .filter(|group| group.kind == event.kind);
        for group in groups {
            let message = message_hash(event.source, &event.message_id);
            let found = group.paths.pick(compiled::filtered_json(event));
            for (place, gate) in &group.leaves {
                if gate.as_ref().is_none_or(|gate| gate.lets_through(&found)) {
                    let leaf = &self.leaves[*place];
                    take(
                        leaf,
                        Kept {
                            leaf: leaf.no,
                            at: event.at,
                            message,
                        },
                    );
                }
            }
        }
    }

    pub(in crate::segment) fn by_key(&self, key: &str) -> Option<&Segment> {
        self.segments.iter().find(|segment| *segment.key == *key)
    }

    fn leaf(&self, no: LeafNo) -> Option<&Leaf> {
        let place = self.leaves.binary_search_by_key(&no, |leaf| leaf.no);
        place.ok().map(|place| &self.leaves[place])
    }
}

impl Gate {
    fn lets_through(&self, found: &[Option<json::Value<'_>>]) -> bool {
        match self {
            Gate::All(parts) => parts.iter().all(|part| part.lets_through(found)),
            Gate::Any(parts) => parts.iter().any(|part| part.lets_through(found)),
            Gate::Not(part) => !part.lets_through(found),
            Gate::Property { slot, test } => test.holds(found[*slot].as_ref()),
        }
    }
}

impl Tree {
    /// Whether the rule holds for a person at `now`.
    pub(in crate::segment) fn holds(
        &self,
        person: &Facts<'_>,
        memberships: &Memberships,
        now: Millis,
    ) -> bool {
        match self {
            Tree::All(parts) => parts
                .iter()
                .all(|part| part.holds(person, memberships, now)),
            Tree::Any(parts) => parts
                .iter()
                .any(|part| part.holds(person, memberships, now)),
            Tree::Not(part) => !part.holds(person, memberships, now),
            Tree::Is(condition) => condition.holds(person, memberships, now),
        }
    }
}

impl Condition {
    fn holds(&self, person: &Facts<'_>, memberships: &Memberships, now: Millis) -> bool {
        match self {
            Condition::Attribute { path, test } => {
                let (name, inside) = path.split();
                let raw = person.attributes.raw(name);
                test.holds(raw.and_then(|raw| json::pick(raw, inside)).as_ref())
            }
            Condition::Did { leaf, question } => question.holds(person.leaves.of(*leaf), now),
            Condition::In(segment) => memberships.contains(*segment),
            Condition::NotIn(segment) => !memberships.contains(*segment),
        }
    }
}
