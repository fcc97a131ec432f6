//! How profiles, identifiers and stored JSON are spelled in answers.

use rapport_core::identity::Link;
use rapport_core::profile::Profile;
use rapport_core::profile::attributes::Attributes;
use rapport_core::segment::registry::Registry;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A profile.
#[derive(Serialize)]
pub(super) struct Person<'a> {
    id: String,
    attributes: BTreeMap<&'a str, &'a RawValue>,
    traits: BTreeMap<&'a str, &'a RawValue>,
    identifiers: Identifiers<'a>,
    segments: Vec<&'a str>,
    companies: Vec<&'a str>,
    first_seen: String,
    last_seen: String,
}

/// Identifiers by kind, in the order attached.
pub(super) type Identifiers<'a> = BTreeMap<&'a str, Vec<&'a str>>;

impl<'a> Person<'a> {
    pub(super) fn of(
        profile: &'a Profile,
        registry: &'a Registry,
        traits: &'a BTreeMap<&'a str, String>,
    ) -> Person<'a> {
        let mut segments: Vec<&str> = profile
            .memberships
            .iter()
            .filter_map(|membership| {
                registry
                    .segments()
                    .iter()
                    .find(|definition| definition.no == membership.segment)
            })
            .map(|definition| &*definition.key)
            .collect();
        segments.sort_unstable();
        Person {
            id: profile.number.to_string(),
            attributes: attributes(&profile.attributes),
            traits: traits.iter().map(|(key, json)| (*key, raw(json))).collect(),
            identifiers: identifiers(&profile.links),
            segments,
            companies: profile.companies.iter().map(|link| &*link.id).collect(),
            first_seen: profile.first_seen.to_string(),
            last_seen: profile.last_seen.to_string(),
        }
    }
}

pub(super) fn identifiers(links: &[Link]) -> Identifiers<'_> {
    let mut by_kind = Identifiers::new();
    for link in links {
        by_kind
            .entry(link.identifier.kind.word())
            .or_default()
            .push(&link.identifier.value);
    }
    by_kind
}

pub(super) fn attributes(attributes: &Attributes) -> BTreeMap<&str, &RawValue> {
    attributes
        .iter()
        .filter_map(|(name, attribute)| Some((name, raw(attribute.value()?))))
        .collect()
}

/// Stored JSON as it is, numbers to the last digit.
pub(super) fn raw(json: &str) -> &RawValue {
    serde_json::from_str(json).unwrap_or(RawValue::NULL)
}

/// JSON that was just written, as it is.
pub(super) fn owned(json: String) -> Box<RawValue> {
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
