//! Formulas: how the values of a calculated property follow from those of its record, and of the
//! records that belong to it.
//!
//! `if(is_known(amount), amount * hs_deal_stage_probability, 0)` takes the record's own
//! properties; `sum(deals.amount where hs_is_closed_won)` those of associated records. There are
//! numbers, texts, truths, dates and instants; what is missing makes what needs it missing. A
//! formula has no loop, no clock and no randomness, and stops when its fuel is used up.

pub use self::error::Error;
pub use self::evaluate::{Fuel, Known};
pub(crate) use self::evaluate::{evaluate, holds};
pub use self::function::Function;
pub use self::needs::Needs;
pub use self::rollup::{Aggregate, Rollup};
pub use self::tree::{Expression, Node, Operator};
pub use self::typed::Type;
use crate::crm::definitions::Definitions;
use crate::crm::object::ObjectType;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

mod error;
mod evaluate;
mod function;
mod needs;
mod read;
mod rollup;
#[cfg(test)]
mod tests;
mod token;
mod tree;
mod typed;

/// The longest formula, in bytes.
pub const BYTES_MAX: usize = 8_000;
/// The most parts a formula may have.
pub const PARTS_MAX: usize = 1_000;
/// How deep a formula may be nested.
pub const DEPTH_MAX: usize = 40;

/// A formula, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    text: Box<str>,
    tree: Expression,
}

impl Formula {
    /// Reads a formula. Which properties there are is not asked here: [`Formula::check`] does.
    ///
    /// # Errors
    /// [`Error`], with the place of what is wrong.
    pub fn parse(text: &str) -> Result<Formula, Error> {
        let before = text.len() - text.trim_start().len();
        let text = text.trim();
        let tree = read::formula(text).map_err(|error| Error {
            offset: error.offset + before,
            ..error
        })?;
        Ok(Formula {
            text: text.into(),
            tree,
        })
    }

    /// Checks it against what is defined, and says what its values are.
    ///
    /// # Errors
    /// [`Error`] where it names what is not there, or mixes what does not mix.
    pub fn check(&self, definitions: &Definitions, object: &ObjectType) -> Result<Type, Error> {
        typed::check(&self.text, &self.tree, definitions, object)
    }

    /// What it takes its values from.
    #[must_use]
    pub fn needs(&self) -> Needs {
        needs::of(&self.tree)
    }

    /// What it was read from.
    #[must_use]
    pub fn tree(&self) -> &Expression {
        &self.tree
    }
}

/// As it was written.
impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Formula {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Formula {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Formula, D::Error> {
        let text = Box::<str>::deserialize(deserializer)?;
        Formula::parse(&text).map_err(serde::de::Error::custom)
    }
}
