//! Whether PostHog's one id names a person or a visitor.
//!
//! Evidence, the most telling first; the rule is the same for every event, so that the events of
//! one SDK before and after `$identify` meet in one profile whatever their order:
//! 1. `$identify` names the person, and in `$anon_distinct_id` the visitor they were.
//! 2. `$user_id` names the person; a `distinct_id` beside it that differs is the visitor's.
//! 3. `$is_identified` says it.
//! 4. `$process_person_profile: false` means that nobody is known.
//! 5. A `$device_id` equal to the `distinct_id` is a visitor's, one that differs is beside a person.
//! 6. Without any of these a server names people by its own ids, and in a browser or an app an
//!    id that looks made by an SDK (a UUID) is a visitor's.

use super::item::Properties;
use crate::event::KeyKind;
use crate::identity::{IdKind, Identifier};

/// Whose id a `distinct_id` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// A person's, by which the customer's own systems know them.
    Person,
    /// A visitor's, made by an SDK.
    Visitor,
}

impl Whose {
    /// What the properties of an event say of its `distinct_id`.
    pub(super) fn of(distinct: &str, properties: &Properties<'_>, key_kind: KeyKind) -> Whose {
        let said = |is_person| {
            if is_person {
                Whose::Person
            } else {
                Whose::Visitor
            }
        };
        if let Some(user) = &properties.user_id {
            return said(user == distinct);
        }
        if let Some(is_identified) = properties.is_identified {
            return said(is_identified);
        }
        if properties.has_person == Some(false) {
            return Whose::Visitor;
        }
        if let Some(device) = &properties.device_id {
            return said(device != distinct);
        }
        said(key_kind == KeyKind::Server || !is_made(distinct))
    }

    /// The identifiers of an event by this person or visitor.
    pub(super) fn identifiers(self, distinct: &str, user: Option<&str>) -> Vec<Identifier> {
        let person = match self {
            Whose::Person => Some(distinct),
            Whose::Visitor => user,
        };
        let visitor = (self == Whose::Visitor).then_some(distinct);
        let person = person.map(|id| Identifier::new(IdKind::UserId, id));
        let visitor = visitor.map(|id| Identifier::new(IdKind::AnonymousId, id));
        person.into_iter().chain(visitor).collect()
    }
}

/// The identifiers of an `$identify`.
pub(super) fn identified(distinct: &str, anonymous: Option<&str>) -> Vec<Identifier> {
    let anonymous = anonymous.filter(|id| *id != distinct);
    let anonymous = anonymous.map(|id| Identifier::new(IdKind::AnonymousId, id));
    let person = Identifier::new(IdKind::UserId, distinct);
    std::iter::once(person).chain(anonymous).collect()
}

/// Whether an id looks made by an SDK: a UUID, or the older form of five or more hexadecimal
/// groups (`17c7e2a5b1c2d3-0e1f2a3b4c5d6e-1c306851-1aeaa0-17c7e2a5b1d9f2`).
pub(super) fn is_made(id: &str) -> bool {
    let is_hex = |group: &str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_hexdigit());
    let groups: Vec<&str> = id.split('-').collect();
    if groups.len() != 5 || !groups.iter().all(|group| is_hex(group)) {
        return false;
    }
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] || (lengths[0] >= 13 && lengths[1] >= 13 && lengths[4] >= 13)
}
