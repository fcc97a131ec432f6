//! What a filter asks of a property, as an operator of the rule language.

use super::refused;
use crate::crm::fault::Fault;
use rapport_core::crm::Property;
use rapport_core::time::Millis;
use serde::Deserialize;
use serde_json::Value;

/// An operation with whatever stands behind it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    operation_type: String,
    operator: String,
    /// Whether those without a value are meant, too.
    #[serde(default)]
    pub(super) include_objects_with_no_value_set: bool,
    #[serde(default)]
    value: Option<Value>,
    #[serde(default)]
    values: Option<Vec<Value>>,
    #[serde(default)]
    lower_bound: Option<serde_json::Number>,
    #[serde(default)]
    upper_bound: Option<serde_json::Number>,
    #[serde(default)]
    number_of_days: Option<u32>,
    #[serde(default)]
    timestamp: Option<i64>,
}

/// A test of a value, and whether it is to hold; without a test it is asked whether there is one.
pub(super) struct Asked {
    /// The operator and its operands.
    pub(super) test: Option<String>,
    /// Whether it holds, rather than not.
    pub(super) holds: bool,
}

impl Operation {
    /// The test that says the same.
    pub(super) fn asked(&self, property: &Property) -> Result<Asked, Fault> {
        match self.operation_type.as_str() {
            "STRING" | "MULTISTRING" => self.text(),
            "NUMBER" => self.number(),
            "NUMBER_RANGED" => self.range(),
            "BOOL" => self.switch(),
            "ENUMERATION" => self.choice(property),
            "ALL_PROPERTY" => self.any(),
            "DATETIME" => self.instant(),
            "ROLLING_DATE_RANGE" => self.days(),
            other => Err(refused(
                "Operations",
                other,
                "STRING, MULTISTRING, NUMBER, NUMBER_RANGED, BOOL, ENUMERATION, ALL_PROPERTY, \
                 DATETIME and ROLLING_DATE_RANGE",
            )),
        }
    }

    fn unknown<T>(&self, instead: &str) -> Result<T, Fault> {
        let what = format!("Operators of {}", self.operation_type);
        Err(refused(&what, &self.operator, instead))
    }

    fn missing(&self, member: &str) -> Fault {
        Fault::invalid(format!("The operation {} needs `{member}`.", self.operator))
    }

    /// `value` and `values` as texts.
    fn texts(&self) -> Result<Vec<String>, Fault> {
        let values = self.values.iter().flatten().chain(&self.value);
        let texts: Option<Vec<String>> = values.map(quoted).collect();
        let texts = texts.filter(|texts| !texts.is_empty());
        texts.ok_or_else(|| self.missing("values"))
    }

    fn text(&self) -> Result<Asked, Fault> {
        let (word, holds) = match self.operator.as_str() {
            "IS_EQUAL_TO" => ("=", true),
            "IS_NOT_EQUAL_TO" => ("=", false),
            "CONTAINS" => ("contains", true),
            "DOES_NOT_CONTAIN" => ("contains", false),
            "STARTS_WITH" => ("starts with", true),
            "ENDS_WITH" => ("ends with", true),
            _ => return self.unknown(
                "IS_EQUAL_TO, IS_NOT_EQUAL_TO, CONTAINS, DOES_NOT_CONTAIN, STARTS_WITH and ENDS_WITH",
            ),
        };
        let texts = self.texts()?;
        let list = format!("({})", texts.join(", "));
        let test = match (texts.as_slice(), word) {
            ([one], word) => format!("{word} {one}"),
            (_, "=") => format!("in {list}"),
            (_, "contains") => format!("contains any of {list}"),
            _ => {
                return Err(Fault::invalid(format!(
                    "{} takes one value: make a filter of each, in an OR branch.",
                    self.operator
                )));
            }
        };
        Ok(Asked {
            test: Some(test),
            holds,
        })
    }

    fn number(&self) -> Result<Asked, Fault> {
        let (word, holds) = match self.operator.as_str() {
            "IS_EQUAL_TO" => ("=", true),
            "IS_NOT_EQUAL_TO" => ("=", false),
            "IS_GREATER_THAN" => (">", true),
            "IS_GREATER_THAN_OR_EQUAL_TO" => (">=", true),
            "IS_LESS_THAN" => ("<", true),
            "IS_LESS_THAN_OR_EQUAL_TO" => ("<=", true),
            _ => return self.unknown("comparisons such as IS_EQUAL_TO and IS_GREATER_THAN"),
        };
        let number = match &self.value {
            Some(Value::Number(number)) => number,
            _ => return Err(self.missing("value")),
        };
        Ok(Asked {
            test: Some(format!("{word} {number}")),
            holds,
        })
    }

    fn range(&self) -> Result<Asked, Fault> {
        let holds = match self.operator.as_str() {
            "IS_BETWEEN" => true,
            "IS_NOT_BETWEEN" => false,
            _ => return self.unknown("IS_BETWEEN and IS_NOT_BETWEEN"),
        };
        let low = self
            .lower_bound
            .as_ref()
            .ok_or_else(|| self.missing("lowerBound"))?;
        let high = self
            .upper_bound
            .as_ref()
            .ok_or_else(|| self.missing("upperBound"))?;
        Ok(Asked {
            test: Some(format!("between {low} and {high}")),
            holds,
        })
    }

    fn switch(&self) -> Result<Asked, Fault> {
        let holds = match self.operator.as_str() {
            "IS_EQUAL_TO" => true,
            "IS_NOT_EQUAL_TO" => false,
            _ => return self.unknown("IS_EQUAL_TO and IS_NOT_EQUAL_TO"),
        };
        let Some(Value::Bool(value)) = &self.value else {
            return Err(self.missing("value"));
        };
        Ok(Asked {
            test: Some(format!("= {value}")),
            holds,
        })
    }

    fn choice(&self, property: &Property) -> Result<Asked, Fault> {
        let list = format!("({})", self.texts()?.join(", "));
        let any = if property.is_multiple() {
            "contains any of"
        } else {
            "in"
        };
        let (test, holds) = match self.operator.as_str() {
            "IS_ANY_OF" => (format!("{any} {list}"), true),
            "IS_NONE_OF" => (format!("{any} {list}"), false),
            "CONTAINS_ALL" => (format!("contains all of {list}"), true),
            "DOES_NOT_CONTAIN_ALL" => (format!("contains all of {list}"), false),
            _ => {
                return self
                    .unknown("IS_ANY_OF, IS_NONE_OF, CONTAINS_ALL and DOES_NOT_CONTAIN_ALL");
            }
        };
        Ok(Asked {
            test: Some(test),
            holds,
        })
    }

    fn any(&self) -> Result<Asked, Fault> {
        let holds = match self.operator.as_str() {
            "IS_KNOWN" => true,
            "IS_UNKNOWN" => false,
            _ => return self.unknown("IS_KNOWN and IS_UNKNOWN"),
        };
        Ok(Asked { test: None, holds })
    }

    fn instant(&self) -> Result<Asked, Fault> {
        let word = match self.operator.as_str() {
            "IS_BEFORE" => "before",
            "IS_AFTER" => "after",
            _ => return self.unknown("IS_BEFORE and IS_AFTER"),
        };
        let at = self.timestamp.ok_or_else(|| self.missing("timestamp"))?;
        Ok(Asked {
            test: Some(format!("{word} \"{}\"", Millis(at))),
            holds: true,
        })
    }

    fn days(&self) -> Result<Asked, Fault> {
        let word = match self.operator.as_str() {
            "IS_LESS_THAN_X_DAYS_AGO" => "within last",
            "IS_MORE_THAN_X_DAYS_AGO" => "before last",
            "IS_LESS_THAN_X_DAYS_FROM_NOW" => "within next",
            "IS_MORE_THAN_X_DAYS_FROM_NOW" => "after next",
            _ => {
                return self.unknown(
                    "IS_LESS_THAN_X_DAYS_AGO, IS_MORE_THAN_X_DAYS_AGO, IS_LESS_THAN_X_DAYS_FROM_NOW \
                     and IS_MORE_THAN_X_DAYS_FROM_NOW",
                );
            }
        };
        let days = self
            .number_of_days
            .ok_or_else(|| self.missing("numberOfDays"))?;
        Ok(Asked {
            test: Some(format!("{word} {days} days")),
            holds: true,
        })
    }
}

/// A value as a text of the rule language.
fn quoted(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(switch) => switch.to_string(),
        _ => return None,
    };
    serde_json::to_string(&text).ok()
}
