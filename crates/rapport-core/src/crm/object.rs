//! Types of records: what there is to know of one.

use crate::crm::pipeline::Pipeline;
use crate::crm::property::{Property, PropertyGroup};
use crate::crm::{PropertyNo, TypeId};
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A type of records with everything that is defined of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectType {
    /// What is known of the type itself.
    pub head: Head,
    /// Its properties, archived ones too.
    pub properties: BTreeMap<PropertyNo, Property>,
    /// The groups its properties are shown in, archived ones too, by name.
    pub groups: BTreeMap<Box<str>, PropertyGroup>,
    /// Its pipelines, archived ones too, by id.
    pub pipelines: BTreeMap<Box<str>, Pipeline>,
    numbers: BTreeMap<Box<str>, PropertyNo>,
}

/// What is known of a type itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Its number.
    pub id: TypeId,
    /// Its name in addresses: `contacts`; of a custom type its plain name, `cars`.
    pub name: Box<str>,
    /// The same for one record: `contact`.
    pub word: Box<str>,
    /// Its name among all there are: `CONTACT`, `p1_cars`.
    pub fully_qualified: Box<str>,
    /// What people call one of its records.
    pub singular: Box<str>,
    /// What people call several.
    pub plural: Box<str>,
    /// What it is for.
    #[serde(default)]
    pub description: Box<str>,
    /// The property that names a record.
    pub primary_display: Box<str>,
    /// Properties shown below the name.
    #[serde(default)]
    pub secondary_display: Vec<Box<str>>,
    /// Properties no record may be made without.
    #[serde(default)]
    pub required: Vec<Box<str>>,
    /// Properties that a search for words looks into.
    #[serde(default)]
    pub searchable: Vec<Box<str>>,
    /// Properties that are read where nobody says which.
    #[serde(default)]
    pub default_read: Vec<Box<str>>,
    /// The properties that hold a record's pipeline and stage, if it moves through one.
    #[serde(default)]
    pub staged: Option<Staged>,
    /// Whether it is out of use.
    #[serde(default)]
    pub archived: bool,
    /// When it was made.
    #[serde(default)]
    pub created: Millis,
    /// When its definition changed last.
    #[serde(default)]
    pub updated: Millis,
}

/// The properties that say where a record stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// Holds the pipeline's id.
    pub pipeline: Box<str>,
    /// Holds the stage's id.
    pub stage: Box<str>,
}

impl ObjectType {
    /// A type of which nothing else is defined yet.
    #[must_use]
    pub fn new(head: Head) -> ObjectType {
        ObjectType {
            head,
            properties: BTreeMap::new(),
            groups: BTreeMap::new(),
            pipelines: BTreeMap::new(),
            numbers: BTreeMap::new(),
        }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> TypeId {
        self.head.id
    }

    /// Sets a property, by its number. Of several that have or had a name the one in use has it,
    /// and else the last that was made.
    pub fn put(&mut self, property: Property) {
        let mut others = self
            .properties
            .values()
            .filter(|other| other.no != property.no && other.name == property.name);
        let gives_way = |other: &Property| match (property.archived, other.archived) {
            (true, false) => true,
            (false, true) => false,
            _ => property.no < other.no,
        };
        let keeps = others.any(gives_way);
        if !keeps {
            self.numbers.insert(property.name.clone(), property.no);
        }
        self.properties.insert(property.no, property);
    }

    /// The property of this name that is in use. Names are read in any case.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.property_even_archived(name)
            .filter(|property| !property.archived)
    }

    /// The property of this name, also an archived one.
    #[must_use]
    pub fn property_even_archived(&self, name: &str) -> Option<&Property> {
        let known = self.numbers.get(name);
        let number = match known {
            Some(number) => *number,
            None => *self.numbers.get(&*name.to_ascii_lowercase())?,
        };
        self.properties.get(&number)
    }

    /// The properties in use, ascending by number.
    pub fn in_use(&self) -> impl Iterator<Item = &Property> {
        self.properties
            .values()
            .filter(|property| !property.archived)
    }

    /// The pipeline of this id that is in use.
    #[must_use]
    pub fn pipeline(&self, id: &str) -> Option<&Pipeline> {
        self.pipelines.get(id).filter(|pipeline| !pipeline.archived)
    }
}
