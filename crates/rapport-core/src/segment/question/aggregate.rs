//! Aggregates: one number out of a property of many events, and how it compares.

use super::{Number, Question, attribute};
use crate::json::Decimal;
use crate::segment::leaf::{Datum, Form, Kept};
use crate::segment::person::Seen;
use crate::segment::rule::{Aggregate, Comparison, Function, Measure};
use crate::time::Millis;
use std::collections::BTreeSet;

/// A property that is totalled, with the slots of what the leaf keeps of it.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Totalled {
    /// What is asked.
    pub aggregate: Aggregate,
    /// The slot of the property.
    pub slot: usize,
    /// The slot of its currency, where the rule does not say one.
    pub currency: Option<usize>,
}

/// What a property comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::segment) enum Total {
    /// A number.
    Is(Decimal),
    /// An average: this, divided by so many.
    Mean(Decimal, usize),
    /// There are no values of which there could be one.
    None,
    /// The amounts are in several currencies.
    Mixed,
}

impl Total {
    /// Whether there is none because currencies are mixed.
    pub fn is_mixed(self) -> bool {
        self == Total::Mixed
    }

    /// The number, rounded where it is an average.
    pub fn number(self) -> Number {
        match self {
            Total::Is(number) => Some(number),
            Total::Mean(sum, count) => sum.over(count),
            Total::None | Total::Mixed => None,
        }
    }

    fn holds(self, comparison: Comparison, to: Decimal) -> bool {
        match self {
            Total::Is(number) => comparison.holds(Some(number.cmp(&to))),
            // Multiplied, not divided, so that nothing is rounded.
            Total::Mean(sum, count) => comparison.holds(Some(sum.cmp(&to.times(count)))),
            Total::None | Total::Mixed => false,
        }
    }
}

impl Totalled {
    pub(super) fn holds(&self, question: &Question, seen: &Seen<'_>, now: Millis) -> bool {
        let total = self.total(&question.counted(seen, now));
        match &self.aggregate.to {
            Measure::Number(number) => total.holds(self.aggregate.comparison, *number),
            Measure::Range(from, to) => {
                total.holds(Comparison::GreaterOrEqual, *from)
                    && total.holds(Comparison::LessOrEqual, *to)
            }
            Measure::Attribute(path) => attribute(seen, path, Form::Number, now)
                .number()
                .is_some_and(|number| total.holds(self.aggregate.comparison, number)),
        }
    }

    /// What these events come to.
    pub fn total(&self, events: &[&Kept]) -> Total {
        total(self.aggregate.function, self.slot, self.currency, events)
    }
}

/// What the property in a slot comes to; `currency` is the slot of its currency, where that may
/// differ.
pub(in crate::segment) fn total(
    function: Function,
    slot: usize,
    currency: Option<usize>,
    events: &[&Kept],
) -> Total {
    let values = events.iter().filter(|event| !event.value(slot).is_none());
    if function == Function::Distinct {
        let different: BTreeSet<&Datum> = values.map(|event| event.value(slot)).collect();
        return Total::Is(Decimal::whole(different.len() as i64));
    }
    let (mut numbers, mut known) = (Vec::new(), None);
    for event in values {
        let theirs = currency.map_or(&Datum::None, |slot| event.value(slot));
        if !theirs.is_none() && *known.get_or_insert(theirs) != theirs {
            return Total::Mixed;
        }
        numbers.extend(event.value(slot).number());
    }
    let sum = || {
        numbers
            .iter()
            .fold(Decimal::default(), |sum, number| sum.plus(*number))
    };
    let one = |number: Option<&Decimal>| number.map_or(Total::None, |n| Total::Is(*n));
    match function {
        Function::Sum => Total::Is(sum()),
        Function::Average if numbers.is_empty() => Total::None,
        Function::Average => Total::Mean(sum(), numbers.len()),
        Function::Min => one(numbers.iter().min()),
        Function::Max | Function::Distinct => one(numbers.iter().max()),
    }
}
