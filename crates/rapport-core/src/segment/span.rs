//! Lengths of time as rules write them: whole seconds, from one second to a hundred years.
//!
//! A span is always as long: a week is 7 days, a month 30 days and a year 365 days of 24 hours.
//! What follows the calendar is a [window](crate::segment::window) of its own.

use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use std::fmt;

/// The longest span a rule may name: a hundred years, in milliseconds.
pub const SPAN_MAX_MS: i64 = 36_500 * DAY_MS;

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    length_ms: i64,
}

/// A unit: its word for one, and its length in milliseconds.
pub(super) const UNITS: [(&str, i64); 7] = [
    ("second", SECOND_MS),
    ("minute", MINUTE_MS),
    ("hour", HOUR_MS),
    ("day", DAY_MS),
    ("week", 7 * DAY_MS),
    ("month", 30 * DAY_MS),
    ("year", 365 * DAY_MS),
];

impl Span {
    /// A span of whole seconds, up to [`SPAN_MAX_MS`]. `None` for any other length.
    #[must_use]
    pub fn of_ms(length_ms: i64) -> Option<Span> {
        let fits = (SECOND_MS..=SPAN_MAX_MS).contains(&length_ms) && length_ms % SECOND_MS == 0;
        fits.then_some(Span { length_ms })
    }

    /// Its length in milliseconds.
    #[must_use]
    pub fn length_ms(self) -> i64 {
        self.length_ms
    }

    /// Its length in the largest of seconds, minutes, hours and days that leaves no rest.
    #[must_use]
    pub fn in_units(self) -> (i64, &'static str) {
        let (word, unit_ms) = UNITS[..4]
            .iter()
            .rev()
            .find(|(_, unit_ms)| self.length_ms % unit_ms == 0)
            .unwrap_or(&UNITS[0]);
        (self.length_ms / unit_ms, word)
    }
}

/// `7 days`, `1 hour`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (amount, word) = self.in_units();
        let ending = if amount == 1 { "" } else { "s" };
        write!(f, "{amount} {word}{ending}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_print_in_the_largest_unit_without_a_rest() {
        let print = |seconds: i64| Span::of_ms(seconds * 1_000).map(|span| span.to_string());
        assert_eq!(print(90).as_deref(), Some("90 seconds"));
        assert_eq!(print(60).as_deref(), Some("1 minute"));
        assert_eq!(print(7_200).as_deref(), Some("2 hours"));
        assert_eq!(print(14 * 86_400).as_deref(), Some("14 days"));
        assert_eq!(print(365 * 86_400).as_deref(), Some("365 days"));
        assert_eq!(print(0), None);
        assert_eq!(Span::of_ms(1_500), None);
    }
}
