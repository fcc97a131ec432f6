//! `starts with`, `ends with`, and their opposites.

use super::{How, Operator, Takes};
use crate::json::Value;
use crate::segment::literal::Literal;

pub(super) static STARTS_WITH: Operator = Operator {
    word: "starts with",
    about: "The text begins with this. Case counts.",
    takes: Takes::Text,
    how: How::Plain(|value, operands| both(value, operands, |text, part| text.starts_with(part))),
};

pub(super) static NOT_STARTS_WITH: Operator = Operator {
    word: "not starts with",
    about: "The value is no text that begins with this, or there is none.",
    takes: Takes::Text,
    how: How::Plain(|value, operands| !both(value, operands, |text, part| text.starts_with(part))),
};

pub(super) static ENDS_WITH: Operator = Operator {
    word: "ends with",
    about: "The text ends with this. Case counts.",
    takes: Takes::Text,
    how: How::Plain(|value, operands| both(value, operands, |text, part| text.ends_with(part))),
};

pub(super) static NOT_ENDS_WITH: Operator = Operator {
    word: "not ends with",
    about: "The value is no text that ends with this, or there is none.",
    takes: Takes::Text,
    how: How::Plain(|value, operands| !both(value, operands, |text, part| text.ends_with(part))),
};

fn both(value: Option<&Value<'_>>, operands: &[Literal], fits: fn(&str, &str) -> bool) -> bool {
    match (value, operands) {
        (Some(Value::Text(text)), [Literal::Text(part)]) => fits(text, part),
        _ => false,
    }
}
