//! What a cell says, as JSON: by the type that is declared for its column, or by how it looks.

use crate::instant::Instants;
use crate::rows::Cell;
use rapport_core::json::Decimal;
use rapport_core::outcome::Reason;
use serde::{Deserialize, Serialize};

/// The most digits of a number that looks like one: more is an id.
const DIGITS_MAX: usize = 15;

/// The type of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Numbers, `true` and `false` where a text is spelled like one, else text.
    #[default]
    Auto,
    /// Always text.
    Text,
    /// A number; anything else rejects the row.
    Number,
    /// `true`, `false`, `yes`, `no`, `1`, `0`; anything else rejects the row.
    Boolean,
    /// An instant, read like the row's own.
    Time,
    /// JSON in a text.
    Json,
}

/// What stands between a number's whole and its fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Point {
    /// `1,234.56`
    #[default]
    Point,
    /// `1.234,56`
    Comma,
}

/// How cells are read.
#[derive(Clone, Debug)]
pub struct Values {
    /// Of numbers.
    pub point: Point,
    /// Of instants.
    pub instants: Instants,
}

impl Values {
    /// The cell as JSON; `None` where it is empty.
    ///
    /// # Errors
    /// Where it is not of its declared type.
    pub fn json(&self, cell: &Cell, column: &str, of: Type) -> Result<Option<String>, Reason> {
        let Some(text) = text(cell) else {
            return match cell {
                Cell::Json(json) if json == "null" => Ok(None),
                Cell::Json(json) if of == Type::Text => Ok(Some(quoted(json))),
                Cell::Json(json) => Ok(Some(shortest(json))),
                Cell::Text(_) => Ok(None),
            };
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(None);
        }
        let wrong = |what: &str| {
            let shown: String = trimmed.chars().take(60).collect();
            let message = format!("column `{column}`: `{shown}` is no {what}");
            Err(Reason::new(&format!("not_a_{what}"), message))
        };
        match of {
            // What JSON or Parquet calls a text is one.
            Type::Auto if is_typed(cell) => Ok(Some(quoted(&text))),
            Type::Auto => Ok(Some(self.looks_like(trimmed, &text))),
            Type::Text => Ok(Some(quoted(&text))),
            Type::Number => match self.number(trimmed) {
                Some(number) => Ok(Some(number)),
                None => wrong("number"),
            },
            Type::Boolean => match boolean(trimmed) {
                Some(yes) => Ok(Some(yes.to_string())),
                None => wrong("boolean"),
            },
            Type::Time => match self.instants.read(trimmed) {
                Some(at) => Ok(Some(quoted(&at.to_string()))),
                None => wrong("time"),
            },
            Type::Json => match serde_json::from_str::<&serde_json::value::RawValue>(trimmed) {
                Ok(json) => Ok(Some(json.get().to_owned())),
                Err(_) => wrong("json"),
            },
        }
    }

    /// A number where the text is spelled exactly like one, and short enough to be meant so.
    fn looks_like(&self, trimmed: &str, text: &str) -> String {
        let digits = trimmed.bytes().filter(u8::is_ascii_digit).count();
        let unsigned = trimmed.strip_prefix('-').unwrap_or(trimmed);
        // What another spelling would come back as is an id, such as 007 or 1e5.
        let is_plain = unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',');
        let leads_with_zero =
            unsigned.starts_with('0') && unsigned.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        let is_number = is_plain && !leads_with_zero && (1..=DIGITS_MAX).contains(&digits);
        let number = match self.point {
            Point::Point => Decimal::parse(trimmed).map(|_| shortest(trimmed)),
            Point::Comma => self.number(trimmed),
        };
        if let Some(number) = number.filter(|_| is_number) {
            return number;
        }
        match trimmed {
            "true" | "TRUE" | "True" => "true".to_owned(),
            "false" | "FALSE" | "False" => "false".to_owned(),
            _ => quoted(text),
        }
    }

    /// A number as people write them: with groups of thousands, a plus, leading zeros.
    #[must_use]
    pub fn number(&self, text: &str) -> Option<String> {
        let (group, point) = match self.point {
            Point::Point => (',', '.'),
            Point::Comma => ('.', ','),
        };
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = match rest.split_once(point) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (rest, None),
        };
        let whole: String = ungrouped(whole, group)?;
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        let plain = match fraction {
            Some("") | None => format!("{sign}{whole}"),
            Some(fraction) => format!("{sign}{whole}.{fraction}"),
        };
        // An exponent stands behind the fraction and is JSON's own.
        Decimal::parse(&plain).map(|_| shortest(&plain))
    }
}

/// A number without idle zeros, so that 12.00 in one file and 12.0 in another say the same; any
/// other JSON as it is, and a number whose digits that would change.
#[must_use]
pub fn shortest(json: &str) -> String {
    let (_, fraction) = json.split_once('.').unwrap_or((json, ""));
    let is_plain = json
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
    match Decimal::parse(json) {
        Some(number) if is_plain && fraction.len() <= 9 && !number.is_saturated() => {
            number.to_string()
        }
        _ => json.to_owned(),
    }
}

/// The digits of a whole part whose thousands may be grouped, each group of three.
fn ungrouped(whole: &str, group: char) -> Option<String> {
    let separators = [group, ' ', '\u{a0}', '\u{202f}', '\''];
    let mut parts = whole.split(separators);
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let fits = rest.is_empty() || (first.len() <= 3 && rest.iter().all(|part| part.len() == 3));
    fits.then(|| [first, &rest.concat()].concat())
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "t" => Some(true),
        "false" | "no" | "n" | "0" | "f" => Some(false),
        _ => None,
    }
}

fn is_typed(cell: &Cell) -> bool {
    matches!(cell, Cell::Json(_))
}

/// A cell's text: of JSON, a text without its quotes; `None` where it is another value.
#[must_use]
pub fn text(cell: &Cell) -> Option<std::borrow::Cow<'_, str>> {
    match cell {
        Cell::Text(text) => Some(text.into()),
        Cell::Json(json) if json.starts_with('"') => {
            serde_json::from_str::<String>(json).ok().map(Into::into)
        }
        Cell::Json(_) => None,
    }
}

/// A cell as an id: a text, or a number as its digits; `None` where it is empty or neither.
#[must_use]
pub fn id(cell: &Cell) -> Option<String> {
    let found = match cell {
        Cell::Json(json) if json.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            json.strip_suffix(".0").unwrap_or(json).to_owned()
        }
        _ => text(cell)?.trim().to_owned(),
    };
    Some(found).filter(|id| !id.is_empty())
}

/// A text as JSON.
#[must_use]
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(point: Point) -> Values {
        Values {
            point,
            instants: Instants::default(),
        }
    }

    fn check(point: Point, of: Type, text: &str, expected: Result<Option<&str>, &str>) {
        let read = values(point).json(&Cell::Text(text.to_owned()), "c", of);
        let read = read.map_err(|reason| reason.code);
        let read = read.as_ref().map(Option::as_deref).map_err(String::as_str);
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn types_are_told_by_how_a_text_looks() {
        for (text, json) in [
            ("12", "12"),
            ("-1.50", "-1.5"),
            ("007", "\"007\""),
            ("+46701234567", "\"+46701234567\""),
            ("4111111111111111", "\"4111111111111111\""),
            ("1e5", "\"1e5\""),
            ("1,5", "\"1,5\""),
            ("True", "true"),
            (" a ", "\" a \""),
            ("say \"hi\"", "\"say \\\"hi\\\"\""),
        ] {
            check(Point::Point, Type::Auto, text, Ok(Some(json)));
        }
        check(Point::Point, Type::Auto, "  ", Ok(None));
        for (text, json) in [
            ("1,5", "1.5"),
            ("-1.234,50", "-1234.5"),
            ("1.234", "1234"),
            ("1.5", "\"1.5\""),
            ("22.11.2020", "\"22.11.2020\""),
            ("0701.234", "\"0701.234\""),
        ] {
            check(Point::Comma, Type::Auto, text, Ok(Some(json)));
        }
    }

    #[test]
    fn declared_numbers_are_read_as_people_write_them() {
        for (text, json) in [
            ("1,234.50", "1234.5"),
            ("+007", "7"),
            ("1 000", "1000"),
            ("-0.5", "-0.5"),
        ] {
            check(Point::Point, Type::Number, text, Ok(Some(json)));
        }
        for (text, json) in [("1.234,56", "1234.56"), ("12,5", "12.5"), ("1'000", "1000")] {
            check(Point::Comma, Type::Number, text, Ok(Some(json)));
        }
        for text in ["ten", "1,23,4", "1..2", "--1", "$5"] {
            check(Point::Point, Type::Number, text, Err("not_a_number"));
        }
    }

    #[test]
    fn other_declared_types_reject_what_they_cannot_be() {
        check(Point::Point, Type::Text, "12", Ok(Some("\"12\"")));
        check(Point::Point, Type::Boolean, "Yes", Ok(Some("true")));
        check(Point::Point, Type::Boolean, "maybe", Err("not_a_boolean"));
        check(
            Point::Point,
            Type::Json,
            "{\"a\": [1]}",
            Ok(Some("{\"a\": [1]}")),
        );
        check(Point::Point, Type::Json, "{a}", Err("not_a_json"));
        check(
            Point::Point,
            Type::Time,
            "1997-01-01",
            Ok(Some("\"1997-01-01T00:00:00.000Z\"")),
        );
        check(Point::Point, Type::Time, "soon", Err("not_a_time"));
    }

    #[test]
    fn an_id_is_a_text_or_digits() {
        let json = |json: &str| id(&Cell::Json(json.to_owned()));
        assert_eq!(json("12.0").as_deref(), Some("12"));
        assert_eq!(json("\" a1 \"").as_deref(), Some("a1"));
        assert_eq!((json("null"), json("{}"), json("\"\"")), (None, None, None));
        assert_eq!(
            id(&Cell::Text("00001".to_owned())).as_deref(),
            Some("00001")
        );
    }
}
