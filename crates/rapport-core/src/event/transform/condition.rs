//! Conditions of a step: the filters of the rule language, on the whole event.

use super::draft::pick;
use crate::segment::rule::Filter;
use crate::segment::text;
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
        holds(&self.filter, item)
    }
}

/// Goes as deep as the condition was written.
fn holds(filter: &Filter, item: &str) -> bool {
    match filter {
        Filter::All(parts) => parts.iter().all(|part| holds(part, item)),
        Filter::Any(parts) => parts.iter().any(|part| holds(part, item)),
        Filter::Not(part) => !holds(part, item),
        Filter::Property { path, test } => test.holds(pick(item, path.names()).as_ref()),
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
