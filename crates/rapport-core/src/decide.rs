//! What a browser may be told of the person in front of it, and the content chosen for them.
//!
//! A browser key is public, so whoever holds one may claim any id. What is told therefore depends
//! on how well the claim is vouched for ([`Standing`]), and on what the workspace lets browsers
//! see at all ([`exposure`]); by default that is nothing.

use crate::identity::{IdKind, Identifier, Trust};
use crate::profile::Profile;
use crate::segment::registry::Registry;
use std::collections::BTreeMap;

pub mod exposure;
pub mod slot;

pub use exposure::Exposure;
pub use slot::Slot;

/// How much a reader in a browser may be told of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing: the content everybody sees.
    Stranger,
    /// What is public.
    Visitor,
    /// What is public, and what is kept for people whose identity a server has signed.
    Signed,
}

/// The standing of somebody who only names an anonymous id, which is hard to guess and proves
/// nothing else.
///
/// Once the profile has a user id, an e-mail, a phone or an id of a custom kind, naming the
/// anonymous id may be what tied it to somebody else's profile: then a server key must have said
/// that anonymous id, and each of the others.
#[must_use]
pub fn by_anonymous_id(profile: &Profile, named: &Identifier) -> Standing {
    let is_bare = profile
        .links
        .iter()
        .all(|link| is_hard_to_guess(&link.identifier));
    let is_said = profile.trust(named) == Some(Trust::Confirmed);
    match is_bare || (is_said && is_vouched_for(profile, None)) {
        true => Standing::Visitor,
        false => Standing::Stranger,
    }
}

/// The standing of somebody whose user id a server has signed. A claimed e-mail or phone, or any
/// other id that only a browser has said and that can be guessed, may have brought another
/// person's past into this profile.
#[must_use]
pub fn by_signature(profile: &Profile, signed: &Identifier) -> Standing {
    match profile.trust(signed).is_some() && is_vouched_for(profile, Some(signed)) {
        true => Standing::Signed,
        false => Standing::Stranger,
    }
}

fn is_vouched_for(profile: &Profile, signed: Option<&Identifier>) -> bool {
    profile.links.iter().all(|link| {
        is_hard_to_guess(&link.identifier)
            || signed == Some(&link.identifier)
            || link.trust == Trust::Confirmed
    })
}

fn is_hard_to_guess(identifier: &Identifier) -> bool {
    matches!(identifier.kind, IdKind::AnonymousId | IdKind::DeviceId)
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'a> {
    /// Only these segments; `None` is all that may be seen.
    pub segments: Option<&'a [String]>,
    /// The slots to fill.
    pub slots: &'a [&'a Slot],
    /// The person's computed traits by key, as JSON. One takes the place of an attribute of its
    /// name.
    pub computed: Option<&'a BTreeMap<&'a str, String>>,
}

/// What a browser is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Keys of segments the person is in.
    pub segments: Vec<&'a str>,
    /// Attributes and computed traits by name, as JSON.
    pub traits: Vec<(&'a str, &'a str)>,
    /// Content by slot, as JSON.
    pub content: Vec<(&'a str, &'a str)>,
}

/// Decides what somebody with this standing is told. A segment that may not be seen decides
/// nothing either: else content would tell of it.
#[must_use]
pub fn decide<'a>(
    exposure: &'a Exposure,
    registry: &Registry,
    person: Option<(&'a Profile, Standing)>,
    ask: Ask<'a>,
) -> Decision<'a> {
    let standing = person.map_or(Standing::Stranger, |(_, standing)| standing);
    let is_in = |key: &str| {
        let definition = registry.get(key);
        let member = |(profile, _): (&Profile, Standing)| {
            definition.is_some_and(|definition| profile.memberships.contains(definition.no))
        };
        exposure.shows_segment(standing, key) && person.is_some_and(member)
    };
    let segments = exposure.segments(standing).filter(|key| {
        let is_wanted = |wanted: &[String]| wanted.iter().any(|wanted| wanted == key);
        ask.segments.is_none_or(is_wanted) && is_in(key)
    });
    let value = |name: &'a str| {
        let (profile, _) = person?;
        let computed = ask.computed.and_then(|traits| traits.get(name));
        let value = computed.map(String::as_str);
        Some((name, value.or_else(|| profile.attributes.get(name))?))
    };
    let filled = ask
        .slots
        .iter()
        .map(|slot| (&*slot.key, slot.content(is_in)));
    Decision {
        segments: segments.collect(),
        traits: exposure.traits(standing).filter_map(value).collect(),
        content: filled.collect(),
    }
}

#[cfg(test)]
mod tests;
