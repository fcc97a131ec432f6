//! Conditions of a step: the filters of the rule language, on the whole event.

use super::draft::pick;
use crate::segment::operator::Clock;
use crate::segment::rule::Filter;
use crate::segment::text;
use crate::segment::zone::Zone;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// The longest condition.
const BYTES_MAX: usize = 4_096;

/// A condition: `event = "Product Viewed" and properties.price > 10`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    text: Box<str>,
    filter: Filter,
}

impl Condition {
    /// Whether an event, an item of a batch, is like this.
    #[must_use]
    pub fn holds(&self, item: &str) -> bool {
        let zone = Zone::default();
        let now = Millis(0);
        holds(&self.filter, item, &Clock { now, zone: &zone })
    }
}

/// Goes as deep as the condition was written.
fn holds(filter: &Filter, item: &str, clock: &Clock<'_>) -> bool {
    match filter {
        Filter::All(parts) => parts.iter().all(|part| holds(part, item, clock)),
        Filter::Any(parts) => parts.iter().any(|part| holds(part, item, clock)),
        Filter::Not(part) => !holds(part, item, clock),
        Filter::Property { path, test } => test.holds(pick(item, path.names()).as_ref(), clock),
        Filter::Link(_) => false,
    }
}

/// What a step does to an event hangs on the event alone.
fn check(filter: &Filter) -> Result<(), String> {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().try_for_each(check),
        Filter::Not(part) => check(part),
        Filter::Property { test, .. } if test.is_timed() => Err(format!(
            "`{}` asks what time it is, and a step sees the event alone; compare with a date, \
             like `properties.day >= \"2026-11-22\"`",
            test.operator().word
        )),
        Filter::Property { .. } => Ok(()),
        Filter::Link(link) => Err(format!(
            "`{}` is compared with what is known of the person, and a step sees the event alone; \
             compare with a value",
            link.path
        )),
    }
}

impl TryFrom<String> for Condition {
    type Error = String;

    fn try_from(text: String) -> Result<Condition, String> {
        if text.len() > BYTES_MAX {
            return Err(format!("a condition may have {BYTES_MAX} bytes"));
        }
        let filter = text::parse_filter(&text).map_err(|error| match error.help() {
            Some(help) => format!("`{text}` is no condition: {error}; {help}"),
            None => format!("`{text}` is no condition: {error}"),
        })?;
        check(&filter).map_err(|why| format!("`{text}` is no condition: {why}"))?;
        Ok(Condition {
            text: text.into(),
            filter,
        })
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> String {
        condition.text.into()
    }
}
