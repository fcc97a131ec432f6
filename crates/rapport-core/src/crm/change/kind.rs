//! Which fields a kind of property may have, and what of it cannot change any more.

use super::Error;
use super::draft::PropertyDraft;
use crate::crm::formula::Type;
use crate::crm::property::{FieldType, Kind, Property};

/// The fields of each kind, the plainest first.
fn fields(kind: Kind) -> &'static [FieldType] {
    match kind {
        Kind::Bool => &[
            FieldType::BooleanCheckbox,
            FieldType::Radio,
            FieldType::Select,
        ],
        Kind::Date | Kind::DateTime => &[FieldType::Date],
        Kind::Enumeration => &[
            FieldType::Select,
            FieldType::Radio,
            FieldType::Checkbox,
            FieldType::BooleanCheckbox,
        ],
        Kind::Number => &[FieldType::Number],
        Kind::PhoneNumber => &[FieldType::PhoneNumber],
        Kind::String => &[
            FieldType::Text,
            FieldType::TextArea,
            FieldType::Html,
            FieldType::File,
            FieldType::PhoneNumber,
        ],
    }
}

/// The field a property of this kind has where nobody says.
pub(super) fn plainest(kind: Kind) -> FieldType {
    fields(kind)[0]
}

/// The kind of property that holds what a formula comes to.
pub(super) fn of(found: Type) -> Kind {
    match found {
        Type::Text => Kind::String,
        Type::Number => Kind::Number,
        Type::Bool => Kind::Bool,
        Type::Date => Kind::Date,
        Type::Instant => Kind::DateTime,
    }
}

/// Checks what a draft asks of a property that is there, or about to be, against what it is.
pub(super) fn check(known: &Property, draft: &PropertyDraft) -> Result<(), Error> {
    let fixed = |what: &str| {
        let message = format!("{what} of property {} cannot be changed", known.name);
        Err(Error::Fixed(message.into()))
    };
    if draft.kind.is_some_and(|kind| kind != known.kind) {
        return fixed("the type");
    }
    if draft.unique.is_some_and(|unique| unique != known.unique) {
        return fixed("whether values are unique: it");
    }
    if draft.external.is_some() && draft.external != known.external {
        return fixed("what the values name");
    }
    let asks_formula = draft
        .formula
        .as_deref()
        .is_some_and(|text| !text.trim().is_empty());
    let is_made_now = known.field == FieldType::CalculationEquation;
    if asks_formula && known.calculated.is_none() && !is_made_now {
        let message = format!("{} is entered, so it cannot become calculated", known.name);
        return Err(Error::Fixed(message.into()));
    }
    if asks_formula && known.defined_by_rapport {
        return fixed("the formula");
    }
    check_field(known, draft)
}

fn check_field(known: &Property, draft: &PropertyDraft) -> Result<(), Error> {
    let Some(field) = draft.field.filter(|field| *field != known.field) else {
        let is_calculated = known.field == FieldType::CalculationEquation;
        return match fields(known.kind).contains(&known.field) || is_calculated {
            true => Ok(()),
            false => wrong(known.kind, known.field),
        };
    };
    if field == FieldType::CalculationEquation || known.calculated.is_some() {
        let message = "a property is calculated if it has a formula from the start, and else never";
        return Err(Error::Fixed(message.into()));
    }
    if !fields(known.kind).contains(&field) {
        return wrong(known.kind, field);
    }
    let was_multiple = known.is_multiple();
    if known.kind == Kind::Enumeration && was_multiple != (field == FieldType::Checkbox) {
        let message = "one choice cannot become several, nor several one: make a new property";
        return Err(Error::Fixed(message.into()));
    }
    Ok(())
}

fn wrong(kind: Kind, field: FieldType) -> Result<(), Error> {
    let words: Vec<String> = fields(kind).iter().map(|field| word(*field)).collect();
    let message = format!(
        "a property of type {} cannot have field type {}; it may have {}",
        serde_json::to_string(&kind)
            .unwrap_or_default()
            .trim_matches('"'),
        word(field),
        words.join(", ")
    );
    Err(Error::Invalid(message.into()))
}

fn word(field: FieldType) -> String {
    let json = serde_json::to_string(&field).unwrap_or_default();
    json.trim_matches('"').to_owned()
}

/// Checks that what a formula comes to is what the property holds.
pub(super) fn fits_formula(property: &Property, found: Type) -> Result<(), Error> {
    match found.fits(property.kind) && !property.is_multiple() {
        true => Ok(()),
        false => {
            let message = format!(
                "the formula comes to {found}, which {} cannot hold",
                property.name
            );
            Err(Error::Invalid(message.into()))
        }
    }
}
