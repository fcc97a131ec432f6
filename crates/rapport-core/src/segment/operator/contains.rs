//! `contains` and `not contains`.

use super::{How, Operator, Takes};
use crate::json::{Value, items};
use crate::segment::literal::Literal;

pub(super) static CONTAINS: Operator = Operator {
    word: "contains",
    about: "The text has this in it; or the list has this item.",
    takes: Takes::Value,
    how: How::Plain(|value, operands| contains(value, &operands[0])),
};

pub(super) static NOT_CONTAINS: Operator = Operator {
    word: "not contains",
    about: "The text does not have this in it, nor the list this item; or there is no value.",
    takes: Takes::Value,
    how: How::Plain(|value, operands| !contains(value, &operands[0])),
};

pub(super) fn contains(value: Option<&Value<'_>>, wanted: &Literal) -> bool {
    match (value, wanted) {
        (Some(Value::Text(text)), Literal::Text(part)) => text.contains(&**part),
        (Some(Value::List(list)), _) => items(list)
            .filter_map(Value::parse)
            .any(|item| wanted.equals(&item)),
        _ => false,
    }
}
