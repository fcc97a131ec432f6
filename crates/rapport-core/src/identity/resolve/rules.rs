//! What identifiers and profiles may become one person: limits, trust and vetoes.

use super::candidate::{Candidate, Role};
use super::{Event, IdKind, KeyKind, Kind, People, Policy, Profile, ProfileNo, RefusalWhy, Trust};
use crate::identity::veto::Vetoes;
use std::collections::BTreeMap;

/// The profile an event's identifiers would make together, while they are added one by one.
pub(super) struct Union<'a> {
    policy: &'a Policy,
    vetoes: &'a Vetoes,
    people: &'a People,
    event: &'a Event,
    found: Vec<&'a Profile>,
    /// Identifiers it would hold, by kind.
    counts: BTreeMap<IdKind, usize>,
    total: usize,
}

impl<'a> Union<'a> {
    /// Nobody yet.
    pub(super) fn new(
        policy: &'a Policy,
        vetoes: &'a Vetoes,
        people: &'a People,
        event: &'a Event,
    ) -> Union<'a> {
        let (found, counts) = (Vec::new(), BTreeMap::new());
        Union {
            policy,
            vetoes,
            people,
            event,
            found,
            counts,
            total: 0,
        }
    }

    /// Starts with a profile as it stands.
    pub(super) fn start_with(&mut self, number: ProfileNo) {
        self.take(self.loaded(number));
    }

    /// The profiles found.
    pub(super) fn into_numbers(self) -> Vec<ProfileNo> {
        self.found.iter().map(|profile| profile.number).collect()
    }

    /// Adds an identifier, with the profile it belongs to, unless that breaks a rule.
    pub(super) fn add(&mut self, candidate: &Candidate) -> Result<(), RefusalWhy> {
        if candidate.role == Role::ForeignUserId {
            return Err(RefusalWhy::AliasNeedsServerKey);
        }
        let Some(owner) = candidate.owner else {
            self.check_room(&candidate.identifier.kind)?;
            self.count(&candidate.identifier.kind);
            return Ok(());
        };
        if self.found.iter().any(|profile| profile.number == owner) {
            return Ok(());
        }
        let profile = self.loaded(owner);
        if self.total > 0 {
            self.check_profile(profile, candidate)?;
        }
        self.take(profile);
        Ok(())
    }

    fn loaded(&self, number: ProfileNo) -> &'a Profile {
        // Going on without it would give one person two profiles, so this invariant of the
        // working set is worth stopping for.
        self.people
            .profile(number)
            .expect("the shell loads the profile of every owner it inserts")
    }

    fn take(&mut self, profile: &'a Profile) {
        for link in &profile.links {
            self.count(&link.identifier.kind);
        }
        self.found.push(profile);
    }

    fn count(&mut self, kind: &IdKind) {
        self.total += 1;
        match self.counts.get_mut(kind) {
            Some(count) => *count += 1,
            None => drop(self.counts.insert(kind.clone(), 1)),
        }
    }

    fn check_room(&self, kind: &IdKind) -> Result<(), RefusalWhy> {
        let held = self.counts.get(kind).copied().unwrap_or(0);
        let full =
            held >= self.policy.limit(kind) || self.total >= self.policy.identifiers_max as usize;
        if full { Err(RefusalWhy::Limit) } else { Ok(()) }
    }

    fn check_profile(&self, other: &Profile, candidate: &Candidate) -> Result<(), RefusalWhy> {
        if self
            .found
            .iter()
            .any(|profile| !self.vetoes.allow(profile, other))
        {
            return Err(RefusalWhy::Vetoed);
        }
        let joins_user_ids = self.may_join_user_ids(candidate);
        let with_user_id = self.found.iter().any(|profile| profile.has_user_id());
        if with_user_id && other.has_user_id() && !joins_user_ids {
            return Err(RefusalWhy::TwoUserIds);
        }
        if self.event.key_kind == KeyKind::Browser {
            self.check_browser(other, candidate)?;
        }
        self.check_limits(other, joins_user_ids)
    }

    /// An alias with a server key joins its user id and the previous one: the one event that may.
    fn may_join_user_ids(&self, candidate: &Candidate) -> bool {
        self.event.kind == Kind::Alias
            && self.event.key_kind == KeyKind::Server
            && candidate.role == Role::Previous
            && candidate.identifier.kind == IdKind::UserId
    }

    fn check_browser(&self, other: &Profile, candidate: &Candidate) -> Result<(), RefusalWhy> {
        if other.is_known() && self.found.iter().any(|profile| profile.is_known()) {
            return Err(RefusalWhy::TwoKnown);
        }
        // Knowing somebody's address is no proof of being them: a user id that does not exist
        // yet must fare as it would had its first page view come before.
        let identifier = &candidate.identifier;
        let claims = Trust::of(&identifier.kind, KeyKind::Browser) == Trust::Claimed;
        let confirmed = other.trust(identifier) == Some(Trust::Confirmed);
        if claims && confirmed && self.counts.contains_key(&IdKind::UserId) {
            return Err(RefusalWhy::Claimed);
        }
        Ok(())
    }

    /// A kind exceeds its limit only where both sides bring some: what a member or an alias
    /// already allowed one profile to hold is not this event's doing.
    fn check_limits(&self, other: &Profile, joins_user_ids: bool) -> Result<(), RefusalWhy> {
        if self.total + other.links.len() > self.policy.identifiers_max as usize {
            return Err(RefusalWhy::Limit);
        }
        for (kind, held) in &self.counts {
            let exempt = joins_user_ids && *kind == IdKind::UserId;
            let brought = other
                .links
                .iter()
                .filter(|link| link.identifier.kind == *kind)
                .count();
            if !exempt && brought > 0 && held + brought > self.policy.limit(kind) {
                return Err(RefusalWhy::Limit);
            }
        }
        Ok(())
    }
}
