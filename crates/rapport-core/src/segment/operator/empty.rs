//! `is empty` and `is not empty`.

use super::{How, Operator, Takes};
use crate::json::{Value, items, members};

pub(super) static IS_EMPTY: Operator = Operator {
    word: "is empty",
    about: "There is no value, or it is null, \"\", [] or {}.",
    takes: Takes::Nothing,
    how: How::Plain(|value, _| is_empty(value)),
};

pub(super) static IS_NOT_EMPTY: Operator = Operator {
    word: "is not empty",
    about: "There is a value, and it is not null, \"\", [] or {}.",
    takes: Takes::Nothing,
    how: How::Plain(|value, _| !is_empty(value)),
};

fn is_empty(value: Option<&Value<'_>>) -> bool {
    match value {
        None => true,
        Some(Value::Text(text)) => text.is_empty(),
        Some(Value::List(list)) => items(list).next().is_none(),
        Some(Value::Object(object)) => members(object).next().is_none(),
        Some(_) => false,
    }
}
