//! Literals of a rule, and how values compare with them.
//!
//! Text compares exactly: case counts, nothing is trimmed. A number equals text that spells a
//! number of the same size (`12.5` and `"12.50"`), because sources disagree about quotes; text
//! equals a number only in its shortest spelling (`"7"` and 7, not `"007"` and 7), because codes
//! have leading zeros. `true` and `"true"` are equal. `null` is as good as absent. A list equals
//! nothing; it *contains* its items.

use crate::json::{Decimal, Value, unescape};
use crate::segment::span::Span;
use std::cmp::Ordering;
use std::fmt;

/// A value written in a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Literal {
    /// `true` or `false`.
    Bool(bool),
    /// `12.5`.
    Number(Decimal),
    /// `"shoes"`.
    Text(Box<str>),
    /// `7 days`.
    Span(Span),
}

impl Literal {
    /// A text literal.
    #[must_use]
    pub fn text(text: &str) -> Literal {
        Literal::Text(text.into())
    }

    /// Whether a value is this one.
    #[must_use]
    pub fn equals(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Literal::Bool(ours), Value::Bool(theirs)) => ours == theirs,
            (Literal::Number(ours), Value::Number(theirs)) => ours == theirs,
            (Literal::Text(ours), Value::Text(theirs)) => **ours == **theirs,
            (Literal::Bool(ours), Value::Text(theirs)) => theirs == bool_word(*ours),
            (Literal::Text(ours), Value::Bool(theirs)) => **ours == *bool_word(*theirs),
            (Literal::Number(ours), Value::Text(theirs)) => Decimal::parse(theirs) == Some(*ours),
            (Literal::Text(ours), Value::Number(theirs)) => {
                !theirs.is_saturated() && **ours == *theirs.to_string()
            }
            _ => false,
        }
    }

    /// How a value stands to this one; `None` where the two have no order. Numbers by size, text
    /// by code point, which puts ISO dates in order.
    #[must_use]
    pub fn order_of(&self, value: &Value<'_>) -> Option<Ordering> {
        match (self, value) {
            (Literal::Number(ours), Value::Number(theirs)) => Some(theirs.cmp(ours)),
            (Literal::Number(ours), Value::Text(theirs)) => {
                Decimal::parse(theirs).map(|theirs| theirs.cmp(ours))
            }
            (Literal::Text(ours), Value::Text(theirs)) => Some((**theirs).cmp(ours)),
            _ => None,
        }
    }
}

fn bool_word(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// As both spellings write it; JSON puts a span into quotes.
impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Bool(value) => f.write_str(bool_word(*value)),
            Literal::Number(number) => write!(f, "{number}"),
            Literal::Text(text) => write!(f, "{}", Quoted(text)),
            Literal::Span(span) => write!(f, "{span}"),
        }
    }
}

/// A text in double quotes with JSON's escapes.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                control if control.is_control() => write!(f, "\\u{:04x}", u32::from(control))?,
                plain => write!(f, "{plain}")?,
            }
        }
        f.write_str("\"")
    }
}

impl Quoted<'_> {
    /// What stands between the quotes, escapes resolved.
    #[must_use]
    pub fn read(content: &str) -> Box<str> {
        unescape(content).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(literal: &Literal, raw: &str, equal: bool) {
        let value = Value::parse(raw).unwrap();
        assert_eq!(literal.equals(&value), equal, "{literal} and {raw}");
    }

    fn number(text: &str) -> Literal {
        Literal::Number(Decimal::parse(text).unwrap())
    }

    #[test]
    fn equality_bridges_what_sources_disagree_about() {
        check(&Literal::text("shoes"), r#""shoes""#, true);
        check(&Literal::text("shoes"), r#""Shoes""#, false);
        check(&Literal::text("shoes"), r#"" shoes""#, false);
        check(&number("12.5"), r#""12.50""#, true);
        check(&number("7"), r#""007""#, false);
        check(&Literal::text("007"), "7", false);
        check(&Literal::text("7"), "7.0", true);
        check(&Literal::Bool(true), r#""true""#, true);
        check(&Literal::text("false"), "false", true);
        check(&Literal::Bool(true), "1", false);
        check(&number("0"), "null", false);
        check(&number("1"), "[1]", false);
    }

    #[test]
    fn order_is_by_size_for_numbers_and_by_code_point_for_text() {
        let order = |literal: &Literal, raw| literal.order_of(&Value::parse(raw).unwrap());
        assert_eq!(order(&number("9"), "10"), Some(Ordering::Greater));
        assert_eq!(order(&number("9"), r#""10""#), Some(Ordering::Greater));
        assert_eq!(order(&number("9"), r#""ten""#), None);
        assert_eq!(
            order(&Literal::text("2024-01-31"), r#""2024-02-01""#),
            Some(Ordering::Greater)
        );
        assert_eq!(order(&Literal::text("9"), "10"), None);
    }
}
