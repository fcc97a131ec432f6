//! Companies that group calls describe, as records.

use super::told::attach;
use super::work::{Cause, Work};
use super::{cells, told};
use crate::writer::Writer;
use rapport_core::crm::contact::GROUP_ID;
use rapport_core::crm::{RecordNo, TypeId, Value};
use rapport_core::identity::ProfileNo;
use rapport_core::json;
use rapport_core::position::Position;
use rapport_store::Result;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a contact belongs to a company, and back.
pub(super) const PLAIN: (u32, u32) = (279, 280);
/// The same for the first of a contact's companies.
pub(super) const PRIMARY: (u32, u32) = (1, 2);

/// Companies of one contact that are looked at for the primary one.
pub(super) const COMPANIES_MAX: usize = 1_000;

/// A group call said something of a company, and made somebody belong to it.
pub(super) async fn told(
    writer: &mut Writer,
    work: &mut Work,
    cause: &Cause,
    id: &str,
    changed: &[(Box<str>, Option<Box<str>>)],
    person: Option<ProfileNo>,
) -> Result<()> {
    let definitions = Arc::clone(&work.definitions);
    let object = definitions.types.get(&TypeId::COMPANY);
    let Some(property) = object.and_then(|object| object.property(GROUP_ID)) else {
        return Ok(());
    };
    let value = Value::Text(id.into());
    let existing = work
        .owner(&writer.shared, TypeId::COMPANY, property, &value)
        .await?;
    let mut said = said(changed);
    said.insert(GROUP_ID, Some(id.to_owned()));
    if existing.is_none() {
        said.entry("name").or_insert_with(|| Some(id.to_owned()));
    }
    let found = (TypeId::COMPANY, existing);
    let Some(number) = told::write(writer, work, cause, found, &said).await? else {
        return Ok(());
    };
    if let Some(person) = person {
        belong(writer, work, cause.place, person, number).await?;
    }
    Ok(())
}

/// Links a person to a company because of an entry; to their first one as the primary one, too.
pub(super) async fn belong(
    writer: &Writer,
    work: &mut Work,
    place: Position,
    person: ProfileNo,
    company: RecordNo,
) -> Result<()> {
    let contact = (TypeId::CONTACT, RecordNo(person.0));
    let company = (TypeId::COMPANY, company);
    let links = work
        .linked(writer, contact, TypeId::COMPANY, COMPANIES_MAX)
        .await?;
    let is_first = links.is_some_and(|links| {
        let mut kinds = links.values();
        !kinds.any(|kinds| kinds.contains(&PRIMARY.0))
    });
    let mut made = Vec::new();
    if work.link(writer, contact, company, PLAIN).await? {
        made.push((PLAIN.1, PLAIN.0));
    }
    if is_first && work.link(writer, contact, company, PRIMARY).await? {
        made.push((PRIMARY.1, PRIMARY.0));
    }
    if !made.is_empty() {
        attach(work, person, place, company, made);
    }
    Ok(())
}

/// The attributes of a company that are shown as a property of another name, or as several.
const SHOWN: [(&str, &[(&str, &str)]); 8] = [
    (
        "address",
        &[
            ("address", "street"),
            ("city", "city"),
            ("country", "country"),
            ("state", "state"),
            ("zip", "postalCode"),
        ],
    ),
    ("annualRevenue", &[("annualrevenue", "")]),
    ("companySize", &[("numberofemployees", "")]),
    ("employees", &[("numberofemployees", "")]),
    ("foundedYear", &[("founded_year", "")]),
    ("timeZone", &[("timezone", "")]),
    ("twitter", &[("twitterhandle", "")]),
    ("linkedin", &[("linkedin_company_page", "")]),
];

/// What changed attributes of a company say of its record.
fn said(changed: &[(Box<str>, Option<Box<str>>)]) -> BTreeMap<&str, Option<String>> {
    let mut said = BTreeMap::new();
    for (name, raw) in changed {
        let shown = SHOWN.iter().find(|(attribute, _)| **attribute == **name);
        match shown {
            None => {
                said.insert(&**name, raw.as_deref().and_then(cells::text));
            }
            Some((_, properties)) => {
                for (property, member) in *properties {
                    let raw = raw.as_deref();
                    let part = match (*member, raw) {
                        ("", raw) => raw,
                        (_, Some(text)) if text.trim_start().starts_with('"') => {
                            raw.filter(|_| **property == **name)
                        }
                        (member, Some(raw)) => json::raw(raw, &[member.into()]),
                        (_, None) => None,
                    };
                    said.insert(*property, part.and_then(cells::text));
                }
            }
        }
    }
    said
}

/// The attribute of a company that a property of its record says.
pub(crate) fn attribute_of(property: &str) -> &str {
    let plain = |(_, properties): &&(&str, &[(&str, &str)])| {
        properties
            .iter()
            .any(|(shown, member)| *shown == property && member.is_empty())
    };
    match property {
        "numberofemployees" => "employees",
        _ => SHOWN
            .iter()
            .find(plain)
            .map_or(property, |(attribute, _)| *attribute),
    }
}
