//! Roll-ups: one value of the records that belong to a record.

use super::tree::Expression;
use crate::crm::value::Value;

/// What is made of associated records.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollup {
    /// How.
    pub aggregate: Aggregate,
    /// The type of the records, as written: any spelling that
    /// [`Definitions::find`](crate::crm::Definitions::find) takes.
    pub object: Box<str>,
    /// The property that is taken of each; `None` where they are counted.
    pub property: Option<Box<str>>,
    /// Which of them count; `None` for all.
    pub condition: Option<Expression>,
}

/// How one value is made of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aggregate {
    /// How many there are: `count(deals)`, or with a value: `count(deals.amount)`.
    Count,
    /// Their sum; 0 of none.
    Sum,
    /// The lowest; missing of none.
    Min,
    /// The highest; missing of none.
    Max,
    /// Their mean; missing of none.
    Avg,
}

impl Aggregate {
    /// Every one.
    pub const ALL: [Aggregate; 5] = [
        Aggregate::Count,
        Aggregate::Sum,
        Aggregate::Min,
        Aggregate::Max,
        Aggregate::Avg,
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Aggregate::Count => "count",
            Aggregate::Sum => "sum",
            Aggregate::Min => "min",
            Aggregate::Max => "max",
            Aggregate::Avg => "avg",
        }
    }

    /// The one of a word, in any case.
    #[must_use]
    pub fn named(word: &str) -> Option<Aggregate> {
        let known = |aggregate: &Aggregate| aggregate.word().eq_ignore_ascii_case(word);
        Aggregate::ALL.into_iter().find(known)
    }

    /// One value of many, whatever their order.
    #[must_use]
    pub fn of(self, values: Vec<Value>) -> Option<Value> {
        match self {
            Aggregate::Count => Some(Value::Number(values.len() as f64)),
            Aggregate::Sum => Some(Value::Number(sum(&values))),
            Aggregate::Avg if values.is_empty() => None,
            Aggregate::Avg => Some(Value::Number(sum(&values) / values.len() as f64)),
            Aggregate::Min => values.into_iter().reduce(|low, value| {
                if super::evaluate::order(&value, &low).is_some_and(|order| order.is_lt()) {
                    value
                } else {
                    low
                }
            }),
            Aggregate::Max => values.into_iter().reduce(|high, value| {
                if super::evaluate::order(&value, &high).is_some_and(|order| order.is_gt()) {
                    value
                } else {
                    high
                }
            }),
        }
    }
}

/// The sum of numbers, the smallest first, so that their order in the store is no matter.
fn sum(values: &[Value]) -> f64 {
    let mut numbers: Vec<f64> = values
        .iter()
        .filter_map(|value| match value {
            Value::Number(number) => Some(*number),
            _ => None,
        })
        .collect();
    numbers.sort_by(|a, b| a.abs().total_cmp(&b.abs()).then(a.total_cmp(b)));
    numbers.into_iter().sum()
}
