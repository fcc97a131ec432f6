//! Some leaves alone, to be given events of history: nothing else of the catalogue is looked at.

use super::compile;
use super::compiled::Leaf;
use super::index::Index;
use super::{Wanted, give};
use crate::event::Sighting;
use crate::segment::leaf::{LeafNo, Leaves};
use crate::segment::registry::Registry;
use std::collections::BTreeSet;

/// Some leaves of a registry.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    leaves: Vec<Leaf>,
    index: Index,
    wanted: Wanted,
}

impl Collector {
    /// The leaves of these numbers.
    #[must_use]
    pub fn of(registry: &Registry, only: &BTreeSet<LeafNo>) -> Collector {
        let mut collector = Collector::default();
        let records = registry.leaves().iter();
        for record in records.filter(|record| only.contains(&record.no)) {
            let slots = collector.index.add(collector.leaves.len(), &record.spec);
            collector.leaves.push(compile::leaf(record, &slots));
            collector.wanted.add(&record.spec);
        }
        collector.index.finish();
        collector
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// The events that a scan of history must yield.
    #[must_use]
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Gives an event to each leaf that it belongs to.
    pub fn observe(&self, leaves: &mut Leaves, event: &Sighting<'_>) {
        give(&self.index, &self.leaves, event, leaves, |_| true, |_| {});
    }
}
