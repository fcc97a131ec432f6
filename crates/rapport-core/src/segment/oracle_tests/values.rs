//! What the oracle's tests say of a value.

use super::calendar::{DAY, civil};
use super::rules::Test;
use crate::time::Millis;
use serde_json::Value;
use std::cmp::Ordering;

pub(super) fn holds(test: &Test, value: Option<&Value>, now: i64, ahead_ms: i64) -> bool {
    let operand = &test.operand;
    let is = |wanted: &Value| value.is_some_and(|value| same(value, wanted));
    let order = |wanted: &Value| value.and_then(|value| compare(value, wanted));
    let text = value.and_then(Value::as_str);
    let part = operand.as_str().unwrap_or_default();
    let has = |wanted: &Value| match (value, wanted.as_str()) {
        (Some(Value::Array(list)), _) => list.iter().any(|item| same(item, wanted)),
        (Some(Value::String(text)), Some(part)) => text.contains(part),
        _ => false,
    };
    let several = || operand.as_array().unwrap().iter();
    let ago = || value.and_then(instant).map(|at| now - at);
    let span = || {
        let (unit, amount) = operand.as_object().unwrap().iter().next().unwrap();
        amount.as_i64().unwrap() * if unit == "seconds" { 1_000 } else { DAY }
    };
    match test.operator {
        "=" => is(operand),
        "!=" => !is(operand),
        "<" => order(operand).is_some_and(Ordering::is_lt),
        "<=" => order(operand).is_some_and(Ordering::is_le),
        ">" => order(operand).is_some_and(Ordering::is_gt),
        ">=" => order(operand).is_some_and(Ordering::is_ge),
        "between" => {
            order(&operand[0]).is_some_and(Ordering::is_ge)
                && order(&operand[1]).is_some_and(Ordering::is_le)
        }
        "contains" => has(operand),
        "not contains" => !has(operand),
        "contains any of" => several().any(has),
        "contains all of" => several().all(has),
        "contains none of" => !several().any(has),
        "starts with" => text.is_some_and(|text| text.starts_with(part)),
        "not starts with" => !text.is_some_and(|text| text.starts_with(part)),
        "ends with" => text.is_some_and(|text| text.ends_with(part)),
        "not ends with" => !text.is_some_and(|text| text.ends_with(part)),
        "matches" => text.is_some_and(|text| like(text.as_bytes(), part.as_bytes())),
        "not matches" => !text.is_some_and(|text| like(text.as_bytes(), part.as_bytes())),
        "in" => several().any(is),
        "not in" => !several().any(is),
        "exists" => value.is_some(),
        "not exists" => value.is_none(),
        "is empty" => is_empty(value),
        "is not empty" => !is_empty(value),
        "before" => ago().is_some_and(|ago| now - ago < instant(operand).unwrap()),
        "after" => ago().is_some_and(|ago| now - ago > instant(operand).unwrap()),
        "within last" => ago().is_some_and(|ago| 0 <= ago && ago < span()),
        "within next" => ago().is_some_and(|ago| -span() <= ago && ago < 0),
        "before last" => ago().is_some_and(|ago| ago >= span()),
        "after next" => ago().is_some_and(|ago| ago < -span()),
        "anniversary within next" => comes_round(value, now, ahead_ms, 0, span() / DAY),
        "anniversary within last" => comes_round(value, now, ahead_ms, -span() / DAY, 0),
        other => unreachable!("{other}"),
    }
}

fn is_empty(value: Option<&Value>) -> bool {
    let value = value.unwrap_or(&Value::Null).to_string();
    ["null", "\"\"", "[]", "{}"].contains(&value.as_str())
}

fn like(text: &[u8], pattern: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, _) => text.is_empty(),
        (Some(b'*'), _) => (0..=text.len()).any(|from| like(&text[from..], &pattern[1..])),
        (Some(b'?'), Some(_)) => like(&text[1..], &pattern[1..]),
        (Some(one), Some(other)) => one == other && like(&text[1..], &pattern[1..]),
        (Some(_), None) => false,
    }
}

/// The dates of the worlds are texts only.
fn instant(value: &Value) -> Option<i64> {
    Millis::parse(value.as_str()?).map(|at| at.0)
}

fn comes_round(value: Option<&Value>, now: i64, ahead_ms: i64, from: i64, to: i64) -> bool {
    let Some(born) = value
        .and_then(Value::as_str)
        .and_then(|text| text.get(5..10))
    else {
        return false;
    };
    let today = (now + ahead_ms).div_euclid(DAY);
    value.and_then(instant).is_some()
        && (from..=to).any(|days| {
            let (_, month, day) = civil(today + days);
            format!("{month:02}-{day:02}") == born
        })
}

/// The worlds here have only texts without digits, small numbers, and numbers in quotes.
fn same(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Array(_) | Value::Object(_), _) => false,
        (Value::String(left), Value::String(right)) => left == right,
        _ => number(value).is_some() && number(value) == number(wanted) || value == wanted,
    }
}

fn compare(value: &Value, wanted: &Value) -> Option<Ordering> {
    if let (Value::String(left), Value::String(right)) = (value, wanted) {
        return Some(left.as_bytes().cmp(right.as_bytes()));
    }
    wanted.as_f64()?;
    Some(number(value)?.cmp(&number(wanted)?))
}

/// A number in thousandths, also one in quotes.
pub(super) fn number(value: &Value) -> Option<i64> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    Some((number * 1_000.0).round() as i64)
}

/// A value as text.
pub(super) fn spelled(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// How two values that are written nowhere in the rule compare.
pub(super) fn compares(left: Option<Value>, comparison: &str, right: Option<Value>) -> bool {
    let (Some(left), Some(right)) = (left, right) else {
        return false;
    };
    let spelled = spelled(&left).zip(spelled(&right));
    let numbers = number(&left).zip(number(&right));
    match comparison {
        "=" => spelled.is_some_and(|(left, right)| left == right),
        "!=" => spelled.is_some_and(|(left, right)| left != right),
        "<" => numbers.is_some_and(|(left, right)| left < right),
        "<=" => numbers.is_some_and(|(left, right)| left <= right),
        ">" => numbers.is_some_and(|(left, right)| left > right),
        _ => numbers.is_some_and(|(left, right)| left >= right),
    }
}
