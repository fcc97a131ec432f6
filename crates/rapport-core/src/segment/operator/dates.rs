//! Operators on dates: fixed ones, and those that move with the clock.

use super::{Clock, How, Operator, Takes};
use crate::json::{Decimal, Value};
use crate::segment::literal::Literal;
use crate::time::{Millis, SECOND_MS};

pub(super) static BEFORE: Operator = Operator {
    word: "before",
    about: "The date is earlier than this one. One without a time or an offset counts as UTC.",
    takes: Takes::Date,
    how: How::Plain(|value, operands| both(value, operands, |at, date| at < date)),
};

pub(super) static AFTER: Operator = Operator {
    word: "after",
    about: "The date is later than this one.",
    takes: Takes::Date,
    how: How::Plain(|value, operands| both(value, operands, |at, date| at > date)),
};

pub(super) static WITHIN_LAST: Operator = Operator {
    word: "within last",
    about: "The date is not in the future, and less than this long ago.",
    takes: Takes::Span,
    how: How::Timed {
        holds: |value, operands, clock| {
            relative(value, operands, |at, span| {
                at <= clock.now && clock.now < at.plus(span)
            })
        },
        moments: |value, operands, clock, see| {
            moments(value, operands, clock, see, |at, span| [at, at.plus(span)]);
        },
    },
};

pub(super) static WITHIN_NEXT: Operator = Operator {
    word: "within next",
    about: "The date is in the future, and at most this far ahead.",
    takes: Takes::Span,
    how: How::Timed {
        holds: |value, operands, clock| {
            relative(value, operands, |at, span| {
                at.plus(-span) <= clock.now && clock.now < at
            })
        },
        moments: |value, operands, clock, see| {
            moments(value, operands, clock, see, |at, span| [at.plus(-span), at]);
        },
    },
};

pub(super) static BEFORE_LAST: Operator = Operator {
    word: "before last",
    about: "The date is at least this long ago.",
    takes: Takes::Span,
    how: How::Timed {
        holds: |value, operands, clock| {
            relative(value, operands, |at, span| at.plus(span) <= clock.now)
        },
        moments: |value, operands, clock, see| {
            moments(value, operands, clock, see, |at, span| [at.plus(span); 2]);
        },
    },
};

pub(super) static AFTER_NEXT: Operator = Operator {
    word: "after next",
    about: "The date is farther ahead than this.",
    takes: Takes::Span,
    how: How::Timed {
        holds: |value, operands, clock| {
            relative(value, operands, |at, span| clock.now < at.plus(-span))
        },
        moments: |value, operands, clock, see| {
            moments(value, operands, clock, see, |at, span| [at.plus(-span); 2]);
        },
    },
};

/// The instant that a value says: an ISO 8601 text, or seconds since 1970, or milliseconds where
/// seconds would be beyond the year 5138.
pub(super) fn instant(value: Option<&Value<'_>>) -> Option<Millis> {
    match value? {
        Value::Text(text) => Millis::parse(text),
        Value::Number(number) => {
            let whole = number.whole_part()?;
            let is_seconds =
                *number < Decimal::whole(SECONDS_END) && *number > Decimal::whole(-SECONDS_END);
            Some(Millis(if is_seconds {
                whole.checked_mul(SECOND_MS)?
            } else {
                whole
            }))
        }
        _ => None,
    }
}

const SECONDS_END: i64 = 100_000_000_000;

fn both(value: Option<&Value<'_>>, operands: &[Literal], fits: fn(Millis, Millis) -> bool) -> bool {
    match (instant(value), operands) {
        (Some(at), [Literal::Text(date)]) => Millis::parse(date).is_some_and(|date| fits(at, date)),
        _ => false,
    }
}

fn relative(
    value: Option<&Value<'_>>,
    operands: &[Literal],
    fits: impl Fn(Millis, i64) -> bool,
) -> bool {
    match (instant(value), operands) {
        (Some(at), [Literal::Span(span)]) => fits(at, span.length_ms()),
        _ => false,
    }
}

fn moments(
    value: Option<&Value<'_>>,
    operands: &[Literal],
    clock: &Clock<'_>,
    see: &mut dyn FnMut(Millis),
    edges: fn(Millis, i64) -> [Millis; 2],
) {
    if let (Some(at), [Literal::Span(span)]) = (instant(value), operands) {
        let edges = edges(at, span.length_ms());
        edges
            .into_iter()
            .filter(|edge| *edge > clock.now)
            .for_each(see);
    }
}
