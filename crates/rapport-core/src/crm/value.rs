//! Values: what a record has for a property, read from and spelled in the API's texts.

use crate::crm::cell::Cell;
use crate::crm::property::{External, Fact, Kind, Property};
use crate::time::{DAY_MS, Millis};
use jiff::civil::Date;

/// The longest text a property may hold, in characters.
pub const TEXT_CHARS_MAX: usize = 65_536;
/// The latest instant there is a spelling for: the last millisecond of the year 9999.
const INSTANT_MAX: i64 = 253_402_300_799_999;
const INSTANT_MIN: i64 = -62_135_596_800_000;

/// What a record has for a property.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text, a phone number, or the one choice of an enumeration.
    Text(Box<str>),
    /// A number; finite.
    Number(f64),
    /// `true` or `false`.
    Bool(bool),
    /// Days since 1970-01-01.
    Date(i32),
    /// An instant.
    Instant(Millis),
    /// Several choices, in the order given, each once.
    Options(Vec<Box<str>>),
}

/// Why a text is no value of a property.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Neither `true` nor `false`.
    #[error("{0} was not one of the allowed options: true, false")]
    Bool(Box<str>),
    /// Not a number, or beyond what a number can be.
    #[error("{0} was not a valid number.")]
    Number(Box<str>),
    /// Neither a day nor an instant at midnight UTC.
    #[error("{0} was not a valid date: write 2026-11-22, or milliseconds at midnight UTC.")]
    Date(Box<str>),
    /// Not an instant.
    #[error("{0} was not a valid date and time: write 2026-11-22T10:00:00Z, or milliseconds.")]
    Instant(Box<str>),
    /// None of the choices.
    #[error("{option} was not one of the allowed options: [{}]", allowed.join(", "))]
    Choice {
        /// What was sent.
        option: Box<str>,
        /// The first of what is allowed.
        allowed: Vec<Box<str>>,
    },
    /// Not the number of an owner, a team or a record.
    #[error("{0} is not an id")]
    Id(Box<str>),
    /// More than [`TEXT_CHARS_MAX`] characters.
    #[error("the text has {chars} characters, and at most {TEXT_CHARS_MAX} are kept")]
    TooLong {
        /// How many were sent.
        chars: usize,
    },
    /// Text with a NUL in it.
    #[error("the text has a NUL character, which no text may have")]
    Nul,
}

impl Value {
    /// Reads what an input says of a property. Nothing but white space clears it: `None`.
    ///
    /// # Errors
    /// [`Invalid`] where the text is no value of this property.
    pub fn parse(property: &Property, text: &str) -> Result<Option<Value>, Invalid> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let trimmed = text.trim();
        let value = match property.kind {
            Kind::Bool => Value::Bool(boolean(trimmed)?),
            Kind::Number => Value::Number(number(trimmed)?),
            Kind::Date => Value::Date(date(trimmed)?),
            Kind::DateTime => Value::Instant(instant(trimmed)?),
            Kind::Enumeration if property.is_multiple() => match several(property, trimmed)? {
                options if options.is_empty() => return Ok(None),
                options => Value::Options(options),
            },
            Kind::Enumeration => Value::Text(one(property, trimmed)?),
            Kind::PhoneNumber | Kind::String => Value::Text(plain(text)?),
        };
        Ok(Some(value))
    }

    /// What a new record has for a property where nothing is said.
    #[must_use]
    pub fn initial(property: &Property, at: Millis) -> Option<Value> {
        match property.initial.as_deref()? {
            "now" => Value::parse(property, &at.to_string()).ok()?,
            initial => Value::parse(property, initial).ok()?,
        }
    }

    /// The one spelling of the API: an ISO day, an ISO instant in milliseconds with `Z`, `true`,
    /// the shortest number, `a;b`. Reading it gives the same value again.
    #[must_use]
    pub fn spelled(&self) -> String {
        match self {
            Value::Text(text) => text.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Date(days) => spelled_date(*days),
            Value::Instant(at) => at.to_string(),
            Value::Options(options) => options.join(";"),
        }
    }

    /// What an engine keeps of it in the column of the property. Several choices are kept between
    /// semicolons, `;a;b;`, so that one of them is found as a piece of text.
    #[must_use]
    pub fn cell(&self, property: &Property) -> Cell {
        match self {
            Value::Text(text) if property.fact == Some(Fact::Owner) => {
                text.parse().map_or(Cell::Null, Cell::Integer)
            }
            Value::Text(text) => Cell::Text(text.clone()),
            Value::Number(number) => Cell::Number(*number),
            Value::Bool(truth) => Cell::Integer(i64::from(*truth)),
            Value::Date(days) => Cell::Integer(i64::from(*days)),
            Value::Instant(at) => Cell::Integer(at.0),
            Value::Options(options) => Cell::Text(format!(";{};", options.join(";")).into()),
        }
    }

    /// The value behind a cell of the property's column; `None` where there is none, or where the
    /// cell is not of the property's form.
    #[must_use]
    pub fn of_cell(property: &Property, cell: &Cell) -> Option<Value> {
        Some(match (property.kind, cell) {
            (_, Cell::Null) => return None,
            (Kind::Bool, Cell::Integer(bit)) => Value::Bool(*bit != 0),
            (Kind::Date, Cell::Integer(days)) => Value::Date(i32::try_from(*days).ok()?),
            (Kind::DateTime, Cell::Integer(ms)) => Value::Instant(Millis(*ms)),
            (Kind::Number, Cell::Number(number)) => Value::Number(*number),
            (Kind::Number, Cell::Integer(number)) => Value::Number(*number as f64),
            (Kind::Enumeration, Cell::Text(text)) if property.is_multiple() => {
                Value::Options(split(text).map(Box::from).collect())
            }
            (Kind::Enumeration | Kind::PhoneNumber | Kind::String, Cell::Text(text)) => {
                Value::Text(text.clone())
            }
            (_, Cell::Integer(number)) => Value::Text(number.to_string().into()),
            _ => return None,
        })
    }
}

fn boolean(text: &str) -> Result<bool, Invalid> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Ok(true),
        _ if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(Invalid::Bool(shortened(text))),
    }
}

/// Digits, a point, a sign, an exponent: nothing that only Rust reads as a number.
fn number(text: &str) -> Result<f64, Invalid> {
    let plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let read = text.parse::<f64>().ok();
    read.filter(|number| text.bytes().all(plain) && number.is_finite())
        // There is one zero.
        .map(|number| number + 0.0)
        .ok_or_else(|| Invalid::Number(shortened(text)))
}

fn date(text: &str) -> Result<i32, Invalid> {
    let day = match text.parse::<Date>() {
        // A date with a time reads as a date, too; only midnight is one.
        Ok(day) if text.len() == "2026-11-22".len() => Some(days_of(day)),
        _ => {
            let at = moment(text).filter(|at| at.0.rem_euclid(DAY_MS) == 0);
            at.and_then(|at| i32::try_from(at.0.div_euclid(DAY_MS)).ok())
        }
    };
    day.ok_or_else(|| Invalid::Date(shortened(text)))
}

fn instant(text: &str) -> Result<Millis, Invalid> {
    moment(text).ok_or_else(|| Invalid::Instant(shortened(text)))
}

/// An instant as ISO text or as milliseconds.
fn moment(text: &str) -> Option<Millis> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let at = match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Millis(text.parse().ok()?),
        false => Millis::parse(text)?,
    };
    (INSTANT_MIN..=INSTANT_MAX).contains(&at.0).then_some(at)
}

fn several(property: &Property, text: &str) -> Result<Vec<Box<str>>, Invalid> {
    let mut options: Vec<Box<str>> = Vec::new();
    for option in split(text) {
        let option = one(property, option)?;
        if !options.contains(&option) {
            options.push(option);
        }
    }
    Ok(options)
}

fn one(property: &Property, text: &str) -> Result<Box<str>, Invalid> {
    match property.external {
        Some(External::Owner | External::Team | External::Record(_)) => return id(text),
        // Which pipelines and stages there are is decided where the record is written.
        Some(External::Pipeline | External::Stage) => return plain(text),
        None => {}
    }
    if property.choices.iter().any(|choice| &*choice.value == text) {
        return Ok(text.into());
    }
    const NAMED: usize = 40;
    let allowed = property.choices.iter().take(NAMED);
    Err(Invalid::Choice {
        option: shortened(text),
        allowed: allowed.map(|choice| choice.value.clone()).collect(),
    })
}

fn id(text: &str) -> Result<Box<str>, Invalid> {
    match text.parse::<i64>() {
        Ok(number) if number >= 0 => Ok(number.to_string().into()),
        _ => Err(Invalid::Id(shortened(text))),
    }
}

fn plain(text: &str) -> Result<Box<str>, Invalid> {
    if text.contains('\0') {
        return Err(Invalid::Nul);
    }
    match text.chars().count() {
        chars if chars > TEXT_CHARS_MAX => Err(Invalid::TooLong { chars }),
        _ => Ok(text.into()),
    }
}

/// The options of a text, without white space around them; empty ones are none.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(';')
        .map(str::trim)
        .filter(|option| !option.is_empty())
}

/// What a message shows of a text that may be long.
fn shortened(text: &str) -> Box<str> {
    const CHARS: usize = 100;
    match text.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// Days from 1970-01-01 to a day.
pub(super) fn days_of(day: Date) -> i32 {
    let epoch = Date::constant(1970, 1, 1);
    day.duration_since(epoch).as_hours().div_euclid(24) as i32
}

/// The day so many days behind 1970-01-01, where the calendar has it.
pub(super) fn day_of(days: i32) -> Option<Date> {
    let epoch = Date::constant(1970, 1, 1);
    epoch.checked_add(jiff::ToSpan::days(days)).ok()
}

fn spelled_date(days: i32) -> String {
    day_of(days).map_or_else(|| format!("{days} d"), |day| day.to_string())
}

#[cfg(test)]
mod tests;
