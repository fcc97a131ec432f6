//! Writes: what an input makes of a record, or why it makes nothing of it.

use crate::crm::association::NewLink;
use crate::crm::history::Origin;
use crate::crm::object::ObjectType;
use crate::crm::record::Record;
use crate::crm::refused::Refused;
use crate::crm::value::Value;
use crate::crm::{PropertyNo, RecordNo};
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use self::draft::Draft;
pub use self::stage::standing;
pub use crate::crm::record::RecordReference;

mod draft;
mod follow;
mod required;
mod stage;
#[cfg(test)]
mod tests;
mod values;

/// The most inputs of a batch.
pub const INPUTS_MAX: usize = 100;
/// The most properties one input may set.
pub const PROPERTIES_MAX: usize = 1_000;

/// What is to be done to one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordInput {
    /// Which record.
    pub reference: RecordReference,
    /// Whether the record is made where there is none of this unique value.
    #[serde(default)]
    pub upsert: bool,
    /// What is done.
    #[serde(default)]
    pub verb: Verb,
    /// Values by the property's name, as the API spells them; an empty text clears.
    #[serde(default)]
    pub properties: BTreeMap<Box<str>, Box<str>>,
    /// Links to be made as well.
    #[serde(default)]
    pub associations: Vec<NewLink>,
}

/// What is done to a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// It gets values and links.
    #[default]
    Write,
    /// It is put into the recycling bin.
    Archive,
    /// It is taken out of there.
    Restore,
}

/// What an input did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// To which record.
    pub no: RecordNo,
    /// Whether it was made.
    pub created: bool,
    /// Whether anything is another way now.
    pub changed: bool,
}

/// Values that are other ones afterwards; `None` for nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// By property; the owner among them.
    pub values: BTreeMap<PropertyNo, Option<Value>>,
}

/// What an input makes of a new record. Calculated properties are not among it:
/// [`calculate`](crate::crm::calculate) settles those once the links are known.
///
/// # Errors
/// [`Refused`] where the input cannot be taken.
pub fn create(
    object: &ObjectType,
    properties: &BTreeMap<Box<str>, Box<str>>,
    at: Millis,
    origin: &Origin,
) -> Result<Change, Refused> {
    let mut draft = Draft::new(object, None, at, origin);
    draft.say(properties)?;
    finish(draft)
}

/// What an input makes of a record that is there.
///
/// # Errors
/// [`Refused`] where the input cannot be taken.
pub fn update(
    object: &ObjectType,
    record: &Record,
    properties: &BTreeMap<Box<str>, Box<str>>,
    at: Millis,
    origin: &Origin,
) -> Result<Change, Refused> {
    let mut draft = Draft::new(object, Some(record), at, origin);
    draft.say(properties)?;
    finish(draft)
}

/// Applies the rules to a draft, and says what is another way afterwards.
///
/// # Errors
/// [`Refused`] where a rule does not allow it.
pub fn finish(mut draft: Draft<'_>) -> Result<Change, Refused> {
    stage::settle(&mut draft)?;
    follow::settle(&mut draft);
    required::check(&draft)?;
    Ok(draft.change())
}

/// The values of a change that no two records may have: what the shell looks up before it takes
/// the change.
#[must_use]
pub fn unique(object: &ObjectType, change: &Change) -> Vec<(PropertyNo, Value)> {
    let values = change.values.iter();
    let unique = values.filter_map(|(no, value)| {
        let property = object
            .properties
            .get(no)
            .filter(|property| property.unique)?;
        Some((property.no, value.clone()?))
    });
    unique.collect()
}

impl RecordInput {
    /// An input that makes a record of these values.
    #[must_use]
    pub fn create(properties: BTreeMap<Box<str>, Box<str>>) -> RecordInput {
        RecordInput {
            reference: RecordReference::Create,
            upsert: false,
            verb: Verb::Write,
            properties,
            associations: Vec::new(),
        }
    }
}

impl Change {
    /// What is another way between two sets of values.
    #[must_use]
    pub fn between(
        before: &BTreeMap<PropertyNo, Value>,
        after: &BTreeMap<PropertyNo, Value>,
    ) -> Change {
        let mut change = Change::default();
        for (no, value) in after {
            if before.get(no) != Some(value) {
                change.values.insert(*no, Some(value.clone()));
            }
        }
        for no in before.keys().filter(|no| !after.contains_key(no)) {
            change.values.insert(*no, None);
        }
        change
    }

    /// Whether nothing is another way afterwards.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Makes the change to a record. When it was made is the caller's to say.
    pub fn apply(&self, record: &mut Record) {
        for (no, value) in &self.values {
            match value {
                Some(value) => record.values.insert(*no, value.clone()),
                None => record.values.remove(no),
            };
        }
    }

    /// Adds what changes after it.
    pub fn then(&mut self, later: Change) {
        self.values.extend(later.values);
    }
}
