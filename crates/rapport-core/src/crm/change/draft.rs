//! What is asked for of a definition: the parts that are named change, the others stay.

use crate::crm::TypeId;
use crate::crm::property::{Choice, External, FieldType, Kind, Sensitivity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a property is to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PropertyDraft {
    /// Its name in the API.
    pub name: Box<str>,
    /// Its name for people; the name where a new one has none.
    #[serde(default)]
    pub label: Option<Box<str>>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<Box<str>>,
    /// The group it is shown in; the type's first where a new one has none.
    #[serde(default)]
    pub group: Option<Box<str>>,
    /// What its values are; text where a new one does not say.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// How people enter them; the plainest of its kind where a new one does not say.
    #[serde(default)]
    pub field: Option<FieldType>,
    /// The values it may have.
    #[serde(default)]
    pub choices: Option<Vec<Choice>>,
    /// Whose records its values name instead.
    #[serde(default)]
    pub external: Option<External>,
    /// Whether no two records may have the same value. Only a new property can become so.
    #[serde(default)]
    pub unique: Option<bool>,
    /// Whether it is kept from people's eyes.
    #[serde(default)]
    pub hidden: Option<bool>,
    /// Whether forms may ask for it.
    #[serde(default)]
    pub form_field: Option<bool>,
    /// Its place among the others.
    #[serde(default)]
    pub display_order: Option<i32>,
    /// The formula its values follow from, as text.
    #[serde(default)]
    pub formula: Option<Box<str>>,
    /// Whether its values are an amount in the record's currency.
    #[serde(default)]
    pub currency: Option<bool>,
    /// How carefully its values are treated.
    #[serde(default)]
    pub sensitivity: Option<Sensitivity>,
}

/// What a group of properties is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupDraft {
    /// Its name in the API.
    pub name: Box<str>,
    /// Its name for people; the name where a new one has none.
    #[serde(default)]
    pub label: Option<Box<str>>,
    /// Its place among the others.
    #[serde(default)]
    pub display_order: Option<i32>,
}

/// What a pipeline is to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PipelineDraft {
    /// Its id; a new one without gets a number.
    #[serde(default)]
    pub id: Option<Box<str>>,
    /// Its name for people.
    #[serde(default)]
    pub label: Option<Box<str>>,
    /// Its place among the others.
    #[serde(default)]
    pub display_order: Option<i32>,
    /// All of its stages: one that is not named is archived.
    #[serde(default)]
    pub stages: Option<Vec<StageDraft>>,
}

/// What a stage is to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageDraft {
    /// Its id; a new one without gets a number.
    #[serde(default)]
    pub id: Option<Box<str>>,
    /// Its name for people.
    #[serde(default)]
    pub label: Option<Box<str>>,
    /// Its place among the others.
    #[serde(default)]
    pub display_order: Option<i32>,
    /// What it means.
    #[serde(default)]
    pub metadata: Option<BTreeMap<Box<str>, Box<str>>>,
    /// Properties a record needs to stand there.
    #[serde(default)]
    pub required: Option<Vec<Box<str>>>,
}

/// What a type is to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ObjectTypeDraft {
    /// Its plain name.
    pub name: Box<str>,
    /// What people call one of its records.
    #[serde(default)]
    pub singular: Option<Box<str>>,
    /// What people call several.
    #[serde(default)]
    pub plural: Option<Box<str>>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<Box<str>>,
    /// The property that names a record.
    #[serde(default)]
    pub primary_display: Option<Box<str>>,
    /// Properties shown below the name.
    #[serde(default)]
    pub secondary_display: Option<Vec<Box<str>>>,
    /// Properties no record may be made without.
    #[serde(default)]
    pub required: Option<Vec<Box<str>>>,
    /// Properties that a search for words looks into.
    #[serde(default)]
    pub searchable: Option<Vec<Box<str>>>,
    /// Properties to be made with it.
    #[serde(default)]
    pub properties: Vec<PropertyDraft>,
    /// Types whose records its records can belong to.
    #[serde(default)]
    pub associated: Vec<TypeId>,
}

/// What a labelled association is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelDraft {
    /// Its name in the API; made of the label where a new one has none.
    #[serde(default)]
    pub name: Option<Box<str>>,
    /// What people call it.
    #[serde(default)]
    pub label: Option<Box<str>>,
    /// What people call the other direction; the same where a new one does not say.
    #[serde(default)]
    pub inverse_label: Option<Box<str>>,
}
