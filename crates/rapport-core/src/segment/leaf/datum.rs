//! What a leaf keeps of a property: as little as the conditions that ask for it need.

use crate::json::{Decimal, Value};
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::cmp::Ordering;
use std::hash::Hasher;

/// The longest text that is kept whole, in bytes; of a longer one the beginning is.
pub const TEXT_BYTES_MAX: usize = 128;

/// A property as kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Datum {
    /// There is none, or none of the form asked for.
    #[default]
    None,
    /// A number.
    Number(Decimal),
    /// An instant.
    Instant(Millis),
    /// What tells it from others: a hash of 49 bits.
    Same(u64),
    /// The text itself.
    Text(Box<str>),
    /// `true` or `false`.
    Bool(bool),
}

/// How a property is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// As a number, also one in quotes.
    Number,
    /// As a number, or a text that spells an instant: what can be more or less.
    Order,
    /// Only so that it can be told whether two are the same.
    Same,
    /// As text: of a number its shortest spelling.
    Text,
    /// As it is: a number, a text, or a boolean.
    Plain,
}

impl Form {
    /// Every form.
    pub const ALL: [Form; 5] = [
        Form::Number,
        Form::Order,
        Form::Same,
        Form::Text,
        Form::Plain,
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Form::Number => "number",
            Form::Order => "order",
            Form::Same => "same",
            Form::Text => "text",
            Form::Plain => "plain",
        }
    }

    /// What is kept of a value.
    #[must_use]
    pub fn of(self, value: Option<&Value<'_>>) -> Datum {
        let Some(value) = value else {
            return Datum::None;
        };
        match self {
            Form::Number => number(value).map_or(Datum::None, Datum::Number),
            Form::Order => match (number(value), value) {
                (Some(number), _) => Datum::Number(number),
                (None, Value::Text(text)) => {
                    Millis::parse(text).map_or(Datum::None, Datum::Instant)
                }
                _ => Datum::None,
            },
            Form::Same => spelled(value).map_or(Datum::None, |text| Datum::Same(hash(&text))),
            Form::Text => {
                spelled(value).map_or(Datum::None, |text| Datum::Text(beginning(&text).into()))
            }
            Form::Plain => match value {
                Value::Number(number) => Datum::Number(*number),
                Value::Bool(value) => Datum::Bool(*value),
                Value::Text(text) => Datum::Text(beginning(text).into()),
                Value::Null | Value::List(_) | Value::Object(_) => Datum::None,
            },
        }
    }
}

impl Datum {
    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Datum::None
    }

    /// The number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<Decimal> {
        match self {
            Datum::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// How it stands to another; `None` where the two have no order, as where one is none.
    #[must_use]
    pub fn order_to(&self, other: &Datum) -> Option<Ordering> {
        match (self, other) {
            (Datum::Number(left), Datum::Number(right)) => Some(left.cmp(right)),
            (Datum::Instant(left), Datum::Instant(right)) => Some(left.cmp(right)),
            (Datum::Same(left), Datum::Same(right)) => Some(left.cmp(right)),
            (Datum::Text(left), Datum::Text(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }
}

/// The number that a value is or spells.
#[must_use]
pub fn number(value: &Value<'_>) -> Option<Decimal> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => Decimal::parse(text),
        _ => None,
    }
}

/// A value as text: of numbers the shortest spelling. Lists and objects have none.
#[must_use]
pub fn spelled<'a>(value: &'a Value<'_>) -> Option<std::borrow::Cow<'a, str>> {
    match value {
        Value::Text(text) => Some((&**text).into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(true) => Some("true".into()),
        Value::Bool(false) => Some("false".into()),
        Value::Null | Value::List(_) | Value::Object(_) => None,
    }
}

fn beginning(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn hash(text: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish() >> 15
}
