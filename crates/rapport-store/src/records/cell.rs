//! Cells: what a column of a row holds, and how two of them compare.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// What a column holds. The number is stored: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Form {
    /// Text.
    Text = 1,
    /// Finite numbers.
    Number = 2,
    /// Whole numbers: yes and no (1 and 0), days, instants, ids.
    Integer = 3,
}

/// The value of a column in a row.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub enum Cell {
    /// No value.
    #[default]
    Null,
    /// A text.
    Text(Box<str>),
    /// A finite number.
    Number(f64),
    /// A whole number.
    Integer(i64),
}

impl Form {
    /// Whether a cell fits a column of this form.
    #[must_use]
    pub fn admits(self, cell: &Cell) -> bool {
        match cell {
            Cell::Null => true,
            Cell::Text(_) => self == Form::Text,
            Cell::Number(number) => self == Form::Number && number.is_finite(),
            Cell::Integer(_) => self == Form::Integer,
        }
    }

    /// The form of a stored number.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Form> {
        [Form::Text, Form::Number, Form::Integer]
            .into_iter()
            .find(|form| *form as u8 == number)
    }
}

impl Cell {
    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Cell::Null)
    }

    /// The number, of either kind.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Cell::Number(number) => Some(*number),
            Cell::Integer(number) => Some(*number as f64),
            Cell::Null | Cell::Text(_) => None,
        }
    }

    /// How two values compare in filters and sorts: numbers by size, text by its bytes with ASCII
    /// capitals as small letters. `None` where one is null or they are of different kinds.
    #[must_use]
    pub fn compare(&self, other: &Cell) -> Option<Ordering> {
        match (self, other) {
            (Cell::Text(left), Cell::Text(right)) => Some(compare_text(left, right)),
            (Cell::Integer(left), Cell::Integer(right)) => Some(left.cmp(right)),
            _ => self.as_number()?.partial_cmp(&other.as_number()?),
        }
    }
}

impl Cell {
    /// The order of groups: as rows are sorted, equal text by its bytes, null last.
    #[must_use]
    pub fn in_order(&self, other: &Cell) -> Ordering {
        let nulls = self.is_null().cmp(&other.is_null());
        let bytes = || match (self, other) {
            (Cell::Text(left), Cell::Text(right)) => left.cmp(right),
            _ => Ordering::Equal,
        };
        nulls.then_with(|| {
            self.compare(other)
                .unwrap_or(Ordering::Equal)
                .then_with(bytes)
        })
    }
}

/// Text as rows are sorted by it.
fn compare_text(left: &str, right: &str) -> Ordering {
    let small = |byte: u8| byte.to_ascii_lowercase();
    left.bytes().map(small).cmp(right.bytes().map(small))
}

/// The very same value; zero is zero of either sign.
impl PartialEq for Cell {
    fn eq(&self, other: &Cell) -> bool {
        match (self, other) {
            (Cell::Null, Cell::Null) => true,
            (Cell::Text(left), Cell::Text(right)) => left == right,
            (Cell::Number(left), Cell::Number(right)) => bits(*left) == bits(*right),
            (Cell::Integer(left), Cell::Integer(right)) => left == right,
            _ => false,
        }
    }
}

impl Eq for Cell {}

impl Hash for Cell {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Cell::Null => {}
            Cell::Text(text) => text.hash(state),
            Cell::Number(number) => bits(*number).hash(state),
            Cell::Integer(number) => number.hash(state),
        }
    }
}

fn bits(number: f64) -> u64 {
    if number == 0.0 { 0 } else { number.to_bits() }
}
