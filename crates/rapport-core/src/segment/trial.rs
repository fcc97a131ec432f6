//! A rule that is not saved: whether it holds for somebody, from what is kept of them and, where
//! nobody's state answers a condition yet, from their events.

use crate::event::Event;
use crate::identity::ProfileNo;
use crate::position::Position;
use crate::segment::catalogue::{Catalogue, Collector, Facts, Touched, Wanted};
use crate::segment::error::Error;
use crate::segment::leaf::{LeafNo, Leaves};
use crate::segment::membership::Memberships;
use crate::segment::person::Seen;
use crate::segment::registry::{Build, Moment, Registry};
use crate::segment::rule::Rule;
use crate::time::Millis;
use std::collections::BTreeSet;

/// A rule beside the segments there are.
#[derive(Debug)]
pub struct Trial {
    catalogue: Catalogue,
    key: String,
    /// Leaves that the people's states have.
    known: BTreeSet<LeafNo>,
    /// The leaves that only history can fill.
    missing: Collector,
    lacks: Vec<String>,
    waits_for: Vec<Box<str>>,
}

impl Trial {
    /// Sets a rule beside those of a registry, under a key that nobody uses.
    ///
    /// # Errors
    /// As [`Registry::check`]: a segment that it refers to does not exist.
    pub fn new(registry: &Registry, rule: &Rule) -> Result<Trial, Error> {
        let mut beside = registry.clone();
        let referred = rule.segments();
        let is_free = |key: &String| registry.get(key).is_none() && !referred.contains(&**key);
        let key = (0..)
            .map(|n| format!("trial-{n}"))
            .find(is_free)
            .expect("keys do not end");
        // With somebody there already a new leaf has a past that is missing.
        let moment = Moment {
            position: Position::LAST,
            received: Millis::MAX,
            next_profile: ProfileNo(2),
        };
        let put = beside.put(&key, &key, rule.clone(), moment)?;
        let missing = beside.leaves_to_build(put.no);
        let lacks = beside.leaves().iter();
        let lacks = lacks
            .filter(|leaf| missing.contains(&leaf.no))
            .map(|leaf| leaf.spec.to_string());
        let is_building = |key: &&str| {
            let definition = registry.get(key);
            definition.is_some_and(|definition| definition.build != Build::Complete)
        };
        Ok(Trial {
            known: registry.leaves().iter().map(|leaf| leaf.no).collect(),
            lacks: lacks.collect(),
            waits_for: referred
                .into_iter()
                .filter(is_building)
                .map(Box::from)
                .collect(),
            catalogue: Catalogue::new(&beside),
            key,
            missing: Collector::of(&beside, &missing),
        })
    }

    /// What no state answers: conditions on events, as leaves are written.
    #[must_use]
    pub fn lacks(&self) -> &[String] {
        &self.lacks
    }

    /// Segments it refers to whose own members are still being found.
    #[must_use]
    pub fn waits_for(&self) -> &[Box<str>] {
        &self.waits_for
    }

    /// The events of somebody's history that it needs; none where their state answers all of it.
    #[must_use]
    pub fn wanted(&self) -> &Wanted {
        self.missing.wanted()
    }

    /// What somebody's leaves keep for it: those of the segments there are, and nothing that was
    /// collected since under a number that stands for another leaf here.
    #[must_use]
    pub fn leaves(&self, kept: &Leaves) -> Leaves {
        let mut leaves = kept.clone();
        leaves.retain(|no| self.known.contains(&no));
        leaves
    }

    /// Adds an event of history. Twice is once.
    pub fn add(&self, leaves: &mut Leaves, event: &Event) {
        self.missing.observe(leaves, &event.sighting());
    }

    /// Joins what history keeps of somebody to what their state does.
    pub fn unite(&self, leaves: &mut Leaves, from: &Leaves) {
        self.catalogue.unite(leaves, from, &mut Touched::default());
    }

    /// Whether the rule holds for somebody at `now`.
    #[must_use]
    pub fn holds(&self, person: &Facts<'_>, memberships: &Memberships, now: Millis) -> bool {
        let seen = Seen::new(person, self.catalogue.zone());
        let segment = self.catalogue.by_key(&self.key);
        segment.is_some_and(|segment| segment.tree.holds(&seen, memberships, now))
    }
}
