//! Everything the segments need to know of an entry, compiled from the registry: which leaves an
//! event can move, which segments a leaf or an attribute can, and in which order they settle.

use crate::event::{Event, Sighting};
use crate::profile::Profile;
use crate::segment::catalogue::compiled::{Leaf, Offered, Segment, Timed};
use crate::segment::catalogue::index::Index;
use crate::segment::leaf::{LeafNo, Leaves, message_hash};
use crate::segment::membership::{Memberships, SegmentNo};
use crate::segment::person::Seen;
use crate::segment::registry::{Build, Registry};
use crate::segment::zone::Zone;
use crate::time::Millis;
use std::collections::{BTreeMap, BTreeSet};

pub use self::collector::Collector;
pub use self::touched::Touched;
pub use self::wanted::Wanted;
pub use crate::segment::person::{Facts, Named};

mod collector;
mod compile;
pub(in crate::segment) mod compiled;
mod index;
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
    /// Which leaves an event can move.
    index: Index,
    /// The ranks of the segments that ask for an attribute.
    attributes: BTreeMap<Box<str>, Vec<usize>>,
    /// The conditions that can flip by themselves, each once.
    timed: Vec<Timed>,
    /// Those of them that hang on attributes, so that anybody may have a moment for them.
    dated: Vec<usize>,
    /// The computed traits that profiles show.
    traits: Vec<Offered>,
    /// The time zone of people who have none of their own.
    zone: Zone,
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
        compile::compile(registry)
    }

    /// Notes how far a segment is built now.
    pub(crate) fn built(&mut self, segment: SegmentNo, build: Build) {
        if let Some(rank) = self.ranks.get(&segment) {
            self.segments[*rank].build = build;
        }
        if let Some(offered) = self.traits.iter_mut().find(|one| one.no == segment) {
            offered.build = build;
        }
    }

    /// The computed traits of a person at `now` by key, as JSON. One that is not built for the
    /// person yet is left out, and so is one that there is nothing to make of.
    #[must_use]
    pub fn traits(&self, person: &Facts<'_>, now: Millis) -> BTreeMap<&str, String> {
        let seen = Seen::new(person, &self.zone);
        let built = |one: &&Offered| one.build.covers(one.since, person.numbers);
        let offered = self.traits.iter().filter(built);
        offered
            .filter_map(|one| Some((&*one.key, one.asking.value(&seen, now)?)))
            .collect()
    }

    /// The computed traits of a profile.
    #[must_use]
    pub fn traits_of(&self, profile: &Profile, now: Millis) -> BTreeMap<&str, String> {
        let numbers = profile.origins_since();
        let facts = Facts {
            number: profile.number,
            numbers: &numbers,
            attributes: &profile.attributes,
            companies: &profile.companies,
            leaves: &profile.leaves,
        };
        self.traits(&facts, now)
    }

    /// Gives an event to every leaf that it can move.
    pub fn observe(&self, leaves: &mut Leaves, event: &Event, touched: &mut Touched) {
        self.give(
            event,
            leaves,
            |_| true,
            |leaf| touched.extend(&leaf.segments),
        );
    }

    /// Gives an event of history to these leaves only.
    pub fn observe_only(&self, only: &BTreeSet<LeafNo>, leaves: &mut Leaves, event: &Event) {
        self.give(event, leaves, |leaf| only.contains(&leaf.no), |_| {});
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

    /// Adds an event to each leaf that it belongs to and that is `wanted`; `moved` hears of those
    /// whose state is another now.
    fn give(
        &self,
        event: &Event,
        leaves: &mut Leaves,
        wanted: impl Fn(&Leaf) -> bool,
        moved: impl FnMut(&Leaf),
    ) {
        give(
            &self.index,
            &self.leaves,
            &event.sighting(),
            leaves,
            wanted,
            moved,
        );
    }

    pub(in crate::segment) fn by_key(&self, key: &str) -> Option<&Segment> {
        self.segments.iter().find(|segment| *segment.key == *key)
    }

    pub(in crate::segment) fn leaf(&self, no: LeafNo) -> Option<&Leaf> {
        let place = self.leaves.binary_search_by_key(&no, |leaf| leaf.no);
        place.ok().map(|place| &self.leaves[place])
    }

    pub(in crate::segment) fn zone(&self) -> &Zone {
        &self.zone
    }
}

fn give(
    index: &Index,
    known: &[Leaf],
    event: &Sighting<'_>,
    leaves: &mut Leaves,
    wanted: impl Fn(&Leaf) -> bool,
    mut moved: impl FnMut(&Leaf),
) {
    let mut message = None;
    index.each(event, |place, found| {
        let leaf = &known[place];
        if !wanted(leaf) || leaf.dates.is_some_and(|dates| !dates.has(event.at)) {
            return;
        }
        let message = *message.get_or_insert_with(|| message_hash(event.source, event.message_id));
        let values = || leaf.values_of(found);
        if leaves.add_with(leaf.no, (event.at, message), leaf.bounds, values) {
            moved(leaf);
        }
    });
}
