//! `=` and `!=`.

use super::{How, Operator, Takes};
use crate::json::Value;
use crate::segment::literal::Literal;

pub(super) static EQUALS: Operator = Operator {
    word: "=",
    about: "The value is this one. Case counts; numbers in quotes are numbers too.",
    takes: Takes::Value,
    how: How::Plain(equals),
};

pub(super) static NOT_EQUALS: Operator = Operator {
    word: "!=",
    about: "The value is another one, or there is none.",
    takes: Takes::Value,
    how: How::Plain(|value, operands| !equals(value, operands)),
};

fn equals(value: Option<&Value<'_>>, operands: &[Literal]) -> bool {
    value.is_some_and(|value| operands[0].equals(value))
}
