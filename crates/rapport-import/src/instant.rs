//! Instants as files spell them: ISO 8601, plain dates, days with dots, numbers since 1970, or a
//! pattern of one's own; without an offset they are of the zone that is said.

use crate::error::{Error, Result};
use crate::mapping::shown;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use rapport_core::time::Millis;

/// From here on a number is milliseconds since 1970, below it is seconds.
const MILLISECONDS_FROM: f64 = 1e11;

/// What a pattern must be able to read once it has written it.
const SAMPLE: DateTime = jiff::civil::date(2023, 11, 14).at(22, 13, 20, 0);
/// The longest pattern.
const PATTERN_BYTES_MAX: usize = 200;

/// How instants are read.
#[derive(Clone, Debug)]
pub struct Instants {
    spelling: Spelling,
    zone: TimeZone,
}

#[derive(Clone, Debug)]
enum Spelling {
    Any,
    Seconds,
    Milliseconds,
    Pattern(String),
}

impl Default for Instants {
    fn default() -> Instants {
        Instants {
            spelling: Spelling::Any,
            zone: TimeZone::UTC,
        }
    }
}

impl Instants {
    /// Reads a format (`auto`, `seconds`, `milliseconds`, or a pattern such as `%d/%m/%Y %H:%M`)
    /// and a zone (`Europe/Stockholm`).
    ///
    /// # Errors
    /// Where one of them is none.
    pub fn new(format: Option<&str>, zone: Option<&str>) -> Result<Instants> {
        let spelling = match format.unwrap_or("auto") {
            "auto" | "iso" => Spelling::Any,
            "seconds" => Spelling::Seconds,
            "milliseconds" => Spelling::Milliseconds,
            pattern if pattern.contains('%') => Spelling::Pattern(pattern.to_owned()),
            other => {
                return Err(Error::Mapping(format!(
                    "`{}` is no format of time: say auto, seconds, milliseconds or a pattern such as \
                     %d/%m/%Y %H:%M",
                    shown(other)
                )));
            }
        };
        let zone = match zone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| {
                Error::Mapping(format!(
                    "`{}` is no time zone: say one such as Europe/Stockholm",
                    shown(name)
                ))
            })?,
        };
        let instants = Instants { spelling, zone };
        instants.check()?;
        Ok(instants)
    }

    /// A pattern that cannot read what it writes itself would reject every row.
    fn check(&self) -> Result<()> {
        let Spelling::Pattern(pattern) = &self.spelling else {
            return Ok(());
        };
        let wrong = |why: String| {
            Err(Error::Mapping(format!(
                "`{}` is no pattern of a time: {why}; say one such as %d/%m/%Y %H:%M",
                shown(pattern)
            )))
        };
        if pattern.len() > PATTERN_BYTES_MAX {
            return wrong(format!("it may have {PATTERN_BYTES_MAX} bytes"));
        }
        let sample = self.zone.to_ambiguous_zoned(SAMPLE).compatible();
        let written = sample.and_then(|sample| strtime::format(pattern, &sample));
        match written.map(|written| self.patterned(pattern, &written)) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => wrong("it names no day, or what cannot be read back".to_owned()),
            Err(error) => wrong(error.to_string()),
        }
    }

    /// Reads an instant.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<Millis> {
        let text = text.trim();
        let found = match &self.spelling {
            Spelling::Any => self.any(text),
            Spelling::Seconds => number(text, 1_000.0),
            Spelling::Milliseconds => number(text, 1.0),
            Spelling::Pattern(pattern) => self.patterned(pattern, text),
        };
        // The years that an event's own time may be of.
        found.filter(|at| (-62_135_596_800_000..253_402_300_800_000).contains(&at.0))
    }

    fn any(&self, text: &str) -> Option<Millis> {
        if text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
            && text.bytes().filter(|byte| *byte == b'.').count() < 2
        {
            return self.digits(text);
        }
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Some(Millis(at.as_millisecond()));
        }
        let plain = text.replacen('/', "-", 2);
        if let Ok(civil) = plain.parse::<DateTime>() {
            return self.in_zone(civil);
        }
        self.with_dots(text)
    }

    /// Eight digits that begin like a year of ours are a day, anything else is since 1970.
    fn digits(&self, text: &str) -> Option<Millis> {
        let is_day = text.len() == 8 && (text.starts_with("19") || text.starts_with("20"));
        if is_day && let Ok(day) = strtime::parse("%Y%m%d", text).and_then(|day| day.to_date()) {
            return self.in_zone(day.to_datetime(Time::midnight()));
        }
        let count: f64 = text.parse().ok()?;
        let factor = if count >= MILLISECONDS_FROM {
            1.0
        } else {
            1_000.0
        };
        number(text, factor)
    }

    /// `31.12.2025`, with a time behind it or not: dots have one order everywhere.
    fn with_dots(&self, text: &str) -> Option<Millis> {
        let (day, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
        let mut parts = day.split('.');
        let (d, m, y) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || y.len() != 4 {
            return None;
        }
        let day = Date::new(y.parse().ok()?, m.parse().ok()?, d.parse().ok()?).ok()?;
        let time = match time.trim() {
            "" => Time::midnight(),
            time => time.parse().ok()?,
        };
        self.in_zone(day.to_datetime(time))
    }

    fn patterned(&self, pattern: &str, text: &str) -> Option<Millis> {
        let read = strtime::parse(pattern, text).ok()?;
        if let Ok(at) = read.to_timestamp() {
            return Some(Millis(at.as_millisecond()));
        }
        let civil = read
            .to_datetime()
            .or_else(|_| read.to_date().map(|day| day.to_datetime(Time::midnight())))
            .ok()?;
        self.in_zone(civil)
    }

    /// A wall clock's time; of one that came twice the earlier, of one that was left out the later.
    fn in_zone(&self, civil: DateTime) -> Option<Millis> {
        let at = self.zone.to_ambiguous_timestamp(civil).compatible().ok()?;
        Some(Millis(at.as_millisecond()))
    }
}

fn number(text: &str, factor: f64) -> Option<Millis> {
    let count: f64 = text.parse().ok()?;
    let ms = count * factor;
    (ms.is_finite() && ms.abs() < 1e15).then(|| Millis(ms.round() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: Option<&str>, zone: Option<&str>, text: &str, expected: Option<&str>) {
        let read = Instants::new(format, zone).unwrap().read(text);
        let read = read.map(|at| at.to_string());
        assert_eq!(read.as_deref(), expected, "{text}");
    }

    #[test]
    fn instants_are_read_as_files_spell_them() {
        for (text, expected) in [
            ("2026-11-22T10:00:00.123Z", "2026-11-22T10:00:00.123Z"),
            ("2026-11-22 10:00", "2026-11-22T10:00:00.000Z"),
            ("2026/11/22", "2026-11-22T00:00:00.000Z"),
            ("22.11.2026 10:00", "2026-11-22T10:00:00.000Z"),
            ("1.2.2026", "2026-02-01T00:00:00.000Z"),
            ("19970101", "1997-01-01T00:00:00.000Z"),
            ("1700000000", "2023-11-14T22:13:20.000Z"),
            ("1700000000123", "2023-11-14T22:13:20.123Z"),
        ] {
            check(None, None, text, Some(expected));
        }
        for text in [
            "",
            "soon",
            "11/22/2026",
            "22/11/2026",
            "2026-13-01",
            "1.2.3.4",
            "31.02.2026",
        ] {
            check(None, None, text, None);
        }
    }

    #[test]
    fn a_zone_says_what_a_clock_without_one_meant() {
        let stockholm = Some("Europe/Stockholm");
        check(
            None,
            stockholm,
            "2026-07-01 12:00",
            Some("2026-07-01T10:00:00.000Z"),
        );
        check(
            None,
            stockholm,
            "2026-01-01 12:00",
            Some("2026-01-01T11:00:00.000Z"),
        );
        check(
            None,
            stockholm,
            "2026-01-01T12:00:00Z",
            Some("2026-01-01T12:00:00.000Z"),
        );
        check(
            None,
            stockholm,
            "2026-10-25 02:30",
            Some("2026-10-25T00:30:00.000Z"),
        );
        check(
            None,
            stockholm,
            "2026-03-29 02:30",
            Some("2026-03-29T01:30:00.000Z"),
        );
    }

    #[test]
    fn a_pattern_is_followed_to_the_letter() {
        let slashes = Some("%d/%m/%Y");
        check(
            slashes,
            None,
            "03/04/2026",
            Some("2026-04-03T00:00:00.000Z"),
        );
        check(slashes, None, "2026-04-03", None);
        let clock = Some("%m/%d/%Y %I:%M %p");
        check(
            clock,
            None,
            "04/03/2026 01:05 PM",
            Some("2026-04-03T13:05:00.000Z"),
        );
        check(
            Some("seconds"),
            None,
            "1.5",
            Some("1970-01-01T00:00:01.500Z"),
        );
        check(
            Some("milliseconds"),
            None,
            "1500",
            Some("1970-01-01T00:00:01.500Z"),
        );
        assert!(Instants::new(Some("fancy"), None).is_err());
        assert!(Instants::new(None, Some("Mars/Olympus")).is_err());
    }
}
