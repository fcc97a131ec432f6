//! The one record of a person: anonymous until an identifier says otherwise.

use crate::identity::{IdKind, Identifier, Link, ProfileNo, Trust};
use crate::position::Position;
use crate::profile::attributes::Attributes;
use crate::profile::company::CompanyLink;
use crate::profile::contact::Contact;
use crate::segment::leaf::Leaves;
use crate::segment::membership::Memberships;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

pub mod apply;
pub mod attributes;
pub mod company;
pub mod contact;
pub mod reserved;
mod weight;

/// A person, as folded so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Its number.
    pub number: ProfileNo,
    /// The entry that made it; names the person in every fold of the same entries.
    pub birth: Position,
    /// Numbers (and births) of the profiles merged into this one, ascending by number.
    pub absorbed: Vec<(ProfileNo, Position)>,
    /// Numbers under which history holds events of this person besides its own and the absorbed
    /// ones, ascending, each with the undo that gave it those.
    pub moved_from: Vec<(ProfileNo, Position)>,
    /// Earliest `at` of its events.
    pub first_seen: Millis,
    /// Latest `at` of its events.
    pub last_seen: Millis,
    /// Its identifiers and why it has them, in the order attached.
    pub links: Vec<Link>,
    /// Its attributes with their provenance.
    pub attributes: Attributes,
    /// The companies it belongs to.
    pub companies: Vec<CompanyLink>,
    /// What the segments' leaves keep of its events.
    pub leaves: Leaves,
    /// The segments it is in.
    pub memberships: Memberships,
    /// The moment its timer row stands at, if it has one.
    pub armed: Option<Millis>,
    /// Numbers (and births) of profiles that an undo made superfluous, ascending by number: what
    /// made them is this person's now, so they lead here. They are in `moved_from`, too.
    pub vacated: Vec<(ProfileNo, Position)>,
    /// Since when it is a contact, if it is one.
    pub contact: Option<Contact>,
}

impl Profile {
    /// A profile that an entry has just made.
    #[must_use]
    pub fn born(number: ProfileNo, birth: Position, seen: Millis) -> Profile {
        Profile {
            number,
            birth,
            absorbed: Vec::new(),
            moved_from: Vec::new(),
            first_seen: seen,
            last_seen: seen,
            links: Vec::new(),
            attributes: Attributes::default(),
            companies: Vec::new(),
            leaves: Leaves::default(),
            memberships: Memberships::default(),
            armed: None,
            vacated: Vec::new(),
            contact: None,
        }
    }

    /// This profile's number and those it absorbed, ascending.
    #[must_use]
    pub fn numbers(&self) -> Vec<ProfileNo> {
        let mut numbers: Vec<_> = self.absorbed.iter().map(|(number, _)| *number).collect();
        numbers.push(self.number);
        numbers.sort_unstable();
        numbers
    }

    /// Every number under which history may hold events of this person, ascending.
    #[must_use]
    pub fn origins(&self) -> Vec<ProfileNo> {
        let mut origins = self.numbers();
        origins.extend(self.moved_from.iter().map(|(number, _)| *number));
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    /// The same, each with the entry that brought it: the birth of whom it was given to, or the
    /// undo. A number may be there twice.
    #[must_use]
    pub fn origins_since(&self) -> Vec<(ProfileNo, Position)> {
        let mut origins = self.absorbed.clone();
        origins.push((self.number, self.birth));
        origins.extend(&self.moved_from);
        origins.sort_unstable();
        origins
    }

    /// Whether it has a user id.
    #[must_use]
    pub fn has_user_id(&self) -> bool {
        self.links
            .iter()
            .any(|link| link.identifier.kind == IdKind::UserId)
    }

    /// Whether it is *known*: it has a user id, or an e-mail or phone that a server key or a
    /// member said.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.links.iter().any(|link| match link.identifier.kind {
            IdKind::UserId => true,
            IdKind::Email | IdKind::Phone => link.trust == Trust::Confirmed,
            _ => false,
        })
    }

    /// How one of its identifiers is vouched for; `None` where it has not got it.
    #[must_use]
    pub fn trust(&self, identifier: &Identifier) -> Option<Trust> {
        let link = self
            .links
            .iter()
            .find(|link| link.identifier == *identifier)?;
        Some(link.trust)
    }
}
