//! Contacts: known profiles as records, and what a contact's values mean for its profile.
//!
//! A contact's row is a projection of its profile ([`project`]): the attributes that count, and
//! the identifiers. What a caller writes to a contact is said of the profile
//! ([`says`]), by a member, under the rules for attributes and identifiers; afterwards the
//! projection is made again.

use crate::crm::PropertyNo;
use crate::crm::object::ObjectType;
use crate::crm::property::Property;
use crate::crm::value::Value;
use crate::crm::write::Change;
use crate::identity::IdKind;
use crate::profile::Profile;
use std::collections::BTreeMap;

mod map;
mod project;
mod say;

pub use map::{Mapped, attribute_of, mapped};
pub use project::project;
pub use say::says;

/// The property that shows a contact's user ids.
pub const USER_ID: &str = "rapport_user_id";
/// The property that shows a contact's first e-mail address.
pub const EMAIL: &str = "email";
/// The property that shows the others, between semicolons.
pub const MORE_EMAILS: &str = "hs_additional_emails";
/// The property that shows a contact's first phone number.
pub const PHONE: &str = "phone";
/// The property that shows what stands behind the `@` of the first address.
pub const EMAIL_DOMAIN: &str = "hs_email_domain";
/// The property of a company that holds the id its group calls name.
pub const GROUP_ID: &str = "rapport_group_id";

/// What writing a contact says of its profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// An attribute is this, as JSON; `null` clears it.
    Attribute {
        /// Its name.
        name: Box<str>,
        /// Its value.
        json: Box<str>,
    },
    /// The profile has this identifier instead of the one it had for the property.
    Identifier {
        /// Of which kind.
        kind: IdKind,
        /// What the property showed before, as the record had it.
        old: Option<Box<str>>,
        /// What it is to be, as sent; `None` where it is cleared.
        new: Option<Box<str>>,
    },
}

/// The values of a contact's row.
pub type Projected = BTreeMap<PropertyNo, Value>;

/// Whether a profile is a contact at all.
#[must_use]
pub fn is_contact(profile: &Profile) -> bool {
    profile.is_known()
}

/// Whether a property of contacts shows what its profile has. Others (calculated ones, facts, what
/// rules and activities set) are kept in the row alone.
#[must_use]
pub fn is_projected(property: &Property) -> bool {
    let is_named = [MORE_EMAILS, USER_ID, EMAIL_DOMAIN].contains(&&*property.name);
    property.fact.is_none() && (is_named || property.is_writable())
}

/// What changes in a row when its profile's projection goes from one to the next. What the row
/// alone keeps stays.
#[must_use]
pub fn difference(object: &ObjectType, before: &Projected, after: &Projected) -> Change {
    let mut change = Change::default();
    for property in object.properties.values().filter(|one| is_projected(one)) {
        let (old, new) = (before.get(&property.no), after.get(&property.no));
        if old != new {
            change.values.insert(property.no, new.cloned());
        }
    }
    change
}

/// The part of a change that is the row's alone.
#[must_use]
pub fn kept(object: &ObjectType, change: &Change) -> Change {
    let is_kept = |no: &PropertyNo| {
        let property = object.properties.get(no);
        property.is_some_and(|property| !is_projected(property))
    };
    let values = change.values.iter().filter(|(no, _)| is_kept(no));
    Change {
        values: values.map(|(no, value)| (*no, value.clone())).collect(),
    }
}

#[cfg(test)]
mod tests;
