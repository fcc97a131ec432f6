//! Cells: what an engine keeps of a value, in the few forms that every engine can order.

use serde::{Deserialize, Serialize};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Text.
    Text,
    /// Numbers with a fraction.
    Number,
    /// Whole numbers: instants in milliseconds, days, 0 and 1, ids.
    Integer,
}

/// One cell of a row.
#[derive(Clone, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Nothing.
    Null,
    /// Text.
    Text(Box<str>),
    /// A number; finite.
    Number(f64),
    /// A whole number.
    Integer(i64),
}
