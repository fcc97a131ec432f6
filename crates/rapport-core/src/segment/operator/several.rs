//! `contains any of`, `contains all of` and `contains none of`.

use super::contains::contains;
use super::{How, Operator, Takes};

pub(super) static CONTAINS_ANY: Operator = Operator {
    word: "contains any of",
    about: "The text has one of these in it; or the list has one of these items.",
    takes: Takes::List,
    how: How::Plain(|value, wanted| wanted.iter().any(|part| contains(value, part))),
};

pub(super) static CONTAINS_ALL: Operator = Operator {
    word: "contains all of",
    about: "The text has all of these in it; or the list has all of these items.",
    takes: Takes::List,
    how: How::Plain(|value, wanted| wanted.iter().all(|part| contains(value, part))),
};

pub(super) static CONTAINS_NONE: Operator = Operator {
    word: "contains none of",
    about: "The text has none of these in it, nor the list any of these items; or there is no value.",
    takes: Takes::List,
    how: How::Plain(|value, wanted| !wanted.iter().any(|part| contains(value, part))),
};
