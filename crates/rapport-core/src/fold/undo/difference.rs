//! What an undo changed: in the member lists by number, for those who hear of it by identifier.
//!
//! Whoever listens knows people by their identifiers, and an undo gives identifiers to somebody
//! else. So it is told of every identifier whose person is in a segment now and was not, or the
//! other way round, and of nothing else.

use super::super::{Change, Listed, Member, Why};
use crate::identity::{Identifier, ProfileNo};
use crate::people::People;
use crate::position::Position;
use crate::profile::Profile;
use crate::segment::membership::SegmentNo;
use crate::time::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// The changes the world hears of, and those of the member lists.
pub(super) fn of(
    before: &[Profile],
    people: &People,
    cause: Position,
    now: Millis,
) -> (Vec<Change>, Vec<Listed>) {
    let news = News::new(before, people);
    let mut changes = Vec::new();
    let mut tell = |person, segment, member, about: Option<Vec<Identifier>>| {
        changes.push(Change {
            person,
            segment,
            member,
            at: now,
            cause,
            why: Why::Member,
            about: about.map(Into::into),
        });
    };
    for segment in news.segments(before, people) {
        let mut left = news.without_person(segment);
        for profile in people.profiles() {
            let (member, about) = match news.of(profile, segment) {
                Some(told) => told,
                None => continue,
            };
            let rest = match member {
                Member::Out => left.remove(&profile.number).unwrap_or_default(),
                Member::In => Vec::new(),
            };
            let about = match (about, rest.is_empty()) {
                (about, true) => about,
                (None, false) => Some(identifiers(profile).cloned().chain(rest).collect()),
                (Some(about), false) => Some(about.into_iter().chain(rest).collect()),
            };
            tell(profile.number, segment, member, about);
        }
        for (person, names) in left {
            tell(person, segment, Member::Out, Some(names));
        }
    }
    (changes, listed(before, people, cause, now))
}

/// Who was who, and who is.
struct News<'a> {
    before: BTreeMap<ProfileNo, &'a Profile>,
    owners: BTreeMap<&'a Identifier, &'a Profile>,
    held: BTreeSet<&'a Identifier>,
}

impl<'a> News<'a> {
    fn new(before: &'a [Profile], people: &'a People) -> News<'a> {
        let owned = |profile: &'a Profile| identifiers(profile).map(move |one| (one, profile));
        News {
            before: before.iter().map(|one| (one.number, one)).collect(),
            owners: before.iter().flat_map(owned).collect(),
            held: people.profiles().flat_map(identifiers).collect(),
        }
    }

    fn segments(&self, before: &[Profile], people: &People) -> BTreeSet<SegmentNo> {
        let all = before.iter().chain(people.profiles());
        all.flat_map(|profile| profile.memberships.iter())
            .map(|membership| membership.segment)
            .collect()
    }

    /// What is told of a person: everything they go by, or only some of it; `None` for nothing.
    fn of(
        &self,
        profile: &Profile,
        segment: SegmentNo,
    ) -> Option<(Member, Option<Vec<Identifier>>)> {
        let is_in = profile.memberships.contains(segment);
        let member = if is_in { Member::In } else { Member::Out };
        let was_in = self
            .before
            .get(&profile.number)
            .map(|before| before.memberships.contains(segment));
        if was_in.unwrap_or(false) != is_in {
            return Some((member, None));
        }
        let is_news = |one: &&Identifier| {
            let owner = self.owners.get(*one);
            owner.is_some_and(|owner| owner.memberships.contains(segment) != is_in)
        };
        let news: Vec<Identifier> = identifiers(profile).filter(is_news).cloned().collect();
        (!news.is_empty()).then_some((member, Some(news)))
    }

    /// Identifiers of members that nobody has any more, by whose they were.
    fn without_person(&self, segment: SegmentNo) -> BTreeMap<ProfileNo, Vec<Identifier>> {
        let mut left: BTreeMap<ProfileNo, Vec<Identifier>> = BTreeMap::new();
        for (identifier, owner) in &self.owners {
            if !self.held.contains(identifier) && owner.memberships.contains(segment) {
                left.entry(owner.number)
                    .or_default()
                    .push(Identifier::clone(identifier));
            }
        }
        left
    }
}

fn identifiers(profile: &Profile) -> impl Iterator<Item = &Identifier> {
    profile.links.iter().map(|link| &link.identifier)
}

fn listed(before: &[Profile], people: &People, cause: Position, now: Millis) -> Vec<Listed> {
    let rows = |profile: &Profile| {
        let person = profile.number;
        let row = |segment| (segment, person);
        let segments = profile.memberships.iter().map(|one| one.segment);
        segments.map(row).collect::<Vec<_>>()
    };
    let old: BTreeSet<_> = before.iter().flat_map(rows).collect();
    let new: BTreeSet<_> = people.profiles().flat_map(rows).collect();
    let out = old.difference(&new).map(|row| (row, Member::Out));
    let within = new.difference(&old).map(|row| (row, Member::In));
    out.chain(within)
        .map(|(&(segment, person), member)| Listed {
            segment,
            person,
            member,
            at: now,
            cause,
            why: Why::Member,
        })
        .collect()
}
