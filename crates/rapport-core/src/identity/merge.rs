//! Makes two profiles one: the lower number lives on, the higher redirects for ever.

use crate::identity::journal::{self, MergeCause, What};
use crate::identity::policy::Policy;
use crate::identity::{Link, ProfileNo};
use crate::people::People;
use crate::position::Position;
use crate::profile::{Profile, company, contact};
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
    people.touch_contact(survivor, place.received);
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
    // Of two undos the earlier counts: what it gave is in nothing that was built since.
    into.moved_from.dedup_by_key(|(number, _)| *number);
    into.vacated.extend_from_slice(&from.vacated);
    into.vacated.sort_unstable();
    into.vacated.dedup();
    into.first_seen = into.first_seen.min(from.first_seen);
    into.last_seen = into.last_seen.max(from.last_seen);
    into.attributes
        .unite(from.attributes.clone(), attributes_max);
    company::unite(&mut into.companies, &from.companies);
    contact::unite(&mut into.contact, from.contact);
}

/// Sorts links into the order they were attached in; those of one entry by identifier.
pub(crate) fn sort_links(links: &mut [Link]) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::SourceNo;
    use crate::identity::{IdKind, Identifier, Trust};
    use crate::profile::company::CompanyLink;

    fn person(number: u64, cause: u64, trust: Trust) -> Profile {
        let birth = Position::event(number, 0);
        let mut profile = Profile::born(ProfileNo(number), birth, Millis(number as i64));
        let cause = Position::event(cause, 0);
        profile.links.push(Link {
            identifier: Identifier::new(IdKind::Email, "ana@example.org"),
            cause,
            source: Some(SourceNo(1)),
            since: Millis(0),
            trust,
        });
        let link = CompanyLink {
            cause,
            id: "acme".into(),
            since: Millis(0),
        };
        profile.companies.push(link);
        profile
    }

    #[test]
    fn of_two_links_the_earlier_cause_stays_with_the_higher_trust() {
        let (early, late) = (person(1, 3, Trust::Claimed), person(2, 7, Trust::Confirmed));
        for (mut into, from) in [(early.clone(), late.clone()), (late, early)] {
            unite(&mut into, &from, 1_000);
            assert_eq!(into.links.len(), 1);
            let link = &into.links[0];
            assert_eq!(
                (link.cause, link.trust),
                (Position::event(3, 0), Trust::Confirmed)
            );
            assert_eq!(into.companies.len(), 1);
            assert_eq!(into.companies[0].cause, Position::event(3, 0));
            assert_eq!((into.first_seen, into.last_seen), (Millis(1), Millis(2)));
        }
    }

    #[test]
    fn numbers_absorbed_by_the_absorbed_come_along() {
        let mut into = person(1, 3, Trust::Seen);
        let mut from = person(4, 7, Trust::Seen);
        from.absorbed = vec![(ProfileNo(9), Position::event(9, 0))];
        from.moved_from = vec![(ProfileNo(7), Position::command(8, 1))];
        unite(&mut into, &from, 1_000);
        assert_eq!(into.numbers(), [ProfileNo(1), ProfileNo(4), ProfileNo(9)]);
        assert_eq!(into.absorbed[0], (ProfileNo(4), Position::event(4, 0)));
        assert_eq!(into.moved_from, from.moved_from);
    }
}
