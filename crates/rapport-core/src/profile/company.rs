//! Companies: group profiles, and which people belong to them.

use crate::event::{Event, Kind};
use crate::identity::ProfileNo;
use crate::identity::policy::Policy;
use crate::people::People;
use crate::position::Position;
use crate::profile::attributes::{Attributes, Writing};
use crate::profile::reserved;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// The longest id of a company, in bytes (Segment's limit).
pub const ID_BYTES_MAX: usize = 500;
/// The most companies one person may belong to; further links are not made.
pub const LINKS_MAX: usize = 1_000;

/// A company, as group calls describe it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Company {
    /// The group id, trimmed.
    pub id: Box<str>,
    /// Its attributes with their provenance.
    pub attributes: Attributes,
    /// Earliest `at` of its events.
    pub first_seen: Millis,
    /// Latest `at` of its events.
    pub last_seen: Millis,
}

/// Why a person belongs to a company.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CompanyLink {
    /// The entry that made the link first.
    pub cause: Position,
    /// The company's id.
    pub id: Box<str>,
    /// When that entry was received.
    pub since: Millis,
}

impl Company {
    /// A company that an event has just named.
    #[must_use]
    pub fn new(id: &str, seen: Millis) -> Company {
        Company {
            id: id.into(),
            attributes: Attributes::default(),
            first_seen: seen,
            last_seen: seen,
        }
    }
}

/// The company an event names, if it is a group call with a usable id.
#[must_use]
pub fn of(event: &Event) -> Option<&str> {
    let id = event.group.as_deref()?.trim();
    let usable = event.kind == Kind::Group && !id.is_empty() && id.len() <= ID_BYTES_MAX;
    usable.then_some(id)
}

/// Folds a group call into its company and links the person to it. Other events do nothing.
pub fn apply(policy: &Policy, people: &mut People, person: ProfileNo, event: &Event) {
    describe(policy, people, event);
    if let Some(id) = of(event) {
        link(people, person, id, event);
    }
}

/// Folds a group call into its company, whoever made it. Other events do nothing.
pub fn describe(policy: &Policy, people: &mut People, event: &Event) {
    let Some(id) = of(event) else {
        return;
    };
    let company = people.company_mut(id, event.at);
    company.first_seen = company.first_seen.min(event.at);
    company.last_seen = company.last_seen.max(event.at);
    let writing = Writing::of(policy, event);
    for (name, value) in reserved::traits_of(event) {
        company.attributes.write(&name, value, &writing);
    }
}

/// Takes in the company links of an absorbed profile: of two links to one company the earlier stays.
pub fn unite(into: &mut Vec<CompanyLink>, from: &[CompanyLink]) {
    into.extend_from_slice(from);
    into.sort_unstable_by(|a, b| (&a.id, a.cause).cmp(&(&b.id, b.cause)));
    into.dedup_by(|later, earlier| later.id == earlier.id);
    into.sort_unstable();
    into.truncate(LINKS_MAX);
}

fn link(people: &mut People, person: ProfileNo, id: &str, event: &Event) {
    let Some(profile) = people.profile_mut(person) else {
        return;
    };
    let known = profile.companies.iter().any(|link| &*link.id == id);
    if !known && profile.companies.len() < LINKS_MAX {
        let link = CompanyLink {
            cause: event.position,
            id: id.into(),
            since: event.received,
        };
        profile.companies.push(link);
    }
}
