//! Which record an input means.

use crate::crm::read::identifier_kind;
use crate::crm::work::{Key, Work};
use crate::steps::load;
use crate::writer::Writer;
use rapport_core::crm::{ObjectType, Property, RecordNo, RecordReference, Refused, TypeId, Value};
use rapport_core::identity::normalise::normalise;
use rapport_core::identity::{Identifier, ProfileNo};
use rapport_store::Result;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The record a reference means, read; refused where there is none.
pub(super) async fn existing(
    writer: &mut Writer,
    work: &mut Work,
    object: &ObjectType,
    reference: &RecordReference,
) -> Result<std::result::Result<Key, Refused>> {
    let found = match find(writer, work, object, reference).await? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    Ok(found.ok_or_else(|| missing(object.id(), reference)))
}

/// The record a reference means, read; `None` where there is none.
pub(super) async fn find(
    writer: &mut Writer,
    work: &mut Work,
    object: &ObjectType,
    reference: &RecordReference,
) -> Result<std::result::Result<Option<Key>, Refused>> {
    let number = match reference {
        RecordReference::Create => return Ok(Ok(None)),
        RecordReference::Id(number) => Some(writer.survivor_of(object.id(), *number)),
        RecordReference::Unique { property, value } => {
            let named = match named(object, property) {
                Ok(named) => named,
                Err(refused) => return Ok(Err(refused)),
            };
            match Value::parse(named, value) {
                Ok(Some(value)) => owner(writer, work, object.id(), named, &value).await?,
                Ok(None) => None,
                Err(invalid) => return Ok(Err(Refused::value(property, invalid))),
            }
        }
    };
    let Some(number) = number else {
        return Ok(Ok(None));
    };
    let key = (object.id(), number);
    let is_there = match object.id() {
        TypeId::CONTACT => is_contact(writer, number).await?,
        id => {
            work.load(&writer.shared, id, &[number]).await?;
            work.get(key).is_some()
        }
    };
    Ok(Ok(is_there.then_some(key)))
}

/// The unique property of this name. The record's number is one.
pub(super) fn named<'a>(
    object: &'a ObjectType,
    name: &str,
) -> std::result::Result<&'a Property, Refused> {
    let property = object
        .property(name)
        .ok_or_else(|| Refused::PropertyDoesntExist {
            property: name.into(),
        })?;
    let names_one = property.unique
        || property.column().is_none()
        || identifier_kind(object.id(), &property.name).is_some();
    names_one
        .then_some(property)
        .ok_or_else(|| Refused::NotAnIdProperty {
            property: name.into(),
        })
}

/// Who has a unique value.
pub(super) async fn owner(
    writer: &mut Writer,
    work: &mut Work,
    object: TypeId,
    property: &Property,
    value: &Value,
) -> Result<Option<RecordNo>> {
    let Some(kind) = identifier_kind(object, &property.name) else {
        if property.column().is_none() {
            let number = RecordNo::parse(&value.spelled());
            return Ok(number.map(|number| writer.survivor_of(object, number)));
        }
        return work.owner(&writer.shared, object, property, value).await;
    };
    let policy = Arc::clone(&writer.configuration.policy);
    let sent = Identifier::new(kind, value.spelled());
    let Ok(identifier) = normalise(&policy, &sent) else {
        return Ok(None);
    };
    let owner = holder(writer, &identifier).await?;
    let profile = owner.and_then(|owner| writer.people.profile(owner));
    let contact = profile.filter(|profile| profile.contact.is_some());
    Ok(contact.map(|profile| RecordNo(profile.number.0)))
}

/// Whoever goes by an identifier, in the working set.
pub(super) async fn holder(
    writer: &mut Writer,
    identifier: &Identifier,
) -> Result<Option<ProfileNo>> {
    if !writer.people.has_looked_up(identifier) {
        load::identifiers(writer, BTreeSet::from([identifier.clone()])).await?;
    }
    let owner = writer.people.owner(identifier);
    load::profiles(writer, owner.into_iter().collect()).await?;
    Ok(owner)
}

/// Whether a profile is a contact; it is in the working set afterwards.
async fn is_contact(writer: &mut Writer, number: RecordNo) -> Result<bool> {
    let number = ProfileNo(number.0);
    load::profiles(writer, BTreeSet::from([number])).await?;
    let profile = writer.people.profile(number);
    Ok(profile.is_some_and(|profile| profile.contact.is_some()))
}

/// That there is no such record.
pub(super) fn missing(object: TypeId, reference: &RecordReference) -> Refused {
    let reference = match reference {
        RecordReference::Create => "to be made".into(),
        RecordReference::Id(number) => number.to_string().into(),
        RecordReference::Unique { value, .. } => value.clone(),
    };
    Refused::NotFound { object, reference }
}
