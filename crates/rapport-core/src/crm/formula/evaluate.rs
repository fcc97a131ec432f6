//! What a formula comes to for one record.
//!
//! What is missing makes what needs it missing: a sum with a missing part is missing, a condition
//! that is missing is not met. A number that is none (a division by zero, an overflow) is missing.

use super::function::Function;
use super::rollup::Rollup;
use super::tree::{Expression, Node, Operator};
use crate::crm::value::{TEXT_CHARS_MAX, Value, day_of, days_of};
use crate::time::{DAY_MS, HOUR_MS, Millis};
use jiff::ToSpan;
use jiff::civil::Date;
use std::cmp::Ordering;

/// What a formula may ask of the world: the record, and what is associated with it.
pub trait Known {
    /// What the record has for a property.
    fn property(&self, name: &str) -> Option<Value>;

    /// What comes of associated records. The fuel is for their conditions.
    fn rollup(&self, rollup: &Rollup, fuel: &mut Fuel) -> Option<Value>;
}

/// What an evaluation may still cost. When it is used up, everything is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fuel(u32);

impl Fuel {
    /// What the formulas of one record may cost together.
    pub const OF_A_RECORD: Fuel = Fuel(5_000_000);
    /// What one formula may cost for one record.
    pub const OF_A_FORMULA: Fuel = Fuel(1_000_000);

    /// So much.
    #[must_use]
    pub fn new(units: u32) -> Fuel {
        Fuel(units)
    }

    /// Whether it is used up.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Lends some, at most as much as there is.
    pub fn lend(&mut self, most: Fuel) -> Fuel {
        let lent = self.0.min(most.0);
        self.0 -= lent;
        Fuel(lent)
    }

    /// Takes back what is left of what was lent.
    pub fn take_back(&mut self, rest: Fuel) {
        self.0 = self.0.saturating_add(rest.0);
    }

    /// Takes some, if there is as much.
    pub fn take(&mut self, units: usize) -> Option<()> {
        let left = u32::try_from(units)
            .ok()
            .and_then(|units| self.0.checked_sub(units));
        self.0 = left.unwrap_or(0);
        left.map(drop)
    }
}

/// What a tree comes to; `None` where it is missing.
pub(crate) fn evaluate(tree: &Expression, known: &dyn Known, fuel: &mut Fuel) -> Option<Value> {
    fuel.take(1)?;
    let value = match &tree.node {
        Node::Number(number) => Value::Number(*number),
        Node::Text(text) => Value::Text(text.clone()),
        Node::Bool(truth) => Value::Bool(*truth),
        Node::Property(name) => single(known.property(name)?),
        Node::Rollup(rollup) => known.rollup(rollup, fuel)?,
        Node::Negative(of) => Value::Number(-number(evaluate(of, known, fuel))?),
        Node::Not(of) => Value::Bool(!truth(evaluate(of, known, fuel))?),
        Node::Binary(operator, left, right) => binary(*operator, left, right, known, fuel)?,
        Node::Call(function, arguments) => call(*function, arguments, known, fuel)?,
    };
    checked(value, fuel)
}

/// Whether a condition is met; a missing one is not.
pub(crate) fn holds(tree: &Expression, known: &dyn Known, fuel: &mut Fuel) -> bool {
    evaluate(tree, known, fuel) == Some(Value::Bool(true))
}

/// A value a property could hold; texts cost what they weigh.
fn checked(value: Value, fuel: &mut Fuel) -> Option<Value> {
    match &value {
        Value::Number(number) if !number.is_finite() => return None,
        // There is one zero.
        Value::Number(number) => return Some(Value::Number(number + 0.0)),
        Value::Text(text) => {
            fuel.take(text.len() / 64)?;
            if text.is_empty() || text.len() > TEXT_CHARS_MAX {
                return None;
            }
        }
        _ => {}
    }
    Some(value)
}

/// Several choices are a text to a formula.
fn single(value: Value) -> Value {
    match value {
        Value::Options(_) => Value::Text(value.spelled().into()),
        value => value,
    }
}

fn number(value: Option<Value>) -> Option<f64> {
    match value? {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

fn truth(value: Option<Value>) -> Option<bool> {
    match value? {
        Value::Bool(truth) => Some(truth),
        _ => None,
    }
}

fn text(value: Option<Value>) -> Option<Box<str>> {
    match value? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// How two values of one type compare; a day is its midnight in UTC beside an instant.
pub(super) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    Some(match (left, right) {
        (Value::Number(a), Value::Number(b)) => a.total_cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => instant(left)?.cmp(&instant(right)?),
    })
}

fn instant(value: &Value) -> Option<Millis> {
    match value {
        Value::Date(days) => Some(Millis(i64::from(*days) * DAY_MS)),
        Value::Instant(at) => Some(*at),
        _ => None,
    }
}

fn day(value: &Value) -> Option<i32> {
    match value {
        Value::Date(days) => Some(*days),
        Value::Instant(at) => i32::try_from(at.0.div_euclid(DAY_MS)).ok(),
        _ => None,
    }
}

fn binary(
    operator: Operator,
    left: &Expression,
    right: &Expression,
    known: &dyn Known,
    fuel: &mut Fuel,
) -> Option<Value> {
    match operator {
        Operator::And => {
            let both = holds(left, known, fuel) && holds(right, known, fuel);
            return Some(Value::Bool(both));
        }
        Operator::Or => {
            let either = holds(left, known, fuel) || holds(right, known, fuel);
            return Some(Value::Bool(either));
        }
        _ => {}
    }
    let (a, b) = (evaluate(left, known, fuel)?, evaluate(right, known, fuel)?);
    if operator.compares() {
        let order = order(&a, &b)?;
        return Some(Value::Bool(match operator {
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            _ => order.is_ge(),
        }));
    }
    if let (Operator::Plus, Value::Text(a), Value::Text(b)) = (operator, &a, &b) {
        return Some(Value::Text(format!("{a}{b}").into()));
    }
    let (a, b) = (number(Some(a))?, number(Some(b))?);
    Some(Value::Number(match operator {
        Operator::Plus => a + b,
        Operator::Minus => a - b,
        Operator::Times => a * b,
        Operator::Over => a / b,
        _ => a % b,
    }))
}

fn call(
    function: Function,
    arguments: &[Expression],
    known: &dyn Known,
    fuel: &mut Fuel,
) -> Option<Value> {
    match function {
        Function::If => {
            let [condition, then, otherwise] = arguments else {
                return None;
            };
            let branch = match holds(condition, known, fuel) {
                true => then,
                false => otherwise,
            };
            return evaluate(branch, known, fuel);
        }
        Function::Default => {
            return arguments.iter().find_map(|of| evaluate(of, known, fuel));
        }
        _ => {}
    }
    let values: Vec<Option<Value>> = arguments
        .iter()
        .map(|of| evaluate(of, known, fuel))
        .collect();
    if fuel.is_empty() {
        return None;
    }
    match function {
        Function::IsKnown => Some(Value::Bool(values.first()?.is_some())),
        Function::Concat => {
            let texts = values.into_iter().filter_map(text);
            Some(Value::Text(texts.collect::<String>().into()))
        }
        Function::Least => {
            values
                .into_iter()
                .flatten()
                .reduce(|low, value| match order(&value, &low) {
                    Some(Ordering::Less) => value,
                    _ => low,
                })
        }
        Function::Greatest => {
            values
                .into_iter()
                .flatten()
                .reduce(|high, value| match order(&value, &high) {
                    Some(Ordering::Greater) => value,
                    _ => high,
                })
        }
        _ => {
            let values: Vec<Value> = values.into_iter().collect::<Option<_>>()?;
            of_known(function, &values)
        }
    }
}

/// Functions of which every argument has to be known.
fn of_known(function: Function, values: &[Value]) -> Option<Value> {
    match function {
        Function::Date
        | Function::Year
        | Function::Month
        | Function::Day
        | Function::DaysBetween
        | Function::HoursBetween
        | Function::AddDays
        | Function::AddMonths => of_moments(function, values),
        Function::Abs | Function::Round | Function::Floor | Function::Ceil => {
            of_numbers(function, values)
        }
        _ => of_texts(function, values),
    }
}

fn of_texts(function: Function, values: &[Value]) -> Option<Value> {
    let first = values.first()?;
    if function == Function::Text {
        return Some(Value::Text(first.spelled().into()));
    }
    let first = text(Some(first.clone()))?;
    let second = || text(values.get(1).cloned());
    Some(match function {
        Function::Lower => Value::Text(first.to_lowercase().into()),
        Function::Upper => Value::Text(first.to_uppercase().into()),
        Function::Trim => Value::Text(first.trim().into()),
        Function::Length => Value::Number(first.chars().count() as f64),
        Function::Contains => Value::Bool(first.contains(&*second()?)),
        Function::StartsWith => Value::Bool(first.starts_with(&*second()?)),
        Function::Number => {
            let plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
            let trimmed = first.trim();
            Value::Number(trimmed.bytes().all(plain).then(|| trimmed.parse().ok())??)
        }
        _ => return None,
    })
}

fn of_numbers(function: Function, values: &[Value]) -> Option<Value> {
    let at = |place: usize| number(values.get(place).cloned());
    let first = at(0)?;
    Some(Value::Number(match function {
        Function::Abs => first.abs(),
        Function::Floor => first.floor(),
        Function::Ceil => first.ceil(),
        Function::Round => rounded(first, at(1).unwrap_or(0.0)),
        _ => return None,
    }))
}

/// Halves away from zero. No power function: its last bit differs between machines.
fn rounded(number: f64, digits: f64) -> f64 {
    const DIGITS: f64 = 12.0;
    let digits = digits.clamp(-DIGITS, DIGITS).trunc() as i32;
    let scale = (0..digits.abs()).fold(1.0, |scale, _| scale * 10.0);
    match digits < 0 {
        true => (number / scale).round() * scale,
        false => (number * scale).round() / scale,
    }
}

fn of_moments(function: Function, values: &[Value]) -> Option<Value> {
    let first = values.first()?;
    let count = || number(values.get(1).cloned());
    Some(match function {
        Function::Date => match first {
            Value::Text(text) => Value::Date(days_of(text.trim().parse().ok()?)),
            moment => Value::Date(day(moment)?),
        },
        Function::Year => Value::Number(f64::from(day_of(day(first)?)?.year())),
        Function::Month => Value::Number(f64::from(day_of(day(first)?)?.month())),
        Function::Day => Value::Number(f64::from(day_of(day(first)?)?.day())),
        Function::DaysBetween => {
            let span = instant(values.get(1)?)?.since(instant(first)?);
            Value::Number((span as f64 / DAY_MS as f64).trunc())
        }
        Function::HoursBetween => {
            let span = instant(values.get(1)?)?.since(instant(first)?);
            Value::Number(span as f64 / HOUR_MS as f64)
        }
        Function::AddDays => moved(first, |day| day.checked_add((whole(count()?)?).days()).ok())?,
        Function::AddMonths => moved(first, |day| {
            day.checked_add((whole(count()?)?).months()).ok()
        })?,
        _ => return None,
    })
}

/// A day moved on the calendar, or an instant with its time of day in UTC.
fn moved(value: &Value, to: impl Fn(Date) -> Option<Date>) -> Option<Value> {
    let days = days_of(to(day_of(day(value)?)?)?);
    Some(match value {
        Value::Instant(at) => {
            let time = at.0.rem_euclid(DAY_MS);
            Value::Instant(Millis(i64::from(days) * DAY_MS + time))
        }
        _ => Value::Date(days),
    })
}

fn whole(number: f64) -> Option<i32> {
    const MOST: f64 = 4_000_000.0;
    (number.abs() <= MOST).then_some(number.trunc() as i32)
}
