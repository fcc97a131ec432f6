//! Operators on attributes and properties: each is a file, and a line in [`OPERATORS`].

use crate::json::Value;
use crate::segment::literal::Literal;
use std::fmt;

mod affix;
mod contains;
mod equals;
mod exists;
mod one_of;
mod order;

/// A way to compare a value. Both spellings and the reference page are made from this.
#[derive(Debug)]
pub struct Operator {
    /// How both spellings write it: `=`, `starts with`.
    pub word: &'static str,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// What stands behind it.
    pub takes: Takes,
    /// Whether it holds for a value (`None` where there is none, or `null`).
    holds: fn(Option<&Value<'_>>, &[Literal]) -> bool,
}

/// What stands behind an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// One text, number, `true` or `false`.
    Value,
    /// One text or number.
    Ordered,
    /// One text.
    Text,
    /// A list of 1 to [`LIST_MAX`] values in parentheses.
    List,
}

/// The most values a list in a rule may have.
pub const LIST_MAX: usize = 1_000;

/// Every operator.
pub static OPERATORS: [&Operator; 14] = [
    &equals::EQUALS,
    &equals::NOT_EQUALS,
    &order::LESS,
    &order::LESS_OR_EQUAL,
    &order::GREATER,
    &order::GREATER_OR_EQUAL,
    &contains::CONTAINS,
    &contains::NOT_CONTAINS,
    &affix::STARTS_WITH,
    &affix::ENDS_WITH,
    &one_of::IN,
    &one_of::NOT_IN,
    &exists::EXISTS,
    &exists::NOT_EXISTS,
];

impl Operator {
    /// The operator behind a word, exactly as it is written.
    #[must_use]
    pub fn from_word(word: &str) -> Option<&'static Operator> {
        OPERATORS.into_iter().find(|operator| operator.word == word)
    }
}

impl Takes {
    /// Whether these operands fit.
    #[must_use]
    pub fn accepts(self, operands: &[Literal]) -> bool {
        match (self, operands) {
            (Takes::Nothing, []) | (Takes::Value, [_]) | (Takes::Text, [Literal::Text(_)]) => true,
            (Takes::Ordered, [literal]) => !matches!(literal, Literal::Bool(_)),
            (Takes::List, list) => !list.is_empty() && list.len() <= LIST_MAX,
            _ => false,
        }
    }

    /// What fits, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Takes::Nothing => "nothing",
            Takes::Value => "a text in double quotes, a number, true or false",
            Takes::Ordered => "a number or a text in double quotes",
            Takes::Text => "a text in double quotes",
            Takes::List => "a list of at most 1,000 values in parentheses",
        }
    }
}

/// An operator with what stands behind it.
#[derive(Clone, Debug)]
pub struct Test {
    operator: &'static Operator,
    operands: Box<[Literal]>,
}

impl Test {
    /// A test, where the operands fit the operator.
    #[must_use]
    pub fn new(operator: &'static Operator, operands: Vec<Literal>) -> Option<Test> {
        let fits = operator.takes.accepts(&operands);
        fits.then(|| Test {
            operator,
            operands: operands.into(),
        })
    }

    /// The operator.
    #[must_use]
    pub fn operator(&self) -> &'static Operator {
        self.operator
    }

    /// What stands behind it.
    #[must_use]
    pub fn operands(&self) -> &[Literal] {
        &self.operands
    }

    /// Whether it holds for a value; `null` is as good as none.
    #[must_use]
    pub fn holds(&self, value: Option<&Value<'_>>) -> bool {
        let value = value.filter(|value| **value != Value::Null);
        (self.operator.holds)(value, &self.operands)
    }
}

impl PartialEq for Test {
    fn eq(&self, other: &Test) -> bool {
        self.operator.word == other.operator.word && self.operands == other.operands
    }
}

/// `= "shoes"`, `in ("red", "blue")`, `exists`.
impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operator.word)?;
        match self.operator.takes {
            Takes::Nothing => Ok(()),
            Takes::List => {
                let list: Vec<_> = self.operands.iter().map(Literal::to_string).collect();
                write!(f, " ({})", list.join(", "))
            }
            Takes::Value | Takes::Ordered | Takes::Text => write!(f, " {}", self.operands[0]),
        }
    }
}

#[cfg(test)]
mod tests;
