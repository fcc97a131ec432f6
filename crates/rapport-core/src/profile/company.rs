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

/// What is other of a company after a group call.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// Its id.
    pub id: Box<str>,
    /// The attributes that are others now, with their raw JSON values.
    pub changed: Vec<(Box<str>, Option<Box<str>>)>,
    /// Whether the person belongs to it since this call.
    pub joined: bool,
}

/// Folds a group call into its company and links the person to it. Other events do nothing.
/// Returns what is other now, `None` where nothing is.
pub fn apply(
    policy: &Policy,
    people: &mut People,
    person: ProfileNo,
    event: &Event,
) -> Option<Described> {
    let described = describe(policy, people, event);
    let id = of(event)?;
    if !link(people, person, id, event) {
        return described;
    }
    let changed = described.map(|described| described.changed);
    Some(Described {
        id: id.into(),
        changed: changed.unwrap_or_default(),
        joined: true,
    })
}

/// Folds a group call into its company, whoever made it. Other events do nothing. Returns what is
/// other now, `None` where nothing is.
pub fn describe(policy: &Policy, people: &mut People, event: &Event) -> Option<Described> {
    let id = of(event)?;
    let is_new = people.company(id).is_none();
    let company = people.company_mut(id, event.at);
    company.first_seen = company.first_seen.min(event.at);
    company.last_seen = company.last_seen.max(event.at);
    let writing = Writing::of(policy, event);
    let mut changed: Vec<(Box<str>, Option<Box<str>>)> = Vec::new();
    for (name, value) in reserved::traits_of(event) {
        if company.attributes.write(&name, value, &writing) {
            let value = company.attributes.get(&name).map(Box::from);
            changed.push((Box::from(&*name), value));
        }
    }
    let is_other = is_new || !changed.is_empty();
    is_other.then(|| Described {
        id: id.into(),
        changed,
        joined: false,
    })
}

/// Takes in the company links of an absorbed profile: of two links to one company the earlier stays.
pub fn unite(into: &mut Vec<CompanyLink>, from: &[CompanyLink]) {
    into.extend_from_slice(from);
    into.sort_unstable_by(|a, b| (&a.id, a.cause).cmp(&(&b.id, b.cause)));
    into.dedup_by(|later, earlier| later.id == earlier.id);
    into.sort_unstable();
    into.truncate(LINKS_MAX);
}

/// Links a person to a company; whether that is new.
fn link(people: &mut People, person: ProfileNo, id: &str, event: &Event) -> bool {
    let Some(profile) = people.profile_mut(person) else {
        return false;
    };
    let known = profile.companies.iter().any(|link| &*link.id == id);
    let is_new = !known && profile.companies.len() < LINKS_MAX;
    if is_new {
        let link = CompanyLink {
            cause: event.position,
            id: id.into(),
            since: event.received,
        };
        profile.companies.push(link);
    }
    is_new
}
