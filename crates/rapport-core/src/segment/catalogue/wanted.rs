//! Which events a scan of history must yield.

use crate::event::Kind;
use crate::segment::leaf::LeafSpec;
use crate::segment::rule::Happening;
use std::collections::BTreeSet;

/// Types and names of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Events of a type and a name.
    pub named: BTreeSet<(Kind, Box<str>)>,
    /// All events of a type.
    pub kinds: BTreeSet<Kind>,
    /// Whether any leaf looks into them: else their properties need not be read.
    pub content: bool,
}

impl Wanted {
    pub(super) fn add(&mut self, spec: &LeafSpec) {
        let Happening { kind, name } = &spec.happening;
        match name {
            Some(name) => self.named.insert((*kind, name.clone())),
            None => self.kinds.insert(*kind),
        };
        self.content |= spec.filter.is_some() || !spec.values.is_empty();
    }

    /// Whether nothing is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && self.kinds.is_empty()
    }

    /// Whether events of this type and name are.
    #[must_use]
    pub fn has(&self, kind: Kind, name: &str) -> bool {
        self.kinds.contains(&kind) || self.named.iter().any(|(k, n)| *k == kind && **n == *name)
    }
}
