//! The choices of an enumeration.

use super::draft::PropertyDraft;
use super::{Error, name};
use crate::crm::property::{Choice, Kind, Property};
use std::collections::BTreeSet;

/// The most choices a property may have.
pub const CHOICES_MAX: usize = 5_000;
/// The longest value of a choice, in bytes.
const VALUE_BYTES_MAX: usize = 3_000;

/// The choices a property has afterwards. One that goes stays with the records that have it.
pub(super) fn put(
    known: &Property,
    property: &Property,
    draft: &PropertyDraft,
) -> Result<Vec<Choice>, Error> {
    let takes = property.kind == Kind::Enumeration
        && property.external.is_none()
        && property.calculated.is_none();
    let Some(choices) = draft.choices.as_ref().filter(|_| takes) else {
        return match takes && known.choices.is_empty() {
            true => invalid("an enumeration needs at least one option"),
            false => Ok(known.choices.clone()),
        };
    };
    if known.read_only_choices && known.choices != *choices {
        let message = format!("the options of property {} cannot be changed", known.name);
        return Err(Error::Fixed(message.into()));
    }
    if choices.is_empty() {
        return invalid("an enumeration needs at least one option");
    }
    if choices.len() > CHOICES_MAX {
        return invalid(&format!("a property may have {CHOICES_MAX} options"));
    }
    let mut values = BTreeSet::new();
    let mut put = Vec::with_capacity(choices.len());
    for choice in choices {
        let value = choice.value.trim();
        let fits = !value.is_empty() && value.len() <= VALUE_BYTES_MAX;
        if !fits || value.contains([';', '\0']) {
            return invalid(&format!(
                "the value of an option has 1 to {VALUE_BYTES_MAX} bytes and no `;`"
            ));
        }
        if !values.insert(value.to_owned()) {
            return invalid(&format!("the option `{value}` is there twice"));
        }
        let label = match choice.label.trim() {
            "" => value,
            label => label,
        };
        put.push(Choice {
            value: value.into(),
            label: name::label(label, "option").unwrap_or_else(|_| value.into()),
            description: name::description(&choice.description)?,
            ..choice.clone()
        });
    }
    Ok(put)
}

fn invalid<T>(message: &str) -> Result<T, Error> {
    Err(Error::Invalid(message.into()))
}
