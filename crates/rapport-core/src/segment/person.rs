//! What a rule is held against: a person, as the fold knows them.

use crate::identity::ProfileNo;
use crate::position::Position;
use crate::profile::attributes::Attributes;
use crate::profile::company::CompanyLink;
use crate::segment::leaf::Leaves;
use crate::segment::operator::{Clock, Test};
use crate::segment::zone::{self, Zone};
use crate::time::Millis;
use std::cell::OnceCell;

/// What segments ask of a person, memberships apart.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The number.
    pub number: ProfileNo,
    /// Every number under which history may have events of the person, with the entry that brought
    /// it: the birth of whom it was given to, or an undo.
    pub numbers: &'a [(ProfileNo, Position)],
    /// The attributes.
    pub attributes: &'a dyn Named,
    /// The companies they belong to.
    pub companies: &'a [CompanyLink],
    /// What the leaves keep.
    pub leaves: &'a Leaves,
}

/// Attributes, seen as raw JSON by name.
pub trait Named {
    /// The value of this name.
    fn raw(&self, name: &str) -> Option<&str>;

    /// Since when it has this value, or none after it was cleared; `None` where nobody ever said.
    fn since(&self, name: &str) -> Option<Millis>;
}

impl Named for Attributes {
    fn raw(&self, name: &str) -> Option<&str> {
        self.get(name)
    }

    fn since(&self, name: &str) -> Option<Millis> {
        Some(self.attribute(name)?.winner().changed().at())
    }
}

/// A person, seen by conditions.
pub(super) struct Seen<'a> {
    pub(super) facts: &'a Facts<'a>,
    workspace: &'a Zone,
    own: OnceCell<Option<Zone>>,
}

impl<'a> Seen<'a> {
    pub(super) fn new(facts: &'a Facts<'a>, workspace: &'a Zone) -> Seen<'a> {
        Seen {
            facts,
            workspace,
            own: OnceCell::new(),
        }
    }

    /// The person's time zone: the one that an attribute says, else the workspace's.
    pub(super) fn zone(&self) -> &Zone {
        let own = self
            .own
            .get_or_init(|| Zone::of_attribute(self.facts.attributes.raw(zone::ATTRIBUTE)));
        own.as_ref().unwrap_or(self.workspace)
    }

    /// The clock by which a test is made; only those that move with it ask for the person's zone.
    pub(super) fn clock(&self, now: Millis, test: &Test) -> Clock<'_> {
        let zone = match test.is_timed() {
            true => self.zone(),
            false => self.workspace,
        };
        Clock { now, zone }
    }
}
