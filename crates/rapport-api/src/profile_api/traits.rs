//! Traits: attributes, and the segments as booleans.
//!
//! Where a segment has the key of an attribute, the segment is shown: Segment's audiences are
//! traits of their own and the later word. A computed trait stands between the two.

use super::cursor::{self, Cursor};
use super::fault::Fault;
use super::subject::{Address, Subject};
use super::wanted::Wanted;
use crate::Api;
use axum::Json;
use axum::response::{IntoResponse, Response};
use rapport_core::profile::Profile;
use rapport_core::profile::attributes::{Attribute, Attributes, Teller};
use rapport_core::segment::registry::Registry;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 200;

/// Which traits are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    All,
    Audience,
    ComputedTrait,
}

/// A trait with where it came from.
#[derive(Serialize)]
struct Told<'a> {
    value: &'a RawValue,
    source_id: Option<String>,
    updated_at: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Spelled<'a> {
    Bare(&'a RawValue),
    Verbose(Told<'a>),
}

#[derive(Serialize)]
struct Shown<'a> {
    traits: BTreeMap<&'a str, Spelled<'a>>,
    cursor: Cursor,
}

/// A page of traits, ascending by name.
pub(super) fn answer(
    api: &Api,
    address: &Address,
    subject: &Subject,
    wanted: &Wanted,
) -> Result<Response, Fault> {
    let limit = wanted.limit(LIMIT_DEFAULT, LIMIT_MAX)?;
    let is_verbose = wanted.flag("verbose")?;
    let class = class(wanted)?;
    let names = wanted.names("include");
    let after = cursor::place(wanted)?;
    let configuration = api.rapport.configuration();
    let registry = &configuration.registry;
    let computed = match subject {
        Subject::User(profile) => {
            let now = api.rapport.clock().now();
            configuration.catalogue.traits_of(profile, now)
        }
        Subject::Account(_) => BTreeMap::new(),
    };
    let mut all = every(subject, registry, &computed, class);
    all.retain(|name, _| {
        let is_behind = after.as_deref().is_none_or(|after| *name > after);
        is_behind && names.as_ref().is_none_or(|names| names.contains(name))
    });
    let has_more = all.len() > limit;
    let traits: BTreeMap<_, _> = all
        .into_iter()
        .take(limit)
        .map(|(name, told)| match is_verbose {
            true => (name, Spelled::Verbose(told)),
            false => (name, Spelled::Bare(told.value)),
        })
        .collect();
    let last = traits.keys().next_back().copied();
    let cursor = Cursor::new(address, wanted, limit, last.filter(|_| has_more));
    Ok(Json(Shown { traits, cursor }).into_response())
}

fn class(wanted: &Wanted) -> Result<Class, Fault> {
    match wanted.one("class") {
        None => Ok(Class::All),
        Some("audience") => Ok(Class::Audience),
        Some("computed_trait") => Ok(Class::ComputedTrait),
        Some(other) => Err(Fault::invalid(format!(
            "The parameter `class` is `audience` or `computed_trait`, not `{other}`."
        ))),
    }
}

fn every<'a>(
    subject: &'a Subject,
    registry: &'a Registry,
    computed: &'a BTreeMap<&'a str, String>,
    class: Class,
) -> BTreeMap<&'a str, Told<'a>> {
    let mut all = BTreeMap::new();
    let attributes = match subject {
        Subject::User(profile) => &profile.attributes,
        Subject::Account(company) => &company.attributes,
    };
    if class == Class::All {
        all.extend(told(attributes));
    }
    if class != Class::Audience {
        all.extend(made(registry, computed));
    }
    if let (Class::All | Class::Audience, Subject::User(profile)) = (class, subject) {
        all.extend(audiences(profile, registry));
    }
    all
}

fn told(attributes: &Attributes) -> impl Iterator<Item = (&str, Told<'_>)> {
    attributes
        .iter()
        .filter_map(|(name, attribute)| Some((name, told_of(attribute)?)))
}

fn told_of(attribute: &Attribute) -> Option<Told<'_>> {
    let winner = attribute.winner();
    Some(Told {
        value: serde_json::from_str(winner.value()?).ok()?,
        source_id: match winner.teller() {
            Teller::Source(source, _) => Some(source.0.to_string()),
            Teller::Member => None,
        },
        updated_at: Some(winner.changed().at().to_string()),
    })
}

/// Computed traits: those that have a value.
fn made<'a>(
    registry: &'a Registry,
    computed: &'a BTreeMap<&'a str, String>,
) -> impl Iterator<Item = (&'a str, Told<'a>)> {
    computed.iter().filter_map(|(key, json)| {
        let no = registry.get_trait(key)?.no;
        let told = Told {
            value: serde_json::from_str(json).ok()?,
            source_id: Some(format!("trt_{}", no.0)),
            updated_at: None,
        };
        Some((*key, told))
    })
}

fn audiences<'a>(
    profile: &'a Profile,
    registry: &'a Registry,
) -> impl Iterator<Item = (&'a str, Told<'a>)> {
    registry.segments().iter().map(|segment| {
        let membership = profile.memberships.get(segment.no);
        let value = match membership {
            Some(_) => RawValue::TRUE,
            None => RawValue::FALSE,
        };
        let told = Told {
            value,
            source_id: Some(format!("seg_{}", segment.no.0)),
            updated_at: membership.map(|membership| membership.entered_at.to_string()),
        };
        (&*segment.key, told)
    })
}
