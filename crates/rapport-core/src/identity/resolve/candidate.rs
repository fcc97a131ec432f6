//! An event's identifiers, normalised and ranked from the strongest to the weakest.

use super::{Event, IdKind, Identifier, KeyKind, Kind, People, Policy, ProfileNo, normalise};

/// The most identifiers of one event that are followed, the strongest first.
const CANDIDATES_MAX: usize = 64;

/// One identifier that may lead to a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Normalised.
    pub(super) identifier: Identifier,
    /// Whom it belongs to before the event.
    pub(super) owner: Option<ProfileNo>,
    /// What it is to the event.
    pub(super) role: Role,
}

/// What an identifier is to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// It names the person.
    Own,
    /// It is an alias's previous id, and may be followed.
    Previous,
    /// It is an alias's previous id and a user id, which a browser key may not give away.
    ForeignUserId,
}

/// Every identifier the rules can ask for when they meet this event, normalised: what the shell
/// looks up before. A previous id can be a user id or an anonymous id.
#[must_use]
pub fn wanted(policy: &Policy, event: &Event) -> Vec<Identifier> {
    let sent = event.identifiers.iter();
    let mut wanted: Vec<Identifier> = sent
        .filter_map(|identifier| normalise(policy, identifier).ok())
        .collect();
    wanted.extend(previous_as(policy, event, IdKind::UserId));
    wanted.extend(previous_as(policy, event, IdKind::AnonymousId));
    wanted
}

/// The event's identifiers, strongest first, each once.
pub(super) fn candidates(policy: &Policy, people: &People, event: &Event) -> Vec<Candidate> {
    let sent = event
        .identifiers
        .iter()
        .filter_map(|sent| normalise(policy, sent).ok());
    let mut found: Vec<Candidate> = sent
        .map(|identifier| Candidate {
            owner: people.owner(&identifier),
            identifier,
            role: Role::Own,
        })
        .collect();
    found.extend(previous(policy, people, event));
    rank(policy, &mut found);
    found.truncate(CANDIDATES_MAX);
    found
}

fn rank(policy: &Policy, candidates: &mut Vec<Candidate>) {
    candidates.sort_by(|a, b| {
        let place = |one: &Candidate| policy.priority(&one.identifier.kind);
        let (left, right) = (&a.identifier, &b.identifier);
        place(a)
            .cmp(&place(b))
            .then_with(|| left.kind.word().cmp(right.kind.word()))
            .then_with(|| a.role.cmp(&b.role))
            .then_with(|| left.value.cmp(&right.value))
    });
    let mut ranked: Vec<Candidate> = Vec::with_capacity(candidates.len());
    for candidate in candidates.drain(..) {
        if ranked
            .iter()
            .all(|known| known.identifier != candidate.identifier)
        {
            ranked.push(candidate);
        }
    }
    *candidates = ranked;
}

/// What an alias's previous id may be: with a server key a user id or an anonymous id that is
/// known, with a browser key an anonymous id. One that nobody has yet counts as anonymous, so
/// that the alias may overtake the events it speaks of.
fn previous(policy: &Policy, people: &People, event: &Event) -> Vec<Candidate> {
    let candidate = |kind: IdKind, role: Role| {
        let identifier = previous_as(policy, event, kind)?;
        Some(Candidate {
            owner: people.owner(&identifier),
            identifier,
            role,
        })
    };
    let user = candidate(IdKind::UserId, Role::Previous).filter(|one| one.owner.is_some());
    let anonymous = candidate(IdKind::AnonymousId, Role::Previous);
    let known_anonymous = anonymous.as_ref().is_some_and(|one| one.owner.is_some());
    match (event.key_kind, user) {
        (_, None) => anonymous.into_iter().collect(),
        (KeyKind::Server, Some(user)) => std::iter::once(user)
            .chain(anonymous.filter(|_| known_anonymous))
            .collect(),
        (KeyKind::Browser, Some(_)) if known_anonymous => anonymous.into_iter().collect(),
        (KeyKind::Browser, Some(user)) => vec![Candidate {
            role: Role::ForeignUserId,
            ..user
        }],
    }
}

fn previous_as(policy: &Policy, event: &Event, kind: IdKind) -> Option<Identifier> {
    let value = event
        .previous
        .as_deref()
        .filter(|_| event.kind == Kind::Alias)?;
    normalise(policy, &Identifier::new(kind, value)).ok()
}
