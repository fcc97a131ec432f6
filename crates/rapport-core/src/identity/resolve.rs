//! Finds or makes the one profile behind an event: attaches, merges, or refuses.
//!
//! The event's identifiers are taken from the strongest to the weakest as long as the profile
//! they would make together breaks no rule. The first that does, and all weaker ones, are
//! dropped, which is what "drop the lowest and try again" ends in, because every rule that a set
//! of identifiers breaks is broken by a larger set too. A dropped identifier that belongs to
//! nobody is attached afterwards where the limits allow; one that belongs to somebody else is
//! refused, and the journal says why.

use crate::event::{Event, KeyKind, Kind};
use crate::identity::journal::{self, MergeCause, RefusalWhy, What};
use crate::identity::merge::{Place, merge, sort_links};
use crate::identity::normalise::normalise;
use crate::identity::policy::Policy;
use crate::identity::veto::Vetoes;
use crate::identity::{IdKind, Identifier, Link, ProfileNo, Trust, shared};
use crate::outcome::Reason;
use crate::people::People;
use crate::profile::Profile;

mod candidate;
mod refusal;
mod rules;

pub use candidate::wanted;
use candidate::{Candidate, candidates};
use rules::Union;

/// Whom an event is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolved {
    /// This profile.
    Profile {
        /// Its number.
        number: ProfileNo,
        /// Whether the event made it.
        created: bool,
        /// The profiles the event merged into it, as they were, in the order absorbed. Their
        /// leaves and memberships are still to be united.
        merged: Vec<Profile>,
    },
    /// Nobody: no identifier is left that names one person.
    None(Reason),
}

/// Finds or makes the profile behind an event. Links, merges and refusals are done in `people`
/// and told to `journal`.
pub fn resolve(
    policy: &Policy,
    vetoes: &Vetoes,
    people: &mut People,
    event: &Event,
    journal: &mut Vec<journal::Record>,
) -> Resolved {
    if let Some(number) = as_known(policy, people, event) {
        return Resolved::Profile {
            number,
            created: false,
            merged: Vec::new(),
        };
    }
    let mut candidates = candidates(policy, people, event);
    if candidates.is_empty() {
        return Resolved::None(blocked(event));
    }
    candidates.retain(|candidate| !people.is_shared(&candidate.identifier));
    if candidates.is_empty() {
        let message = "every identifier is shared by several people";
        return Resolved::None(Reason::new("shared_identity", message));
    }
    let mut step = Step {
        policy,
        vetoes,
        people,
        event,
        journal,
    };
    step.run(&candidates)
}

/// The common case, without building anything: every identifier is known to belong to one
/// profile, as firmly as this event vouches for it.
fn as_known(policy: &Policy, people: &People, event: &Event) -> Option<ProfileNo> {
    if event.previous.is_some() {
        return None;
    }
    let mut found: Option<&Profile> = None;
    for sent in &event.identifiers {
        let Ok(identifier) = normalise(policy, sent) else {
            continue;
        };
        if people.is_shared(&identifier) {
            return None;
        }
        let owner = people.owner(&identifier)?;
        if found.is_some_and(|profile| profile.number != owner) {
            return None;
        }
        let profile = people.profile(owner)?;
        let link = profile
            .links
            .iter()
            .find(|link| link.identifier == identifier)?;
        if link.trust < Trust::of(&identifier.kind, event.key_kind) {
            return None;
        }
        found = Some(profile);
    }
    found.map(|profile| profile.number)
}

fn blocked(event: &Event) -> Reason {
    let sent: Vec<String> = event
        .identifiers
        .iter()
        .take(5)
        .map(ToString::to_string)
        .collect();
    Reason::new(
        "blocked_identity",
        format!("no identifier names anybody: {}", sent.join(", ")),
    )
}

/// One event on its way to its profile.
struct Step<'a> {
    policy: &'a Policy,
    vetoes: &'a Vetoes,
    people: &'a mut People,
    event: &'a Event,
    journal: &'a mut Vec<journal::Record>,
}

impl Step<'_> {
    fn run(&mut self, candidates: &[Candidate]) -> Resolved {
        let (followed, found) = self.follow(candidates);
        let (followed, dropped) = candidates.split_at(followed);
        if followed.is_empty() {
            let message = "a previous user id needs a server key, and there is no other identifier";
            return Resolved::None(Reason::new("refused_identity", message));
        }
        let created = found.is_empty();
        let (number, merged) = self.unite(found, followed);
        for candidate in followed {
            self.attach(number, candidate);
        }
        for candidate in dropped {
            // Its owner may just have become part of the profile.
            let owner = self.people.owner(&candidate.identifier);
            self.attach_or_refuse(
                number,
                &Candidate {
                    owner,
                    ..candidate.clone()
                },
                followed,
            );
        }
        Resolved::Profile {
            number,
            created,
            merged,
        }
    }

    /// How many of the strongest candidates fit together, and the profiles they belong to.
    fn follow(&self, candidates: &[Candidate]) -> (usize, Vec<ProfileNo>) {
        let mut union = Union::new(self.policy, self.vetoes, self.people, self.event);
        let fits = candidates
            .iter()
            .take_while(|candidate| union.add(candidate).is_ok())
            .count();
        (fits, union.into_numbers())
    }

    fn unite(
        &mut self,
        mut found: Vec<ProfileNo>,
        followed: &[Candidate],
    ) -> (ProfileNo, Vec<Profile>) {
        found.sort_unstable();
        let Some((&survivor, others)) = found.split_first() else {
            return (
                self.people.create(self.event.position, self.event.at),
                Vec::new(),
            );
        };
        let mut merged = Vec::new();
        for &other in others {
            let identifiers = followed.iter().map(|one| one.identifier.clone()).collect();
            let cause = MergeCause::Event {
                identifiers,
                kind: self.event.kind,
            };
            let pair = (survivor, other);
            merged.extend(merge(
                self.policy,
                self.people,
                pair,
                cause,
                self.place(),
                self.journal,
            ));
        }
        (survivor, merged)
    }

    fn place(&self) -> Place {
        Place {
            position: self.event.position,
            received: self.event.received,
        }
    }

    /// Gives an identifier to the profile, or vouches for the one it has.
    fn attach(&mut self, number: ProfileNo, candidate: &Candidate) {
        let identifier = &candidate.identifier;
        let trust = Trust::of(&identifier.kind, self.event.key_kind);
        let Some(profile) = self.people.profile_mut(number) else {
            return;
        };
        if let Some(link) = profile
            .links
            .iter_mut()
            .find(|link| link.identifier == *identifier)
        {
            if link.trust < trust {
                link.trust = trust;
                self.people.touch_contact(number, self.event.received);
            }
            return;
        }
        profile.links.push(Link {
            identifier: identifier.clone(),
            cause: self.event.position,
            source: Some(self.event.source),
            since: self.event.received,
            trust,
        });
        sort_links(&mut profile.links);
        self.people.set_owner(identifier, Some(number));
        self.people.touch_contact(number, self.event.received);
    }

    fn note(&mut self, what: What) {
        let Place {
            position: place,
            received,
        } = self.place();
        self.journal.push(journal::Record {
            place,
            received,
            what,
        });
    }
}

#[cfg(test)]
mod tests;
