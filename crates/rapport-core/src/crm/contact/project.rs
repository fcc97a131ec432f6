//! Makes the values of a contact's row of its profile.

use super::{EMAIL, EMAIL_DOMAIN, MORE_EMAILS, PHONE, Projected, USER_ID, is_projected, mapped};
use crate::crm::object::ObjectType;
use crate::crm::property::Property;
use crate::crm::value::Value;
use crate::identity::IdKind;
use crate::json;
use crate::profile::Profile;

/// The values of a contact's row that come from its profile. An attribute that is no value of its
/// property shows nothing.
#[must_use]
pub fn project(object: &ObjectType, profile: &Profile) -> Projected {
    let mut values = Projected::new();
    for property in object.in_use().filter(|one| is_projected(one)) {
        let text = match &*property.name {
            EMAIL => emails(profile).into_iter().next(),
            MORE_EMAILS => joined(emails(profile).get(1..).unwrap_or_default()),
            EMAIL_DOMAIN => domain(profile),
            PHONE => phone(profile),
            USER_ID => joined(&of_kind(profile, &IdKind::UserId)),
            _ => attribute(profile, property),
        };
        let value = text.and_then(|text| Value::parse(property, &text).ok().flatten());
        if let Some(value) = value {
            values.insert(property.no, value);
        }
    }
    values
}

/// The addresses, the one that the attribute `email` names first, the others as attached.
fn emails(profile: &Profile) -> Vec<String> {
    let mut emails = of_kind(profile, &IdKind::Email);
    let named = profile.attributes.get(EMAIL).and_then(text_of);
    let first = named.and_then(|named| {
        let is_named = |email: &String| email.eq_ignore_ascii_case(named.trim());
        emails.iter().position(is_named)
    });
    if let Some(first) = first {
        emails[..=first].rotate_right(1);
    }
    emails
}

fn domain(profile: &Profile) -> Option<String> {
    let email = emails(profile).into_iter().next()?;
    let (_, domain) = email.rsplit_once('@')?;
    Some(domain.to_owned())
}

/// The number as people wrote it where an attribute has it, the identifier otherwise.
fn phone(profile: &Profile) -> Option<String> {
    let named = profile.attributes.get(PHONE).and_then(text_of);
    named.or_else(|| of_kind(profile, &IdKind::Phone).into_iter().next())
}

fn of_kind(profile: &Profile, kind: &IdKind) -> Vec<String> {
    let links = profile.links.iter().map(|link| &link.identifier);
    links
        .filter(|identifier| identifier.kind == *kind)
        .map(|identifier| identifier.value.to_string())
        .collect()
}

fn joined(values: &[String]) -> Option<String> {
    (!values.is_empty()).then(|| values.join(";"))
}

fn attribute(profile: &Profile, property: &Property) -> Option<String> {
    let get = |path: &str| {
        let (name, member) = match path.split_once('.') {
            Some((name, member)) => (name, Some(member)),
            None => (path, None),
        };
        let raw = profile.attributes.get(name)?;
        match member {
            Some(member) => text_of(json::raw(raw, &[member.into()])?),
            None => text_of(raw),
        }
    };
    match mapped(&property.name) {
        Some(mapped) => {
            let otherwise = mapped.otherwise.iter().copied();
            std::iter::once(mapped.attribute)
                .chain(otherwise)
                .find_map(get)
        }
        // A name with a point in it is the attribute's name, no path.
        None => text_of(profile.attributes.get(&property.name)?),
    }
}

/// A JSON value as the API spells it; lists as choices; `None` for objects, `null` and what is
/// empty.
fn text_of(raw: &str) -> Option<String> {
    let text = match json::Value::parse(raw)? {
        json::Value::Text(text) => text.into_owned(),
        json::Value::Number(_) => raw.trim().to_owned(),
        json::Value::Bool(truth) => truth.to_string(),
        json::Value::List(list) => {
            let items: Vec<String> = json::items(list).filter_map(scalar).collect();
            items.join(";")
        }
        json::Value::Null | json::Value::Object(_) => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

/// A JSON value that is no list.
fn scalar(raw: &str) -> Option<String> {
    match json::Value::parse(raw)? {
        json::Value::List(_) => None,
        _ => text_of(raw),
    }
}
