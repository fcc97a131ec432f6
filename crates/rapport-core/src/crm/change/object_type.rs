//! Makes types of records, changes them and takes them out of use.

use super::draft::{ObjectTypeDraft, PropertyDraft};
use super::{By, Changed, Definition, Error, Must, association, name, property};
use crate::crm::TypeId;
use crate::crm::definitions::Definitions;
use crate::crm::object::{Head, ObjectType, Staged};
use crate::crm::property::PropertyGroup;
use crate::crm::standard;

/// The most types of a workspace's own in use.
pub const TYPES_MAX: usize = 200;
/// What the records of every new type can belong to.
const ACTIVITIES: [TypeId; 6] = [
    TypeId::COMMUNICATION,
    TypeId::TASK,
    TypeId::NOTE,
    TypeId::MEETING,
    TypeId::CALL,
    TypeId::EMAIL,
];

/// Makes a type or changes it.
///
/// # Errors
/// [`Error`] where it cannot be as it is asked for.
pub fn put(definitions: &Definitions, must: Must, draft: &ObjectTypeDraft, by: By<'_>) -> Changed {
    let known = definitions.find(&draft.name);
    let what = || format!("object type {}", draft.name.trim()).into();
    match (known, must) {
        (Some(_), Must::BeNew) => Err(Error::Exists { what: what() }),
        (None, Must::Exist) => Err(Error::NotFound { what: what() }),
        (Some(known), _) => change(definitions, known, draft, by),
        (None, _) => make(definitions, draft, by),
    }
}

/// Takes a custom type out of use. Whether it has records is the caller's to ask.
///
/// # Errors
/// [`Error`] where there is none, or Rapport brings it.
pub fn delete(definitions: &Definitions, object: TypeId, by: By<'_>) -> Changed {
    let of = super::object(definitions, object)?;
    if !object.is_custom() {
        let message = format!("{} is a standard type and cannot be deleted", of.head.name);
        return Err(Error::Fixed(message.into()));
    }
    let mut head = of.head.clone();
    (head.archived, head.updated) = (true, by.at);
    Ok(vec![Definition::Object(Box::new(head))])
}

fn make(definitions: &Definitions, draft: &ObjectTypeDraft, by: By<'_>) -> Changed {
    let name = name::name(&draft.name, "type")?;
    let word = name::name(&format!("{name}_record"), "type")?;
    let custom = definitions
        .in_use()
        .filter(|object| object.id().is_custom());
    if custom.count() >= TYPES_MAX {
        let message = format!("there may be {TYPES_MAX} types of your own");
        return Err(Error::Limit(message.into()));
    }
    if definitions.was_named(&name) {
        let what = format!("object type {name} (perhaps archived: choose another name)").into();
        return Err(Error::Exists { what });
    }
    let head = head(definitions, draft, (&name, word), by)?;
    let (id, singular) = (head.id, head.singular.clone());
    let mut after = definitions.clone();
    let mut changes = Vec::new();
    let mut put = |definitions: &mut Definitions, definition: Definition| {
        definitions.put(definition.clone());
        changes.push(definition);
    };
    put(&mut after, Definition::Object(Box::new(head)));
    put(
        &mut after,
        Definition::Group {
            object: id,
            group: PropertyGroup {
                name: format!("{name}_information").into(),
                label: singular,
                display_order: 0,
                archived: false,
            },
        },
    );
    for definition in standard::of_every_type(id) {
        put(&mut after, definition);
    }
    for property in &draft.properties {
        for definition in property::put(&after, id, Must::BeNew, property, by)? {
            put(&mut after, definition);
        }
    }
    for other in draft.associated.iter().copied().chain(ACTIVITIES) {
        if after.plain(id, other).is_none() {
            for definition in association::put(&after, id, other, None, by)? {
                put(&mut after, definition);
            }
        }
    }
    let made = super::object(&after, id)?;
    let head = display(made, draft, by)?;
    changes[0] = Definition::Object(Box::new(head));
    Ok(changes)
}

/// What a new type is called and shown by, before its properties are there.
fn head(
    definitions: &Definitions,
    draft: &ObjectTypeDraft,
    (name, word): (&str, Box<str>),
    by: By<'_>,
) -> Result<Head, Error> {
    let none = || Error::Limit("there are no numbers left for types".into());
    let id = definitions.next_type().ok_or_else(none)?;
    let missing = |what: &str| Error::Invalid(format!("a new type needs {what}").into());
    let singular = draft
        .singular
        .as_deref()
        .ok_or_else(|| missing("a singular label"))?;
    let plural = draft
        .plural
        .as_deref()
        .ok_or_else(|| missing("a plural label"))?;
    let primary = draft.primary_display.as_deref();
    Ok(Head {
        id,
        name: name.into(),
        word,
        fully_qualified: format!("p1_{name}").into(),
        singular: name::label(singular, "type")?,
        plural: name::label(plural, "type")?,
        description: "".into(),
        primary_display: primary
            .ok_or_else(|| missing("a primary display property"))?
            .into(),
        secondary_display: Vec::new(),
        required: Vec::new(),
        searchable: Vec::new(),
        default_read: Vec::new(),
        staged: Some(Staged {
            pipeline: standard::PIPELINE.into(),
            stage: standard::STAGE.into(),
        }),
        archived: false,
        created: by.at,
        updated: by.at,
    })
}

fn change(
    definitions: &Definitions,
    known: &ObjectType,
    draft: &ObjectTypeDraft,
    by: By<'_>,
) -> Changed {
    let mut after = definitions.clone();
    let mut changes = Vec::new();
    for property in &draft.properties {
        let property = PropertyDraft::clone(property);
        for definition in property::put(&after, known.id(), Must::Either, &property, by)? {
            after.put(definition.clone());
            changes.push(definition);
        }
    }
    for other in &draft.associated {
        if after.plain(known.id(), *other).is_none() {
            for definition in association::put(&after, known.id(), *other, None, by)? {
                after.put(definition.clone());
                changes.push(definition);
            }
        }
    }
    let changed = super::object(&after, known.id())?;
    let head = display(changed, draft, by)?;
    changes.push(Definition::Object(Box::new(head)));
    Ok(changes)
}

/// The head of a type with the parts of a draft that are named: what it names has to be there.
fn display(object: &ObjectType, draft: &ObjectTypeDraft, by: By<'_>) -> Result<Head, Error> {
    let mut head = object.head.clone();
    if let Some(singular) = &draft.singular {
        head.singular = name::label(singular, "type")?;
    }
    if let Some(plural) = &draft.plural {
        head.plural = name::label(plural, "type")?;
    }
    if let Some(description) = &draft.description {
        head.description = name::description(description)?;
    }
    let named = |name: &str| match object.property(name.trim()) {
        Some(property) => Ok(property.name.clone()),
        None => Err(Error::Invalid(
            format!("{} have no property `{}`", head.name, name.trim()).into(),
        )),
    };
    let all = |names: &[Box<str>]| names.iter().map(|name| named(name)).collect();
    let primary = match &draft.primary_display {
        Some(primary) => primary.clone(),
        None => object.head.primary_display.clone(),
    };
    let primary = named(&primary)?;
    let secondary: Option<Vec<Box<str>>> =
        draft.secondary_display.as_deref().map(all).transpose()?;
    let required: Option<Vec<Box<str>>> = draft.required.as_deref().map(all).transpose()?;
    let searchable: Option<Vec<Box<str>>> = draft.searchable.as_deref().map(all).transpose()?;
    if let Some(required) = &required {
        let sets = |name: &str| object.property(name).is_some_and(|one| one.is_writable());
        if let Some(fixed) = required.iter().find(|name| !sets(name.as_ref())) {
            let message = format!("`{fixed}` cannot be required: no input may set it");
            return Err(Error::Invalid(message.into()));
        }
    }
    head.primary_display = primary;
    head.secondary_display = secondary.unwrap_or(head.secondary_display);
    head.required = required.unwrap_or(head.required);
    head.searchable = searchable.unwrap_or(head.searchable);
    if head.searchable.is_empty() {
        head.searchable = vec![head.primary_display.clone()];
    }
    if object.id().is_custom() {
        let record = ["hs_createdate", "hs_lastmodifieddate", "hs_object_id"];
        let mut read = vec![head.primary_display.clone()];
        read.extend(head.secondary_display.iter().cloned());
        read.extend(record.map(Box::from));
        head.default_read = read;
    }
    head.updated = by.at;
    Ok(head)
}
