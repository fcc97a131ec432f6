//! Time zones: where a day begins. The rules of all zones are compiled in, so that they are the
//! same on every machine.

use crate::time::Millis;
use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};

/// The attribute that says in which zone a person lives: `"Europe/Berlin"`.
pub const ATTRIBUTE: &str = "timezone";

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Zone {
        Zone(TimeZone::UTC)
    }
}

/// A unit of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// From the first to the last.
    Month,
    /// Three months, from January.
    Quarter,
    /// From January to December.
    Year,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Unit; 5] = [
        Unit::Day,
        Unit::Week,
        Unit::Month,
        Unit::Quarter,
        Unit::Year,
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
            Unit::Quarter => "quarter",
            Unit::Year => "year",
        }
    }

    /// The most days it can have, and one more for what zones do with their clocks.
    #[must_use]
    pub fn days_max(self) -> i64 {
        match self {
            Unit::Day => 2,
            Unit::Week => 8,
            Unit::Month => 32,
            Unit::Quarter => 93,
            Unit::Year => 367,
        }
    }

    fn first_day(self, day: Date) -> Date {
        let of_month = |month: i8| Date::new(day.year(), month, 1).unwrap_or(day);
        match self {
            Unit::Day => day,
            Unit::Week => {
                let behind = i64::from(day.weekday().since(Weekday::Monday));
                day.saturating_sub(behind.days())
            }
            Unit::Month => of_month(day.month()),
            Unit::Quarter => of_month((day.month() - 1) / 3 * 3 + 1),
            Unit::Year => of_month(1),
        }
    }

    fn moved(self, first: Date, units: i64) -> Date {
        match self {
            Unit::Day => first.saturating_add(units.days()),
            Unit::Week => first.saturating_add((7 * units).days()),
            Unit::Month => first.saturating_add(units.months()),
            Unit::Quarter => first.saturating_add((3 * units).months()),
            Unit::Year => first.saturating_add(units.years()),
        }
    }
}

impl Zone {
    /// The zone of an IANA name. `None` where there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Zone> {
        TimeZoneDatabase::bundled().get(name).ok().map(Zone)
    }

    /// The zone a person's attribute says, as raw JSON.
    #[must_use]
    pub fn of_attribute(raw: Option<&str>) -> Option<Zone> {
        match crate::json::Value::parse(raw?)? {
            crate::json::Value::Text(name) => Zone::named(&name),
            _ => None,
        }
    }

    /// The first moment of the unit of the calendar that `at` is in, moved by as many units.
    #[must_use]
    pub fn start(&self, unit: Unit, at: Millis, units: i64) -> Millis {
        self.midnight(unit.moved(unit.first_day(self.day(at)), units))
    }

    /// The date on the calendar at an instant.
    #[must_use]
    pub fn day(&self, at: Millis) -> Date {
        let instant = Timestamp::from_millisecond(at.0).unwrap_or(match at.0 < 0 {
            true => Timestamp::MIN,
            false => Timestamp::MAX,
        });
        self.0.to_datetime(instant).date()
    }

    /// The first moment of a date.
    #[must_use]
    pub fn midnight(&self, day: Date) -> Millis {
        match day.to_zoned(self.0.clone()) {
            Ok(zoned) => Millis(zoned.timestamp().as_millisecond()),
            Err(_) => Millis::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(zone: &str, unit: Unit, at: &str, units: i64, expected: &str) {
        let zone = Zone::named(zone).unwrap();
        let start = zone.start(unit, Millis::parse(at).unwrap(), units);
        assert_eq!(Some(start), Millis::parse(expected), "{at}: {start}");
    }

    #[test]
    fn units_of_the_calendar_begin_at_midnight_of_the_zone() {
        check("UTC", Unit::Day, "2026-03-29T12:00:00Z", 0, "2026-03-29");
        let berlin = "Europe/Berlin";
        check(
            berlin,
            Unit::Day,
            "2026-03-29T12:00:00Z",
            0,
            "2026-03-28T23:00:00Z",
        );
        check(
            berlin,
            Unit::Day,
            "2026-03-29T12:00:00Z",
            1,
            "2026-03-29T22:00:00Z",
        );
        check(
            berlin,
            Unit::Week,
            "2026-03-29T12:00:00Z",
            0,
            "2026-03-22T23:00:00Z",
        );
        check(
            berlin,
            Unit::Month,
            "2026-03-31T22:30:00Z",
            0,
            "2026-03-31T22:00:00Z",
        );
        check(
            berlin,
            Unit::Month,
            "2026-03-31T21:30:00Z",
            -1,
            "2026-01-31T23:00:00Z",
        );
        check(
            "UTC",
            Unit::Quarter,
            "2026-05-31T00:00:00Z",
            1,
            "2026-07-01",
        );
        check("UTC", Unit::Year, "2026-05-31T00:00:00Z", -1, "2025-01-01");
    }

    #[test]
    fn a_zone_is_known_by_its_name_only() {
        assert!(Zone::of_attribute(Some(r#""Asia/Kathmandu""#)).is_some());
        assert!(Zone::of_attribute(Some(r#""Middle/Earth""#)).is_none());
        assert!(Zone::of_attribute(Some("3")).is_none());
        assert!(Zone::of_attribute(None).is_none());
    }
}
