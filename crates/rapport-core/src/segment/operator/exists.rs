//! `exists` and `not exists`.

use super::{How, Operator, Takes};

pub(super) static EXISTS: Operator = Operator {
    word: "exists",
    about: "There is a value, and it is not null.",
    takes: Takes::Nothing,
    how: How::Plain(|value, _| value.is_some()),
};

pub(super) static NOT_EXISTS: Operator = Operator {
    word: "not exists",
    about: "There is no value, or it is null.",
    takes: Takes::Nothing,
    how: How::Plain(|value, _| value.is_none()),
};
