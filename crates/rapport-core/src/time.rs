//! Instants and spans: milliseconds since the Unix epoch, in UTC, and nothing that asks for the time.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An instant in milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub i64);

/// One second, in milliseconds.
pub const SECOND_MS: i64 = 1_000;
/// One minute, in milliseconds.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour, in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day of 24 hours, in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

impl Millis {
    /// The latest instant there is.
    pub const MAX: Millis = Millis(i64::MAX);

    /// This instant moved by `span_ms`, saturating at the ends of the scale.
    #[must_use]
    pub fn plus(self, span_ms: i64) -> Millis {
        Millis(self.0.saturating_add(span_ms))
    }

    /// Milliseconds from `earlier` to `self`; negative where `earlier` is the later one.
    #[must_use]
    pub fn since(self, earlier: Millis) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads an ISO 8601 / RFC 3339 instant (`2026-11-22T10:00:00.123Z`, any offset; a date, or a
    /// date and time without offset, counts as UTC). `None` where it is none, or outside years
    /// 0001 to 9999.
    #[must_use]
    pub fn parse(text: &str) -> Option<Millis> {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Millis::checked(instant.as_millisecond());
        }
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Millis::checked(zoned.timestamp().as_millisecond())
    }

    fn checked(ms: i64) -> Option<Millis> {
        const YEAR_1: i64 = -62_135_596_800_000;
        (ms >= YEAR_1).then_some(Millis(ms))
    }
}

/// RFC 3339 in UTC with milliseconds: `2026-11-22T10:00:00.123Z`.
impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_in_the_spellings_sdks_send() {
        let expected = Some(Millis(1_700_000_000_123));
        for text in [
            "2023-11-14T22:13:20.123Z",
            "2023-11-14T22:13:20.123+00:00",
            "2023-11-14T23:13:20.123+01:00",
            "2023-11-14T22:13:20.123",
            "2023-11-14 22:13:20.123Z",
        ] {
            assert_eq!(Millis::parse(text), expected, "{text}");
        }
        assert_eq!(Millis::parse("1970-01-02"), Some(Millis(DAY_MS)));
        assert_eq!(Millis::parse("yesterday"), None);
    }

    #[test]
    fn instants_print_as_rfc_3339_with_milliseconds() {
        assert_eq!(
            Millis(1_700_000_000_123).to_string(),
            "2023-11-14T22:13:20.123Z"
        );
        assert_eq!(Millis(0).to_string(), "1970-01-01T00:00:00.000Z");
    }
}
