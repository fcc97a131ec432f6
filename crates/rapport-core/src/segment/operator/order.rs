//! `<`, `<=`, `>` and `>=`.

use super::{How, Operator, Takes};
use crate::json::Value;
use crate::segment::literal::Literal;
use std::cmp::Ordering;

pub(super) static LESS: Operator = Operator {
    word: "<",
    about: "The value is less than this: numbers by size, text in the order of its characters.",
    takes: Takes::Ordered,
    how: How::Plain(|value, operands| order(value, operands).is_some_and(Ordering::is_lt)),
};

pub(super) static LESS_OR_EQUAL: Operator = Operator {
    word: "<=",
    about: "The value is less than this, or equal.",
    takes: Takes::Ordered,
    how: How::Plain(|value, operands| order(value, operands).is_some_and(Ordering::is_le)),
};

pub(super) static GREATER: Operator = Operator {
    word: ">",
    about: "The value is greater than this: numbers by size, text in the order of its characters.",
    takes: Takes::Ordered,
    how: How::Plain(|value, operands| order(value, operands).is_some_and(Ordering::is_gt)),
};

pub(super) static GREATER_OR_EQUAL: Operator = Operator {
    word: ">=",
    about: "The value is greater than this, or equal.",
    takes: Takes::Ordered,
    how: How::Plain(|value, operands| order(value, operands).is_some_and(Ordering::is_ge)),
};

fn order(value: Option<&Value<'_>>, operands: &[Literal]) -> Option<Ordering> {
    operands[0].order_of(value?)
}
