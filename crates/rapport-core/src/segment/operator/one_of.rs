//! `in` and `not in`.

use super::{How, Operator, Takes};
use crate::json::Value;
use crate::segment::literal::Literal;

pub(super) static IN: Operator = Operator {
    word: "in",
    about: "The value is one of these.",
    takes: Takes::List,
    how: How::Plain(is_one_of),
};

pub(super) static NOT_IN: Operator = Operator {
    word: "not in",
    about: "The value is none of these, or there is none.",
    takes: Takes::List,
    how: How::Plain(|value, operands| !is_one_of(value, operands)),
};

fn is_one_of(value: Option<&Value<'_>>, operands: &[Literal]) -> bool {
    value.is_some_and(|value| operands.iter().any(|operand| operand.equals(value)))
}
