//! One filter as views spell it: `{"property": "amount", "operator": "gte", "value": 100}`.

use super::asked::operator;
use super::value;
use crate::errors::{Code, Error};
use rapport_core::crm::query::{self, Operator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is asked of one property.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    property: String,
    operator: String,
    /// The value, or the lower end of `between`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    /// The values of `in` and `not_in`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<Value>,
    /// The upper end of `between`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    high: Option<Value>,
}

impl Filter {
    /// A filter as it is told.
    pub(crate) fn of(filter: &query::Filter) -> Filter {
        Filter {
            property: filter.property.to_string(),
            operator: word(filter.operator).to_owned(),
            value: filter.value.as_deref().map(Value::from),
            values: filter
                .values
                .iter()
                .map(|text| Value::from(&**text))
                .collect(),
            high: filter.high.as_deref().map(Value::from),
        }
    }

    /// What it asks.
    pub(crate) fn read(self) -> Result<query::Filter, Error> {
        let invalid = |message: String| Error::new(Code::InvalidBody, message);
        let operator = operator(&self.operator)
            .ok_or_else(|| invalid(format!("`{}` is no operator", self.operator)))?;
        let text = |value: &Value| {
            let text = value::text(value).map(Box::from);
            text.ok_or_else(|| invalid(format!("`{}`: {value} is no value", self.property)))
        };
        Ok(query::Filter {
            value: self.value.as_ref().map(text).transpose()?,
            values: self.values.iter().map(text).collect::<Result<_, _>>()?,
            high: self.high.as_ref().map(text).transpose()?,
            property: self.property.as_str().into(),
            operator,
        })
    }
}

/// The word of an operator.
fn word(operator: Operator) -> &'static str {
    match operator {
        Operator::Eq => "eq",
        Operator::Neq => "neq",
        Operator::Lt => "lt",
        Operator::Lte => "lte",
        Operator::Gt => "gt",
        Operator::Gte => "gte",
        Operator::Between => "between",
        Operator::In => "in",
        Operator::NotIn => "not_in",
        Operator::Has => "has",
        Operator::HasNot => "has_not",
        Operator::ContainsToken => "token",
        Operator::NotContainsToken => "not_token",
    }
}
