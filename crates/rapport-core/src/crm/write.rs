//! Writes: what an input makes of a record, or why it makes nothing of it.

use crate::crm::association::NewLink;
use crate::crm::record::Record;
use crate::crm::value::Value;
use crate::crm::{PropertyNo, RecordNo};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use crate::crm::record::RecordReference;

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
