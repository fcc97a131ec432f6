//! Conversions: `{total|number}`, `{wa_id|phone}`. What cannot be converted is not there.

use super::node::Value;
use crate::json::{self, Decimal};
use crate::time::Millis;
use std::borrow::Cow;

/// From here on a number is milliseconds since 1970, below it is seconds: 1973 in one reading,
/// the year 5138 in the other.
const MILLISECONDS_FROM: f64 = 1e11;
const YEAR_10000_MS: f64 = 253_402_300_800_000.0;

/// One step behind a `|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conversion {
    Text,
    Number,
    Boolean,
    Cents,
    Lower,
    Upper,
    Trim,
    Seconds,
    Milliseconds,
    Time,
    Phone,
    Join,
    Count,
}

/// Every conversion, by its word.
const WORDS: [(&str, Conversion); 13] = [
    ("text", Conversion::Text),
    ("number", Conversion::Number),
    ("boolean", Conversion::Boolean),
    ("cents", Conversion::Cents),
    ("lower", Conversion::Lower),
    ("upper", Conversion::Upper),
    ("trim", Conversion::Trim),
    ("seconds", Conversion::Seconds),
    ("milliseconds", Conversion::Milliseconds),
    ("time", Conversion::Time),
    ("phone", Conversion::Phone),
    ("join", Conversion::Join),
    ("count", Conversion::Count),
];

impl Conversion {
    pub(super) fn from_word(word: &str) -> Option<Conversion> {
        let found = WORDS.iter().find(|(known, _)| *known == word);
        found.map(|(_, conversion)| *conversion)
    }

    /// Every word, for messages.
    pub(super) fn words() -> String {
        WORDS.map(|(word, _)| word).join(", ")
    }

    pub(super) fn apply(self, value: Value<'_>) -> Option<Value<'_>> {
        match self {
            Conversion::Text => Some(Value::Text(value.into_text()?)),
            Conversion::Number => number(value),
            Conversion::Boolean => boolean(&value),
            Conversion::Cents => cents(&value.into_text()?),
            Conversion::Lower => text(value.into_text()?.to_lowercase()),
            Conversion::Upper => text(value.into_text()?.to_uppercase()),
            Conversion::Trim => text(value.into_text()?.trim().to_owned()),
            Conversion::Seconds => moment(since_1970(&value.into_text()?, 1_000.0)),
            Conversion::Milliseconds => moment(since_1970(&value.into_text()?, 1.0)),
            Conversion::Time => moment(instant(&value.into_text()?)),
            Conversion::Phone => phone(&value.into_text()?),
            Conversion::Join => join(&value),
            Conversion::Count => count(&value),
        }
    }
}

fn text<'a>(text: String) -> Option<Value<'a>> {
    (!text.is_empty()).then_some(Value::Text(Cow::Owned(text)))
}

fn number(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::Number(_) => Some(value),
        Value::Text(text) => {
            let bare = text.trim();
            Decimal::parse(bare)?;
            Some(Value::Number(Cow::Owned(bare.to_owned())))
        }
        Value::Bool(_) | Value::Json(_) => None,
    }
}

fn boolean<'a>(value: &Value<'_>) -> Option<Value<'a>> {
    match value {
        Value::Bool(bool) => Some(Value::Bool(*bool)),
        Value::Text(text) | Value::Number(text) => match &**text {
            "true" | "1" | "yes" => Some(Value::Bool(true)),
            "false" | "0" | "no" => Some(Value::Bool(false)),
            _ => None,
        },
        Value::Json(_) => None,
    }
}

/// A whole number of hundredths as a decimal: `1250` is `12.50`.
fn cents<'a>(text: &str) -> Option<Value<'a>> {
    let hundredths: i64 = text.trim().parse().ok()?;
    let (sign, size) = (
        if hundredths < 0 { "-" } else { "" },
        hundredths.unsigned_abs(),
    );
    let decimal = format!("{sign}{}.{:02}", size / 100, size % 100);
    Some(Value::Number(Cow::Owned(decimal)))
}

fn moment<'a>(instant: Option<Millis>) -> Option<Value<'a>> {
    Some(Value::Text(Cow::Owned(instant?.to_string())))
}

fn since_1970(text: &str, ms_per_unit: f64) -> Option<Millis> {
    let ms = text.trim().parse::<f64>().ok()? * ms_per_unit;
    // Not a number is in no range either.
    (0.0..YEAR_10000_MS)
        .contains(&ms)
        .then_some(Millis(ms as i64))
}

/// An instant as ISO 8601, or as seconds or milliseconds since 1970.
pub(super) fn instant(text: &str) -> Option<Millis> {
    let text = text.trim();
    let is_number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !is_number {
        return Millis::parse(text);
    }
    let number: f64 = text.parse().ok()?;
    let unit = if number >= MILLISECONDS_FROM {
        1.0
    } else {
        1_000.0
    };
    since_1970(text, unit)
}

/// A number in international form, with or without its `+`: what WhatsApp calls a `wa_id`.
fn phone<'a>(text: &str) -> Option<Value<'a>> {
    let text = text.trim();
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_bare = (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if is_bare && !digits.starts_with('0') {
        return Some(Value::Text(Cow::Owned(format!("+{digits}"))));
    }
    // The identity policy knows how to read what people type.
    self::text(text.to_owned())
}

fn join<'a>(value: &Value<'_>) -> Option<Value<'a>> {
    let Value::Json(raw) = value else {
        return text(value.clone().into_text()?.into_owned());
    };
    let items = json::items(raw).filter_map(|item| super::node::Node::new(item).value());
    let texts: Vec<_> = items
        .filter_map(|item| item.into_text().map(Cow::into_owned))
        .collect();
    text(texts.join(", "))
}

fn count<'a>(value: &Value<'_>) -> Option<Value<'a>> {
    match value {
        Value::Json(raw) if raw.starts_with('[') => {
            let count = json::items(raw).count();
            Some(Value::Number(Cow::Owned(count.to_string())))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, from: &str, expected: Option<&str>) {
        let conversion = Conversion::from_word(word).expect("a conversion");
        let value = super::super::node::Node::new(from).value();
        let converted = value.and_then(|value| conversion.apply(value));
        let json = converted.map(|value| value.into_json().into_owned());
        assert_eq!(json.as_deref(), expected, "{from}|{word}");
    }

    #[test]
    fn values_are_converted_or_are_not_there() {
        for (word, from, expected) in [
            ("text", "12.50", Some("\"12.50\"")),
            ("text", "[1]", None),
            ("number", "\" 12.50 \"", Some("12.50")),
            ("number", "\"12,50\"", None),
            ("number", "\"NaN\"", None),
            ("number", "9007199254740993", Some("9007199254740993")),
            ("boolean", "\"true\"", Some("true")),
            ("boolean", "0", Some("false")),
            ("boolean", "\"maybe\"", None),
            ("cents", "1250", Some("12.50")),
            ("cents", "\"-5\"", Some("-0.05")),
            ("cents", "1.5", None),
            ("lower", "\"Ana@Example.ORG\"", Some("\"ana@example.org\"")),
            ("upper", "\"eur\"", Some("\"EUR\"")),
            ("trim", "\"  \"", None),
            ("join", "[\"a\",1,null,\"b\"]", Some("\"a, 1, b\"")),
            ("count", "[1,[2,3]]", Some("2")),
            ("count", "{}", None),
        ] {
            check(word, from, expected);
        }
    }

    #[test]
    fn times_are_read_in_every_unit() {
        let expected = Some("\"2023-11-14T22:13:20.000Z\"");
        check("seconds", "\"1700000000\"", expected);
        check("milliseconds", "1700000000000", expected);
        check("time", "1700000000", expected);
        check("time", "1700000000000", expected);
        check("time", "\"2023-11-14T23:13:20+01:00\"", expected);
        check(
            "seconds",
            "1700000000.5",
            Some("\"2023-11-14T22:13:20.500Z\""),
        );
        for wrong in ["-1", "1e300", "\"soon\"", "\"inf\"", "\"NaN\""] {
            check("seconds", wrong, None);
            check("time", wrong, None);
        }
    }

    #[test]
    fn a_phone_number_gets_its_plus() {
        check("phone", "\"16505551234\"", Some("\"+16505551234\""));
        check("phone", "\"+46701234567\"", Some("\"+46701234567\""));
        check("phone", "\"070-123 45 67\"", Some("\"070-123 45 67\""));
    }
}
