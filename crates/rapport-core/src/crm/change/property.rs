//! Makes properties, changes them and takes them out of use.

use super::draft::PropertyDraft;
use super::{By, Changed, Definition, Error, Must, choice, kind, name};
use crate::crm::calculate;
use crate::crm::definitions::Definitions;
use crate::crm::formula::{Formula, Type};
use crate::crm::object::ObjectType;
use crate::crm::property::{FieldType, Kind, Property};
use crate::crm::{PropertyNo, TypeId};
use crate::time::Millis;

/// The most properties of a workspace's own that a type may have in use.
pub const CUSTOM_MAX: usize = 1_000;
/// The most unique properties of a workspace's own that a type may have in use.
pub const UNIQUE_MAX: usize = 10;
/// Names that begin so are kept for properties Rapport may bring later.
const KEPT: [&str; 2] = ["hs_", "rapport_"];

/// Makes a property or changes it.
///
/// # Errors
/// [`Error`] where it cannot be as it is asked for.
pub fn put(
    definitions: &Definitions,
    object: TypeId,
    must: Must,
    draft: &PropertyDraft,
    by: By<'_>,
) -> Changed {
    let of = super::object(definitions, object)?;
    let known = of.property_even_archived(draft.name.trim());
    let what = || format!("property {} of {}", draft.name.trim(), of.head.name).into();
    let property = match (known, must) {
        (Some(known), Must::BeNew) if !known.archived => {
            return Err(Error::Exists { what: what() });
        }
        (None, Must::Exist) => return Err(Error::NotFound { what: what() }),
        (Some(known), Must::Exist) if known.archived => {
            return Err(Error::NotFound { what: what() });
        }
        (Some(known), _) if !known.archived => changed(definitions, of, known, draft, by)?,
        (Some(known), _) if comes_back(known, draft) => {
            let back = Property {
                archived: false,
                archived_at: None,
                ..known.clone()
            };
            changed(definitions, of, &back, draft, by)?
        }
        (_, _) => made(definitions, of, draft, by)?,
    };
    let is_calculated = property.calculated.is_some();
    let property = Box::new(property);
    let definition = Definition::Property { object, property };
    if is_calculated {
        let mut after = definitions.clone();
        after.put(definition.clone());
        if let Some(circle) = calculate::cycle(&after) {
            let message = format!(
                "it would be calculated of itself: {}",
                circle.join(" needs ")
            );
            return Err(Error::Invalid(message.into()));
        }
    }
    Ok(vec![definition])
}

/// Takes a property out of use; its values stay, and come back with it.
///
/// # Errors
/// [`Error`] where there is none, Rapport brings it, or something relies on it.
pub fn archive(definitions: &Definitions, object: TypeId, name: &str, by: By<'_>) -> Changed {
    let of = super::object(definitions, object)?;
    let what = || Box::from(format!("property {name} of {}", of.head.name));
    let Some(known) = of.property(name) else {
        return Err(Error::NotFound { what: what() });
    };
    if known.defined_by_rapport {
        let message = format!(
            "{} is a standard property and cannot be archived",
            known.name
        );
        return Err(Error::Fixed(message.into()));
    }
    if let Some(user) = used_by(definitions, of, known) {
        return Err(Error::InUse {
            what: what(),
            by: user.into(),
        });
    }
    let property = Box::new(Property {
        archived: true,
        archived_at: Some(by.at),
        updated: by.at,
        updated_by: by.actor.into(),
        ..known.clone()
    });
    Ok(vec![Definition::Property { object, property }])
}

/// What relies on a property, if anything does.
fn used_by(definitions: &Definitions, object: &ObjectType, property: &Property) -> Option<String> {
    let name = &property.name;
    let head = &object.head;
    if head.primary_display == *name || head.required.contains(name) {
        return Some(format!("the type {} itself", head.name));
    }
    for pipeline in object.pipelines.values().filter(|one| !one.archived) {
        if let Some(stage) = pipeline
            .in_use()
            .find(|stage| stage.required.contains(name))
        {
            return Some(format!("stage {} of pipeline {}", stage.id, pipeline.id));
        }
    }
    for other in definitions.in_use() {
        for calculated in other.in_use() {
            let Some(formula) = &calculated.calculated else {
                continue;
            };
            let needs = formula.needs();
            let own = other.id() == object.id() && needs.own.contains(name);
            let related = needs.related.iter().any(|(of, names)| {
                let of = definitions.find(of).map(ObjectType::id);
                of == Some(object.id()) && names.contains(name)
            });
            if own || related {
                let place = format!("{}.{}", other.head.name, calculated.name);
                return Some(format!("the formula of {place}"));
            }
        }
    }
    None
}

/// Whether an archived property is what is asked for again, with its values.
fn comes_back(known: &Property, draft: &PropertyDraft) -> bool {
    let kind = draft.kind.is_none_or(|kind| kind == known.kind);
    let unique = draft.unique.is_none_or(|unique| unique == known.unique);
    let is_multiple = draft.field.map(|field| field == FieldType::Checkbox);
    let multiple = is_multiple.is_none_or(|multiple| multiple == known.is_multiple());
    let calculated = draft.formula.is_some() == known.calculated.is_some();
    kind && unique && multiple && calculated
}

fn made(
    definitions: &Definitions,
    object: &ObjectType,
    draft: &PropertyDraft,
    by: By<'_>,
) -> Result<Property, Error> {
    let name = name::name(&draft.name, "property")?;
    if let Some(kept) = KEPT.into_iter().find(|kept| name.starts_with(kept)) {
        let message = format!("names that begin with `{kept}` are kept for standard properties");
        return Err(Error::Invalid(message.into()));
    }
    let formula = formula(definitions, object, draft)?;
    let kind = match (&formula, draft.kind) {
        (_, Some(kind)) => kind,
        (Some((_, found)), None) => kind::of(*found),
        (None, None) => Kind::String,
    };
    let field = match &formula {
        Some(_) => FieldType::CalculationEquation,
        None => draft.field.unwrap_or(kind::plainest(kind)),
    };
    let blank = Property {
        no: next(object)?,
        name: name.clone(),
        label: name.clone(),
        description: "".into(),
        group: first_group(object)?,
        kind,
        field,
        choices: Vec::new(),
        external: draft.external,
        unique: draft.unique.unwrap_or(false),
        hidden: false,
        form_field: false,
        display_order: -1,
        initial: None,
        calculated: None,
        fact: None,
        defined_by_rapport: false,
        read_only_value: false,
        read_only_choices: false,
        currency: false,
        sensitivity: draft.sensitivity.unwrap_or_default(),
        archived: false,
        archived_at: None,
        created: by.at,
        updated: Millis(0),
        created_by: by.actor.into(),
        updated_by: "".into(),
    };
    if blank.unique {
        check_unique(object, &blank, formula.is_some())?;
    }
    changed(definitions, object, &blank, draft, by)
}

/// The number a new property gets: never one that was given before.
fn next(object: &ObjectType) -> Result<PropertyNo, Error> {
    let custom = object
        .in_use()
        .filter(|property| !property.defined_by_rapport);
    if custom.count() >= CUSTOM_MAX {
        let message = format!("a type may have {CUSTOM_MAX} properties of its own");
        return Err(Error::Limit(message.into()));
    }
    let highest = object.properties.keys().next_back().copied();
    let next = highest.map_or(PropertyNo::FIRST_CUSTOM.0, |highest| {
        highest.0.saturating_add(1).max(PropertyNo::FIRST_CUSTOM.0)
    });
    match next {
        u16::MAX => Err(Error::Limit("the type has used up its numbers".into())),
        next => Ok(PropertyNo(next)),
    }
}

fn first_group(object: &ObjectType) -> Result<Box<str>, Error> {
    let groups = object.groups.values().filter(|group| !group.archived);
    let first = groups.min_by_key(|group| (group.display_order < 0, group.display_order));
    let none = || Error::Invalid("the type has no group of properties: make one first".into());
    first.map(|group| group.name.clone()).ok_or_else(none)
}

fn check_unique(object: &ObjectType, property: &Property, calculated: bool) -> Result<(), Error> {
    let fits = matches!(
        property.kind,
        Kind::String | Kind::PhoneNumber | Kind::Number
    );
    if calculated || !fits {
        let message = "only texts, phone numbers and numbers that are entered can be unique";
        return Err(Error::Invalid(message.into()));
    }
    let custom = object
        .in_use()
        .filter(|one| !one.defined_by_rapport && one.unique);
    if custom.count() >= UNIQUE_MAX {
        let message = format!("a type may have {UNIQUE_MAX} unique properties of its own");
        return Err(Error::Limit(message.into()));
    }
    Ok(())
}

fn formula(
    definitions: &Definitions,
    object: &ObjectType,
    draft: &PropertyDraft,
) -> Result<Option<(Formula, Type)>, Error> {
    let Some(text) = draft
        .formula
        .as_deref()
        .filter(|text| !text.trim().is_empty())
    else {
        return Ok(None);
    };
    let formula = Formula::parse(text)?;
    let found = formula.check(definitions, object)?;
    Ok(Some((formula, found)))
}

/// A property with the parts of a draft that are named.
fn changed(
    definitions: &Definitions,
    object: &ObjectType,
    known: &Property,
    draft: &PropertyDraft,
    by: By<'_>,
) -> Result<Property, Error> {
    kind::check(known, draft)?;
    let mut property = known.clone();
    if let Some(label) = &draft.label {
        property.label = name::label(label, "property")?;
    }
    if let Some(description) = &draft.description {
        property.description = name::description(description)?;
    }
    if let Some(group) = &draft.group {
        let found = object.groups.get(&*group.trim().to_ascii_lowercase());
        let in_use = found.filter(|group| !group.archived);
        let none =
            || Error::Invalid(format!("{} have no group `{group}`", object.head.name).into());
        property.group = in_use.ok_or_else(none)?.name.clone();
    }
    if let Some(field) = draft.field.filter(|_| known.calculated.is_none()) {
        property.field = field;
    }
    if let Some((formula, found)) = formula(definitions, object, draft)? {
        kind::fits_formula(&property, found)?;
        property.field = FieldType::CalculationEquation;
        property.read_only_value = true;
        property.calculated = Some(formula);
    }
    property.choices = choice::put(known, &property, draft)?;
    property.hidden = draft.hidden.unwrap_or(property.hidden);
    property.form_field = draft.form_field.unwrap_or(property.form_field);
    property.display_order = draft.display_order.unwrap_or(property.display_order);
    property.currency = draft.currency.unwrap_or(property.currency);
    property.sensitivity = draft.sensitivity.unwrap_or(property.sensitivity);
    property.updated = by.at;
    property.updated_by = by.actor.into();
    Ok(property)
}
