//! Values with their types: numbers, booleans and lists as JSON has them, days and instants as ISO texts.

use crate::errors::{Code, Error};
use rapport_core::crm::Value;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// A value as JSON; `null` where there is none.
pub(in crate::native) fn typed(value: Option<&Value>) -> Json {
    match value {
        None => Json::Null,
        // 64-bit floats that are whole are shown as such.
        Some(Value::Number(number)) => whole(*number).unwrap_or_else(|| json!(number)),
        Some(Value::Bool(truth)) => json!(truth),
        Some(Value::Options(options)) => json!(options),
        Some(other) => json!(other.spelled()),
    }
}

fn whole(number: f64) -> Option<Json> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_whole = number.fract() == 0.0 && number.abs() < EXACT;
    is_whole
        .then(|| serde_json::from_str(&number.to_string()).ok())
        .flatten()
}

/// Values as an input takes them; `null` clears.
pub(super) fn texts(values: BTreeMap<String, Json>) -> Result<BTreeMap<Box<str>, Box<str>>, Error> {
    let pairs = values.into_iter().map(|(name, value)| {
        let text = text(&value).ok_or_else(|| {
            let message =
                format!("`{name}` is no value: a text, a number, a boolean or a list of texts");
            Error::new(Code::InvalidBody, message)
        })?;
        Ok((name.into(), text.into()))
    });
    pairs.collect()
}

/// A value as an input takes it; `None` where it is none.
pub(super) fn text(value: &Json) -> Option<String> {
    Some(match value {
        Json::Null => String::new(),
        Json::Bool(truth) => truth.to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.clone(),
        Json::Array(options) => {
            let options = options
                .iter()
                .map(Json::as_str)
                .collect::<Option<Vec<_>>>()?;
            options.join(";")
        }
        Json::Object(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_types_there_and_back() {
        for (value, json) in [
            (Value::Number(12.5), json!(12.5)),
            (Value::Number(-3.0), json!(-3)),
            (Value::Bool(true), json!(true)),
            (
                Value::Options(vec!["a".into(), "b".into()]),
                json!(["a", "b"]),
            ),
            (Value::Text("x".into()), json!("x")),
            (Value::Date(1), json!("1970-01-02")),
        ] {
            assert_eq!(typed(Some(&value)), json);
            assert_eq!(text(&json).expect("a text"), value.spelled());
        }
        assert_eq!(
            (typed(None), text(&Json::Null)),
            (Json::Null, Some(String::new()))
        );
        assert_eq!(text(&json!({})), None);
        assert_eq!(text(&json!([1])), None);
    }
}
