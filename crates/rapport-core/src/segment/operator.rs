//! Operators on attributes and properties: each is a file, and a line in [`OPERATORS`].

use crate::json::Value;
use crate::segment::literal::Literal;
use crate::segment::zone::Zone;
use crate::time::Millis;
use std::fmt;

mod affix;
mod anniversary;
mod between;
mod contains;
mod dates;
mod empty;
mod equals;
mod exists;
mod matches;
mod one_of;
mod order;
mod several;

/// A way to compare a value. Both spellings and the reference page are made from this.
#[derive(Debug)]
pub struct Operator {
    /// How both spellings write it: `=`, `starts with`.
    pub word: &'static str,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// What stands behind it.
    pub takes: Takes,
    /// What it says of a value.
    how: How,
}

/// What an operator says of a value (`None` where there is none, or `null`).
#[derive(Debug)]
enum How {
    /// The same at any time.
    Plain(fn(Option<&Value<'_>>, &[Literal]) -> bool),
    /// Another thing at another time.
    Timed {
        /// Whether it holds.
        holds: fn(Option<&Value<'_>>, &[Literal], &Clock<'_>) -> bool,
        /// Calls with the instants behind the clock at which that may change by itself.
        moments: Moments,
    },
}

type Moments = fn(Option<&Value<'_>>, &[Literal], &Clock<'_>, &mut dyn FnMut(Millis));

/// The time by which a value is judged: now for what is known of a person, the instant of the
/// event for its properties.
#[derive(Clone, Copy, Debug)]
pub struct Clock<'a> {
    /// The instant.
    pub now: Millis,
    /// Where days begin.
    pub zone: &'a Zone,
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
    /// Two texts or two numbers with `and` between them.
    Range,
    /// One text.
    Text,
    /// One text with `*` and `?` in it.
    Pattern,
    /// One text that spells an instant.
    Date,
    /// One span.
    Span,
    /// A list of 1 to [`LIST_MAX`] values in parentheses.
    List,
}

/// The most values a list in a rule may have.
pub const LIST_MAX: usize = 1_000;

/// The longest pattern of `matches`, in bytes.
pub const PATTERN_BYTES_MAX: usize = 256;

/// Every operator.
pub static OPERATORS: [&Operator; 32] = [
    &equals::EQUALS,
    &equals::NOT_EQUALS,
    &order::LESS,
    &order::LESS_OR_EQUAL,
    &order::GREATER,
    &order::GREATER_OR_EQUAL,
    &between::BETWEEN,
    &contains::CONTAINS,
    &contains::NOT_CONTAINS,
    &several::CONTAINS_ANY,
    &several::CONTAINS_ALL,
    &several::CONTAINS_NONE,
    &affix::STARTS_WITH,
    &affix::NOT_STARTS_WITH,
    &affix::ENDS_WITH,
    &affix::NOT_ENDS_WITH,
    &matches::MATCHES,
    &matches::NOT_MATCHES,
    &one_of::IN,
    &one_of::NOT_IN,
    &exists::EXISTS,
    &exists::NOT_EXISTS,
    &empty::IS_EMPTY,
    &empty::IS_NOT_EMPTY,
    &dates::BEFORE,
    &dates::AFTER,
    &dates::WITHIN_LAST,
    &dates::WITHIN_NEXT,
    &dates::BEFORE_LAST,
    &dates::AFTER_NEXT,
    &anniversary::WITHIN_NEXT,
    &anniversary::WITHIN_LAST,
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
            (Takes::Nothing, []) | (Takes::Text, [Literal::Text(_)]) => true,
            (Takes::Value, [literal]) => !matches!(literal, Literal::Span(_)),
            (Takes::Ordered, [literal]) => is_ordered(literal),
            (Takes::Range, [left, right]) => {
                is_ordered(left)
                    && std::mem::discriminant(left) == std::mem::discriminant(right)
                    && left <= right
            }
            (Takes::Pattern, [Literal::Text(pattern)]) => pattern.len() <= PATTERN_BYTES_MAX,
            (Takes::Date, [Literal::Text(text)]) => Millis::parse(text).is_some(),
            (Takes::Span, [Literal::Span(_)]) => true,
            (Takes::List, list) => {
                let fits = |literal| !matches!(literal, &Literal::Span(_));
                !list.is_empty() && list.len() <= LIST_MAX && list.iter().all(fits)
            }
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
            Takes::Range => "two numbers or two texts in double quotes, the lesser first",
            Takes::Text => "a text in double quotes",
            Takes::Pattern => "a text of at most 256 bytes in double quotes, with * and ? in it",
            Takes::Date => "a date in double quotes, like \"2026-11-22\"",
            Takes::Span => "a span, like 7 days",
            Takes::List => "a list of at most 1,000 values in parentheses",
        }
    }
}

fn is_ordered(literal: &Literal) -> bool {
    matches!(literal, Literal::Number(_) | Literal::Text(_))
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
    pub fn holds(&self, value: Option<&Value<'_>>, clock: &Clock<'_>) -> bool {
        let value = value.filter(|value| **value != Value::Null);
        match self.operator.how {
            How::Plain(holds) => holds(value, &self.operands),
            How::Timed { holds, .. } => holds(value, &self.operands, clock),
        }
    }

    /// Whether the answer can change by itself.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        matches!(self.operator.how, How::Timed { .. })
    }

    /// Calls with the instants behind the clock at which the answer may change by itself; with
    /// the first of them at least.
    pub fn moments(
        &self,
        value: Option<&Value<'_>>,
        clock: &Clock<'_>,
        see: &mut dyn FnMut(Millis),
    ) {
        if let How::Timed { moments, .. } = self.operator.how {
            moments(value, &self.operands, clock, see);
        }
    }
}

impl PartialEq for Test {
    fn eq(&self, other: &Test) -> bool {
        self.operator.word == other.operator.word && self.operands == other.operands
    }
}

/// `= "shoes"`, `in ("red", "blue")`, `exists`, `between 1 and 5`.
impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operator.word)?;
        match (self.operator.takes, &*self.operands) {
            (Takes::List, operands) => {
                let list: Vec<_> = operands.iter().map(Literal::to_string).collect();
                write!(f, " ({})", list.join(", "))
            }
            (_, [operand]) => write!(f, " {operand}"),
            (_, [left, right]) => write!(f, " {left} and {right}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
