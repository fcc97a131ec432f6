//! Computed traits: a value made of a person's events whenever it is asked for, and stored nowhere.
//!
//! `sum of revenue of "Order Completed" within 90 days`. What it needs of the events is kept by
//! leaves like those of rules, so that late events, merges and builds need nothing of their own.

use crate::json::Decimal;
use crate::segment::error::Error;
use crate::segment::path::Path;
use crate::segment::rule::{Filter, Happening};
use crate::segment::text;
use crate::segment::window::Window;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use self::function::Function;
pub use self::limits::{FEW_MAX, THRESHOLDS_MAX};

mod function;
pub mod library;
mod limits;
mod moments;
mod needs;
mod print;
#[cfg(test)]
mod tests;
mod value;

pub(in crate::segment) use self::value::{Asking, Reading};

/// How a computed trait is made. Stored as its canonical text; the other spelling is that of
/// [`tree`](crate::segment::tree).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Computed {
    /// What is made of events.
    pub drawn: Drawn,
    /// What is taken off it.
    pub minus: Option<Drawn>,
    /// What turns the number into a score: it begins at 1, and is one more for each of these that
    /// is reached. Ascending where more is better; descending where less is. None for no score.
    pub thresholds: Vec<Decimal>,
}

/// What is made of the events of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// How.
    pub function: Function,
    /// Of which property, where it is made of one.
    pub path: Option<Path>,
    /// Of which events.
    pub happening: Happening,
    /// What their properties must be.
    pub filter: Option<Filter>,
    /// Within which window.
    pub window: Window,
}

/// Computed traits by key.
pub type Traits = BTreeMap<Box<str>, Computed>;

impl Computed {
    /// What it is made of: one part, or two.
    pub fn parts(&self) -> impl Iterator<Item = &Drawn> {
        std::iter::once(&self.drawn).chain(&self.minus)
    }

    /// Whether it depends on where days begin.
    #[must_use]
    pub fn asks_calendar(&self) -> bool {
        self.parts()
            .any(|part| matches!(part.window, Window::Calendar { .. }))
    }
}

impl From<Computed> for String {
    fn from(computed: Computed) -> String {
        computed.to_string()
    }
}

impl TryFrom<String> for Computed {
    type Error = Error;

    fn try_from(text: String) -> Result<Computed, Error> {
        text::parse_computed(&text)
    }
}
