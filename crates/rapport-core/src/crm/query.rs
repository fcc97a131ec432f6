//! Queries: which records are meant, in the dialect's operators and in an engine's terms.
//!
//! A [`Search`] is what a caller asks for, in names and texts; [`Query`] is the same checked
//! against the definitions, in columns and [`Cell`]s. Engines evaluate [`Condition`]s and know
//! nothing of properties.

use crate::crm::cell::{Cell, Form};
use crate::crm::property::Kind;
use crate::crm::value::Invalid;
use crate::crm::{RecordNo, TypeId};
use serde::{Deserialize, Serialize};

pub use compile::compile;

mod column;
mod compile;
#[cfg(test)]
mod tests;

/// The most groups of filters of a search.
pub const GROUPS_MAX: usize = 10;
/// The most filters of one group.
pub const FILTERS_MAX: usize = 20;
/// The most filters of a search.
pub const FILTERS_IN_ALL_MAX: usize = 60;
/// The most values of one filter.
pub const VALUES_MAX: usize = 1_000;
/// The longest text to search for, in characters.
pub const WORDS_CHARS_MAX: usize = 3_000;
/// The name in front of a type's in a filter by link: `associations.company`.
pub const ASSOCIATIONS: &str = "associations.";

/// Which records are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// Words that the searchable properties hold; `None` for no matter.
    #[serde(default)]
    pub words: Option<Box<str>>,
    /// A record is meant where every filter of one of the groups holds; all are where there is no
    /// group.
    #[serde(default)]
    pub groups: Vec<Vec<Filter>>,
    /// Their order; by number where nothing is said.
    #[serde(default)]
    pub sorts: Vec<Sort>,
    /// Whether archived records are asked for instead of the others.
    #[serde(default)]
    pub archived: bool,
}

/// What is asked of one property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// The property's name, or `associations.` and a type.
    pub property: Box<str>,
    /// What is asked.
    pub operator: Operator,
    /// The value, or the lower end.
    #[serde(default)]
    pub value: Option<Box<str>>,
    /// The values, where several are asked for.
    #[serde(default)]
    pub values: Vec<Box<str>>,
    /// The upper end.
    #[serde(default)]
    pub high: Option<Box<str>>,
}

/// What is asked of a property. All but `HasNot` hold only where there is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Operator {
    /// It is the value.
    Eq,
    /// It is another one.
    Neq,
    /// It is lower.
    Lt,
    /// It is lower or the same.
    Lte,
    /// It is higher.
    Gt,
    /// It is higher or the same.
    Gte,
    /// It is from one to the other, both included.
    Between,
    /// It is one of the values.
    In,
    /// It is none of them.
    NotIn,
    /// There is a value.
    #[serde(rename = "HAS_PROPERTY")]
    Has,
    /// There is none.
    #[serde(rename = "NOT_HAS_PROPERTY")]
    HasNot,
    /// It has the value among its words, `*` for any letters.
    ContainsToken,
    /// It has not.
    NotContainsToken,
}

/// One property to order by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// The property's name.
    pub property: Box<str>,
    /// Whether the highest comes first.
    #[serde(default)]
    pub descending: bool,
}

/// A search, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Records of this type.
    pub object: TypeId,
    /// For which this holds.
    pub condition: Condition,
    /// And which these words are found in.
    pub words: Option<Box<str>>,
    /// In this order, ties by number.
    pub order: Vec<Order>,
}

/// What a row is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The column; `None` for the record's number.
    pub column: Option<u16>,
    /// What it holds.
    pub form: Form,
    /// Whether the highest comes first. Rows without a value come last either way.
    pub descending: bool,
}

/// What is asked of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Every one of these holds; nothing is asked where there is none.
    All(Vec<Condition>),
    /// At least one of these holds.
    Any(Vec<Condition>),
    /// This does not hold.
    Not(Box<Condition>),
    /// The cell is there and compares so with the other.
    Compare {
        /// The column.
        column: u16,
        /// How it compares.
        op: Comparison,
        /// With what; never [`Cell::Null`].
        cell: Cell,
    },
    /// The cell is one of these.
    In {
        /// The column.
        column: u16,
        /// Sorted, each once.
        cells: Vec<Cell>,
    },
    /// The cell is there and none of these.
    NotIn {
        /// The column.
        column: u16,
        /// Sorted, each once.
        cells: Vec<Cell>,
    },
    /// The cell is there.
    Has(u16),
    /// The cell is not there.
    HasNot(u16),
    /// The cell is there and from `low` to `high`, both included.
    Between {
        /// The column.
        column: u16,
        /// The lower end.
        low: Cell,
        /// The upper end.
        high: Cell,
    },
    /// The cell is there, and has, or has not, a word of this pattern.
    Token {
        /// The column.
        column: u16,
        /// In lower case; `*` for any letters.
        pattern: Box<str>,
        /// Whether it must not.
        negated: bool,
    },
    /// The cell lists several choices, and one of these is among them.
    Chosen {
        /// The column.
        column: u16,
        /// Sorted, each once; never empty.
        choices: Vec<Box<str>>,
    },
    /// The record's own number compares so with another.
    Number {
        /// How it compares.
        op: Comparison,
        /// With which.
        no: RecordNo,
    },
    /// The record belongs to this one.
    Linked {
        /// Its type.
        object: TypeId,
        /// Its number.
        no: RecordNo,
    },
    /// The record is one of these, ascending.
    Ids(Vec<RecordNo>),
    /// Nothing is meant.
    Never,
}

/// How two cells compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Comparison {
    /// They are the same.
    Eq,
    /// They differ.
    Neq,
    /// The row's is lower.
    Lt,
    /// The row's is lower or the same.
    Lte,
    /// The row's is higher.
    Gt,
    /// The row's is higher or the same.
    Gte,
}

/// Why a search cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The type has no such property in use.
    #[error("Property \"{property}\" does not exist")]
    PropertyDoesntExist {
        /// The name as sent.
        property: Box<str>,
    },
    /// There is no such operator.
    #[error(
        "{0} is not an operator; use one of EQ, NEQ, LT, LTE, GT, GTE, BETWEEN, IN, NOT_IN, HAS_PROPERTY, NOT_HAS_PROPERTY, CONTAINS_TOKEN, NOT_CONTAINS_TOKEN"
    )]
    UnknownOperator(Box<str>),
    /// The operator cannot be asked of such a property.
    #[error("{operator} cannot be asked of {property}, a property of kind {kind:?}")]
    WrongOperator {
        /// The property.
        property: Box<str>,
        /// What its values are.
        kind: Kind,
        /// The operator's word.
        operator: &'static str,
    },
    /// The operator needs a value.
    #[error("{operator} on {property} needs {missing}")]
    ValueMissing {
        /// The property.
        property: Box<str>,
        /// The operator's word.
        operator: &'static str,
        /// What is missing.
        missing: &'static str,
    },
    /// The value is none of such a property.
    #[error("{property}: {invalid}")]
    Invalid {
        /// The property.
        property: Box<str>,
        /// What is wrong with it.
        invalid: Invalid,
    },
    /// There is no such type behind `associations.`.
    #[error("there is no object type {0}")]
    TypeUnknown(Box<str>),
    /// More than may be asked at once.
    #[error("{0}")]
    TooMuch(Box<str>),
}

impl Operator {
    /// Every operator.
    pub const ALL: [Operator; 13] = [
        Operator::Eq,
        Operator::Neq,
        Operator::Lt,
        Operator::Lte,
        Operator::Gt,
        Operator::Gte,
        Operator::Between,
        Operator::In,
        Operator::NotIn,
        Operator::Has,
        Operator::HasNot,
        Operator::ContainsToken,
        Operator::NotContainsToken,
    ];

    /// Its word in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Operator::Eq => "EQ",
            Operator::Neq => "NEQ",
            Operator::Lt => "LT",
            Operator::Lte => "LTE",
            Operator::Gt => "GT",
            Operator::Gte => "GTE",
            Operator::Between => "BETWEEN",
            Operator::In => "IN",
            Operator::NotIn => "NOT_IN",
            Operator::Has => "HAS_PROPERTY",
            Operator::HasNot => "NOT_HAS_PROPERTY",
            Operator::ContainsToken => "CONTAINS_TOKEN",
            Operator::NotContainsToken => "NOT_CONTAINS_TOKEN",
        }
    }

    /// The operator behind a word, in any case.
    ///
    /// # Errors
    /// [`Error::UnknownOperator`].
    pub fn from_word(word: &str) -> Result<Operator, Error> {
        let known = |operator: &Operator| operator.word().eq_ignore_ascii_case(word.trim());
        let unknown = || Error::UnknownOperator(word.chars().take(100).collect::<String>().into());
        Operator::ALL.into_iter().find(known).ok_or_else(unknown)
    }
}
