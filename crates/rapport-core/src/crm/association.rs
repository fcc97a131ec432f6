//! Associations: which records belong together, and as what.

use crate::crm::TypeId;
use crate::crm::record::RecordReference;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// One direction of a way in which records of two types belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssociationType {
    /// Its number, unique among all there are whatever their category: the `kind` of its links.
    pub type_id: u32,
    /// Who made it.
    pub category: Category,
    /// The type of the records it leads from.
    pub from: TypeId,
    /// The type of the records it leads to.
    pub to: TypeId,
    /// Its name in the API: `contact_to_company`.
    pub name: Box<str>,
    /// What people call it; `None` for "they belong together".
    #[serde(default)]
    pub label: Option<Box<str>>,
    /// The number of the other direction. Its own where both are the same.
    pub inverse: u32,
    /// The most records of `to` that one record may have this way.
    #[serde(default)]
    pub max: Option<u32>,
    /// Whether a record has at most one: making another one primary moves it.
    #[serde(default)]
    pub primary: bool,
    /// Whether it is out of use.
    #[serde(default)]
    pub archived: bool,
    /// When it was made.
    #[serde(default)]
    pub created: Millis,
    /// When it changed last.
    #[serde(default)]
    pub updated: Millis,
}

/// Who made a type of associations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Category {
    /// Rapport brings it, under the number that the dialect gives it.
    #[serde(rename = "HUBSPOT_DEFINED")]
    Standard,
    /// Somebody who signs in.
    #[serde(rename = "USER_DEFINED")]
    User,
    /// A program.
    #[serde(rename = "INTEGRATOR_DEFINED")]
    Integrator,
    /// Between records and people's work.
    #[serde(rename = "WORK")]
    Work,
}

/// The first number of a type of associations that somebody made.
pub const FIRST_CUSTOM: u32 = 100_000;

/// A way in which two records are to belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Kind {
    /// Who made the type.
    pub category: Category,
    /// Its number.
    pub type_id: u32,
}

/// A link that a new or changed record asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLink {
    /// The type of the other record; `None` where `kinds` say it.
    #[serde(default)]
    pub object: Option<TypeId>,
    /// The other record.
    pub to: RecordReference,
    /// As what; empty for "they belong together".
    #[serde(default)]
    pub kinds: Vec<Kind>,
}

/// A link between two records, to be made or taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkInput {
    /// The type of the first record.
    pub from_object: TypeId,
    /// The first record.
    pub from: RecordReference,
    /// The type of the second.
    pub to_object: TypeId,
    /// The second.
    pub to: RecordReference,
    /// As what. Empty makes the plain link, and takes every link between the two away.
    #[serde(default)]
    pub kinds: Vec<Kind>,
    /// Whether the labels the two have now go where `kinds` do not name them.
    #[serde(default)]
    pub replace_labels: bool,
}

impl Category {
    /// Its word in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Category::Standard => "HUBSPOT_DEFINED",
            Category::User => "USER_DEFINED",
            Category::Integrator => "INTEGRATOR_DEFINED",
            Category::Work => "WORK",
        }
    }

    /// The category behind a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Category> {
        let all = [
            Category::Standard,
            Category::User,
            Category::Integrator,
            Category::Work,
        ];
        all.into_iter().find(|category| category.word() == word)
    }
}

impl AssociationType {
    /// How it is named in inputs.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind {
            category: self.category,
            type_id: self.type_id,
        }
    }

    /// Whether it says no more than that two records belong together.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.label.is_none() && !self.primary
    }
}
