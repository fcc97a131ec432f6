//! Anniversaries: the day and month of a date, every year, on the calendar of the person.

use super::dates::instant;
use super::{Clock, How, Operator, Takes};
use crate::json::Value;
use crate::segment::literal::Literal;
use crate::segment::zone::Zone;
use crate::time::{DAY_MS, Millis};
use jiff::ToSpan;
use jiff::civil::Date;

pub(super) static WITHIN_NEXT: Operator = Operator {
    word: "anniversary within next",
    about: "The day and month of the date come round today, or in at most so many days: whole days on the person's calendar.",
    takes: Takes::Span,
    how: How::Timed {
        holds: |value, operands, clock| holds(value, operands, clock, Side::Ahead),
        moments: |value, operands, clock, see| moments(value, operands, clock, Side::Ahead, see),
    },
};

pub(super) static WITHIN_LAST: Operator = Operator {
    word: "anniversary within last",
    about: "The day and month of the date came round today, or at most so many days ago: whole days on the person's calendar.",
    takes: Takes::Span,
    how: How::Timed {
        holds: |value, operands, clock| holds(value, operands, clock, Side::Behind),
        moments: |value, operands, clock, see| moments(value, operands, clock, Side::Behind, see),
    },
};

#[derive(Clone, Copy)]
enum Side {
    Ahead,
    Behind,
}

/// The days around an anniversary at which the test holds: from the first moment of one day until
/// that of another.
fn stretch(date: Date, days: i64, side: Side, zone: &Zone) -> (Millis, Millis) {
    let (first, last) = match side {
        Side::Ahead => (date.saturating_sub(days.days()), date),
        Side::Behind => (date, date.saturating_add(days.days())),
    };
    let behind = last.saturating_add(1.day());
    (zone.midnight(first), zone.midnight(behind))
}

/// The anniversaries that can matter around a day: those of its year and of two to either side.
/// The 29th of February is kept on the 28th in years without one.
fn around(born: Date, today: Date) -> impl Iterator<Item = Date> {
    (-2..=2).filter_map(move |years| {
        let year = today.year().checked_add(years)?;
        let date = Date::new(year, born.month(), born.day());
        date.or_else(|_| Date::new(year, born.month(), 28)).ok()
    })
}

fn asked(
    value: Option<&Value<'_>>,
    operands: &[Literal],
    clock: &Clock<'_>,
    side: Side,
) -> Vec<(Millis, Millis)> {
    let ([Literal::Span(span)], Some(born)) = (operands, born(value)) else {
        return Vec::new();
    };
    let days = (span.length_ms() / DAY_MS).min(366);
    let today = clock.zone.day(clock.now);
    around(born, today)
        .map(|date| stretch(date, days, side, clock.zone))
        .collect()
}

/// The date that a value says. Of a text it is the date written there, in no zone.
fn born(value: Option<&Value<'_>>) -> Option<Date> {
    if let Some(Value::Text(text)) = value
        && let Some(date) = text.get(..10)
        && let Ok(date) = date.parse::<Date>()
    {
        return Some(date);
    }
    Some(Zone::default().day(instant(value)?))
}

fn holds(value: Option<&Value<'_>>, operands: &[Literal], clock: &Clock<'_>, side: Side) -> bool {
    let stretches = asked(value, operands, clock, side);
    stretches
        .into_iter()
        .any(|(from, to)| from <= clock.now && clock.now < to)
}

fn moments(
    value: Option<&Value<'_>>,
    operands: &[Literal],
    clock: &Clock<'_>,
    side: Side,
    see: &mut dyn FnMut(Millis),
) {
    let edges = asked(value, operands, clock, side)
        .into_iter()
        .flat_map(|(from, to)| [from, to]);
    edges.filter(|edge| *edge > clock.now).for_each(see);
}
