//! Numbers as they were written, behind a program that knows them only as floating point.

use super::{Scanner, Value};
use std::collections::BTreeMap;

/// How deep numbers are looked for; what is deeper stays as it is.
const DEPTH_MAX: usize = 64;

/// `after` with the digits of `before` wherever a number stands in the same place and is equal as
/// floating point: `24.50` stays `24.50`, and `12345678901234567890` keeps its last digits.
#[must_use]
pub fn restored(before: &str, after: &str) -> String {
    let mut text = String::with_capacity(after.len() + 16);
    restore(
        before.trim_ascii(),
        after.trim_ascii(),
        DEPTH_MAX,
        &mut text,
    );
    text
}

fn restore(before: &str, after: &str, depth: usize, text: &mut String) {
    match after.as_bytes().first() {
        _ if depth == 0 || before == after => text.push_str(after),
        Some(b'{') => members(before, after, depth, text),
        Some(b'[') => items(before, after, depth, text),
        Some(b'-' | b'0'..=b'9') if is_equal(before, after) => text.push_str(before),
        _ => text.push_str(after),
    }
}

fn members(before: &str, after: &str, depth: usize, text: &mut String) {
    let known: BTreeMap<_, _> = super::members(before).collect();
    let mut scanner = Scanner::inside(after, b'{');
    let mut separator = '{';
    while let Some((key, value)) = scanner.member() {
        text.push(separator);
        separator = ',';
        text.push('"');
        text.push_str(key);
        text.push_str("\":");
        let own = known.get(&*super::unescape(key)).copied();
        restore(own.unwrap_or_default(), value, depth - 1, text);
    }
    text.push_str(if separator == '{' { "{}" } else { "}" });
}

fn items(before: &str, after: &str, depth: usize, text: &mut String) {
    let mut known = super::items(before);
    let mut scanner = Scanner::inside(after, b'[');
    let mut separator = '[';
    while let Some(item) = scanner.item() {
        text.push(separator);
        separator = ',';
        restore(known.next().unwrap_or_default(), item, depth - 1, text);
    }
    text.push_str(if separator == '[' { "[]" } else { "]" });
}

fn is_equal(before: &str, after: &str) -> bool {
    let number = |text: &str| match Value::parse(text) {
        Some(Value::Number(_)) => text.parse::<f64>().ok(),
        _ => None,
    };
    number(before).is_some_and(|before| Some(before) == number(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_the_same_stay_as_they_were_written() {
        for (before, after, expected) in [
            (r#"{"a":24.50}"#, r#"{"a":24.5}"#, r#"{"a":24.50}"#),
            (r#"{"a":24.50}"#, r#"{"a":24.6}"#, r#"{"a":24.6}"#),
            (
                r#"{"a":[12345678901234567890,1.0]}"#,
                r#"{"a":[12345678901234567000,1,2]}"#,
                r#"{"a":[12345678901234567890,1.0,2]}"#,
            ),
            (r#"{"a":"1.0"}"#, r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{"\u0061":1.0}"#, r#"{"a":1}"#, r#"{"a":1.0}"#),
            (r#"{}"#, r#"{"a":{},"b":[]}"#, r#"{"a":{},"b":[]}"#),
            (
                r#"{"a":{"b":1e2}}"#,
                r#"{"a":{"b":100}}"#,
                r#"{"a":{"b":1e2}}"#,
            ),
        ] {
            assert_eq!(restored(before, after), expected);
        }
        let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        assert_eq!(restored("[]", &deep), deep);
    }
}
