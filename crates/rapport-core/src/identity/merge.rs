//! Makes two profiles one: the lower number lives on, the higher redirects for ever.

use crate::identity::journal::{self, MergeCause, What};
use crate::identity::policy::Policy;
use crate::identity::{Link, ProfileNo};
use crate::people::People;
use crate::position::Position;
use crate::profile::{Profile, company};
use crate::time::Millis;

/// The entry a merge happens in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its position.
    pub position: Position,
    /// When it was received.
    pub received: Millis,
}

/// Joins two profiles, whatever limits and vetoes say: those are [`resolve`](super::resolve)'s to
/// ask. Returns the absorbed profile as it was; the survivor has its identifiers, numbers,
/// attributes and companies by then, but not yet its leaves and memberships. `None` where both
/// are one already, or one is not in the working set.
pub fn merge(
    policy: &Policy,
    people: &mut People,
    pair: (ProfileNo, ProfileNo),
    cause: MergeCause,
    place: Place,
    journal: &mut Vec<journal::Record>,
) -> Option<Profile> {
    let (survivor, absorbed) = (pair.0.min(pair.1), pair.0.max(pair.1));
    if survivor == absorbed || people.profile(survivor).is_none() {
        return None;
    }
    let absorbed = people.absorb(absorbed, survivor)?;
    for link in &absorbed.links {
        people.set_owner(&link.identifier, Some(survivor));
    }
    let into = people.profile_mut(survivor)?;
    unite(into, &absorbed, policy.attributes_max as usize);
    let what = What::Merged {
        survivor,
        survivor_birth: into.birth,
        absorbed: absorbed.number,
        absorbed_birth: absorbed.birth,
        cause,
    };
    journal.push(journal::Record {
        place: place.position,
        received: place.received,
        what,
    });
    Some(absorbed)
}

/// Takes another profile's identifiers, numbers, attributes, companies and seen times into one;
/// which of three profiles are united first makes no difference. Leaves and memberships are not
/// touched.
pub fn unite(into: &mut Profile, from: &Profile, attributes_max: usize) {
    unite_links(&mut into.links, &from.links);
    into.absorbed.push((from.number, from.birth));
    into.absorbed.extend_from_slice(&from.absorbed);
    into.absorbed.sort_unstable();
    into.absorbed.dedup();
    into.moved_from.extend_from_slice(&from.moved_from);
    into.moved_from.sort_unstable();
    into.moved_from.dedup();
    into.first_seen = into.first_seen.min(from.first_seen);
    into.last_seen = into.last_seen.max(from.last_seen);
    into.attributes
        .unite(from.attributes.clone(), attributes_max);
    company::unite(&mut into.companies, &from.companies);
}

/// Sorts links into the order they were attached in; those of one entry by identifier.
pub(super) fn sort_links(links: &mut [Link]) {
    links.sort_unstable_by(|a, b| (a.cause, &a.identifier).cmp(&(b.cause, &b.identifier)));
}

/// Of two links of one identifier the earlier cause stays, with the higher trust.
fn unite_links(into: &mut Vec<Link>, from: &[Link]) {
    into.extend_from_slice(from);
    into.sort_unstable_by(|a, b| (&a.identifier, a.cause).cmp(&(&b.identifier, b.cause)));
    into.dedup_by(|later, earlier| {
        let same = later.identifier == earlier.identifier;
        if same {
            earlier.trust = earlier.trust.max(later.trust);
        }
        same
    });
    sort_links(into);
}
