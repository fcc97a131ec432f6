//! Which events a scan of history must yield.

use crate::event::Kind;
use crate::segment::rule::Happening;
use std::collections::BTreeSet;

/// Types and names of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Events of a type and a name.
    pub named: BTreeSet<(Kind, Box<str>)>,
    /// All events of a type.
    pub kinds: BTreeSet<Kind>,
}

impl Wanted {
    pub(super) fn of<'a>(happenings: impl Iterator<Item = &'a Happening>) -> Wanted {
        let mut wanted = Wanted::default();
        for Happening { kind, name } in happenings {
            match name {
                Some(name) => wanted.named.insert((*kind, name.clone())),
                None => wanted.kinds.insert(*kind),
            };
        }
        wanted
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
