//! Properties: what is kept of the records of a type.

use crate::crm::cell::Form;
use crate::crm::formula::Formula;
use crate::crm::{PropertyNo, TypeId};
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// A property of a type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Property {
    /// Its number within the type.
    pub no: PropertyNo,
    /// Its name in the API: lower case letters, digits and `_`.
    pub name: Box<str>,
    /// Its name for people.
    pub label: Box<str>,
    /// What it is for.
    #[serde(default)]
    pub description: Box<str>,
    /// The group it is shown in.
    pub group: Box<str>,
    /// What its values are.
    pub kind: Kind,
    /// How people enter them.
    pub field: FieldType,
    /// The values it may have, if it is an enumeration.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// Whose records its values name instead of choices.
    #[serde(default)]
    pub external: Option<External>,
    /// Whether no two records may have the same value.
    #[serde(default)]
    pub unique: bool,
    /// Whether it is kept from people's eyes.
    #[serde(default)]
    pub hidden: bool,
    /// Whether forms may ask for it.
    #[serde(default)]
    pub form_field: bool,
    /// Its place among the others; -1 for behind those that have one.
    #[serde(default = "unplaced")]
    pub display_order: i32,
    /// What a new record has where nothing is said, as the API spells it; `now` is when it is made.
    #[serde(default)]
    pub initial: Option<Box<str>>,
    /// How it follows from the rest.
    #[serde(default)]
    pub calculated: Option<Formula>,
    /// What the engine knows of every record, if this is it.
    #[serde(default)]
    pub fact: Option<Fact>,
    /// Whether Rapport brings it, rather than somebody having made it.
    #[serde(default)]
    pub defined_by_rapport: bool,
    /// Whether no input may set it.
    #[serde(default)]
    pub read_only_value: bool,
    /// Whether its choices cannot be changed.
    #[serde(default)]
    pub read_only_choices: bool,
    /// Whether its values are an amount in the record's currency.
    #[serde(default)]
    pub currency: bool,
    /// How carefully its values are treated.
    #[serde(default)]
    pub sensitivity: Sensitivity,
    /// Whether it is out of use. Its number and values stay.
    #[serde(default)]
    pub archived: bool,
    /// When it was archived last.
    #[serde(default)]
    pub archived_at: Option<Millis>,
    /// When it was made.
    #[serde(default)]
    pub created: Millis,
    /// When its definition changed last.
    #[serde(default)]
    pub updated: Millis,
    /// Who made it; empty for Rapport.
    #[serde(default)]
    pub created_by: Box<str>,
    /// Who changed it last; empty for Rapport.
    #[serde(default)]
    pub updated_by: Box<str>,
}

fn unplaced() -> i32 {
    -1
}

/// What the values of a property are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A day.
    Date,
    /// An instant.
    DateTime,
    /// One of the choices, or several where the field is [`FieldType::Checkbox`].
    Enumeration,
    /// A number.
    Number,
    /// A phone number, as text.
    #[serde(rename = "phone_number")]
    PhoneNumber,
    /// Text.
    String,
}

/// How people enter the values of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// One box to tick.
    BooleanCheckbox,
    /// Not at all: it is calculated.
    #[serde(rename = "calculation_equation")]
    CalculationEquation,
    /// Several boxes to tick: several choices at once.
    Checkbox,
    /// A calendar.
    Date,
    /// A file.
    File,
    /// Formatted text.
    Html,
    /// A number.
    Number,
    /// A phone number.
    PhoneNumber,
    /// One of a few.
    Radio,
    /// One of many.
    Select,
    /// A line.
    Text,
    /// Several lines.
    TextArea,
}

/// A value that an enumeration may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The value.
    pub value: Box<str>,
    /// Its name for people.
    pub label: Box<str>,
    /// Whether people are not offered it; it stays valid.
    #[serde(default)]
    pub hidden: bool,
    /// Its place among the others.
    #[serde(default)]
    pub display_order: i32,
    /// What it means.
    #[serde(default)]
    pub description: Box<str>,
}

/// Whose records the values of a property name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum External {
    /// Owners: members and queues, by number.
    Owner,
    /// Teams, by number.
    Team,
    /// The pipelines of the record's type.
    Pipeline,
    /// The stages of the record's pipeline.
    Stage,
    /// Records of a type, by number.
    Record(TypeId),
}

/// What an engine knows of every record, in a column that is not a property's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The record's number: the key of the row, in no column.
    Id,
    /// When it was made, in milliseconds.
    Created,
    /// When a property of it changed last, in milliseconds.
    Updated,
    /// Whether it is archived: 0 or 1.
    Archived,
    /// When it was archived, in milliseconds.
    ArchivedAt,
    /// The number of its owner.
    Owner,
    /// The team of its owner and those above, `/1/7/`.
    TeamPath,
}

/// How carefully the values of a property are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Like any other.
    #[default]
    NonSensitive,
    /// Who reads them is noted.
    Sensitive,
    /// As sensitive, and masked unless a role says otherwise.
    HighlySensitive,
}

/// A heading that properties are shown under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyGroup {
    /// Its name in the API.
    pub name: Box<str>,
    /// Its name for people.
    pub label: Box<str>,
    /// Its place among the others; -1 for behind those that have one.
    #[serde(default = "unplaced")]
    pub display_order: i32,
    /// Whether it is out of use.
    #[serde(default)]
    pub archived: bool,
}

impl Fact {
    /// The column that holds it; `None` for the record's number.
    #[must_use]
    pub fn column(self) -> Option<u16> {
        Some(match self {
            Fact::Id => return None,
            Fact::Created => 0,
            Fact::Updated => 1,
            Fact::Archived => 2,
            Fact::ArchivedAt => 3,
            Fact::Owner => 4,
            Fact::TeamPath => 5,
        })
    }

    /// What its column holds.
    #[must_use]
    pub fn form(self) -> Form {
        match self {
            Fact::TeamPath => Form::Text,
            _ => Form::Integer,
        }
    }
}

impl Property {
    /// Whether a record may have several of the choices.
    #[must_use]
    pub fn is_multiple(&self) -> bool {
        self.kind == Kind::Enumeration && self.field == FieldType::Checkbox
    }

    /// The column that holds its values; `None` for the record's number, which is in none.
    #[must_use]
    pub fn column(&self) -> Option<u16> {
        match self.fact {
            Some(fact) => fact.column(),
            None => Some(self.no.0),
        }
    }

    /// What its column holds.
    #[must_use]
    pub fn form(&self) -> Form {
        match (self.fact, self.kind) {
            (Some(fact), _) => fact.form(),
            (None, Kind::Bool | Kind::Date | Kind::DateTime) => Form::Integer,
            (None, Kind::Number) => Form::Number,
            (None, Kind::Enumeration | Kind::PhoneNumber | Kind::String) => Form::Text,
        }
    }

    /// Whether an input may set it.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        let is_set_elsewhere = !matches!(self.fact, None | Some(Fact::Owner));
        !(self.read_only_value || self.calculated.is_some() || is_set_elsewhere)
    }
}
