//! The leaves of the registry: which there are, how much they keep, and what must be built again.

use super::{Build, Course, Definition, Moment, Registry, Whole};
use crate::position::Position;
use crate::segment::leaf::{Bounds, LeafNo, LeafSpec};
use crate::segment::membership::SegmentNo;
use crate::segment::rule::Need;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A leaf that rules use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeafRecord {
    /// Its number.
    pub no: LeafNo,
    /// What it keeps.
    pub spec: LeafSpec,
    /// How much of it. Never narrowed, so that nothing is rebuilt without need.
    pub bounds: Bounds,
    /// The entry from which it collects this much.
    pub since: Position,
    /// Whether what came before that entry is united with it, for everybody.
    pub complete: bool,
}

impl Registry {
    /// The leaves that a segment's build must unite with history up to the segment's `since`.
    #[must_use]
    pub fn leaves_to_build(&self, no: SegmentNo) -> BTreeSet<LeafNo> {
        let needs = self.needs_of(no);
        let leaves = needs.iter().filter_map(|need| self.leaf(&need.spec));
        leaves
            .filter(|leaf| !leaf.complete)
            .map(|leaf| leaf.no)
            .collect()
    }

    /// Makes or widens the leaves of a rule just set. What widens has to be built again.
    pub(super) fn collect_leaves(&mut self, no: SegmentNo, moment: Moment) {
        let needs = self.needs_of(no);
        let is_built = |course: Course| course.build == Build::Complete;
        let (since, complete) = (moment.position, self.course(no).is_some_and(is_built));
        for Need { spec, bounds } in needs {
            match self.leaves.iter_mut().find(|leaf| leaf.spec == spec) {
                Some(leaf) if leaf.bounds.cover(bounds) => {}
                Some(leaf) => {
                    leaf.bounds = leaf.bounds.widened(bounds);
                    (leaf.since, leaf.complete) = (since, complete);
                }
                None => {
                    let no = self.next_leaf;
                    self.next_leaf = LeafNo(no.0 + 1);
                    self.leaves.push(LeafRecord {
                        no,
                        spec,
                        bounds,
                        since,
                        complete,
                    });
                }
            }
        }
    }

    /// A finished build completes its leaves, but for those that a later rule has widened since.
    pub(super) fn complete_leaves(&mut self, no: SegmentNo) {
        let Some(Course { since, .. }) = self.course(no) else {
            return;
        };
        let needs = self.needs_of(no);
        let specs: Vec<_> = needs.into_iter().map(|need| need.spec).collect();
        for leaf in &mut self.leaves {
            if leaf.since <= since && specs.contains(&leaf.spec) {
                leaf.complete = true;
            }
        }
    }

    pub(super) fn forget_unused_leaves(&mut self) {
        let wholes = self.segments.iter().flat_map(Definition::wholes);
        let traits = self.traits.iter().flat_map(|one| one.computed.needs(0));
        let needs = wholes.flat_map(Whole::needs).chain(traits);
        let used: Vec<_> = needs.map(|need| need.spec).collect();
        self.leaves.retain(|leaf| used.contains(&leaf.spec));
    }

    /// The leaves that a segment or trait needs.
    fn needs_of(&self, no: SegmentNo) -> Vec<Need> {
        if let Some(definition) = self.by_no(no) {
            return definition.whole().needs();
        }
        let found = self.traits.iter().find(|one| one.no == no);
        found.map_or_else(Vec::new, |one| one.computed.needs(0))
    }
}
