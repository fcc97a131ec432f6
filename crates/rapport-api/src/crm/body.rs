//! JSON bodies: bounded, with an error that names what is wrong, and values as clients write them.

use super::fault::Fault;
use crate::Api;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// Largest body: a batch of 100 records with long texts.
const BYTES_MAX: usize = 16 << 20;

/// A JSON body, whatever its content type. An empty one is an empty object.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Api> for Body<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, _api: &Api) -> Result<Body<T>, Fault> {
        let bytes = bytes(request).await?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(text).map(Body).map_err(|error| {
            Fault::invalid(format!("Invalid input JSON: {error}")).kind("JSON_NOT_AS_EXPECTED")
        })
    }
}

async fn bytes(request: Request) -> Result<Bytes, Fault> {
    let body = to_bytes(request.into_body(), BYTES_MAX).await;
    body.map_err(|_| Fault::invalid(format!("A body has at most {BYTES_MAX} bytes.")))
}

/// Values by the names of their properties. They are texts; numbers and booleans are taken as
/// they are spelled, and `null` clears as an empty text does.
#[derive(Debug, Default)]
pub(super) struct Values(pub(super) BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Values, D::Error> {
        let given = BTreeMap::<String, Value>::deserialize(deserializer)?;
        let mut values = BTreeMap::new();
        for (name, value) in given {
            let value = text(value).ok_or_else(|| {
                D::Error::custom(format_args!("the value of `{name}` is not a text"))
            })?;
            values.insert(name, value);
        }
        Ok(Values(values))
    }
}

/// Text, or what some clients send in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text(pub(super) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let text = text(value).ok_or_else(|| D::Error::custom("this is not a text"))?;
        Ok(Text(text))
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(switch) => Some(switch.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// The inputs of a batch.
#[derive(Debug, Deserialize)]
pub(super) struct Inputs<T> {
    /// One after another.
    pub(super) inputs: Vec<T>,
}

impl<T> Inputs<T> {
    /// The inputs, where they are no more than a batch may have.
    pub(super) fn at_most(self, most: usize) -> Result<Vec<T>, Fault> {
        if self.inputs.len() <= most {
            return Ok(self.inputs);
        }
        let many = self.inputs.len();
        Err(Fault::invalid(format!(
            "A batch has at most {most} inputs, and this one has {many}."
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_texts_and_what_is_spelled_like_one() {
        let text = r#"{"a": "x", "b": 12.50, "c": true, "d": null}"#;
        let Values(values) = serde_json::from_str(text).expect("values");
        let pairs: Vec<_> = values
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(pairs, [("a", "x"), ("b", "12.5"), ("c", "true"), ("d", "")]);
        let wrong = serde_json::from_str::<Values>(r#"{"a": ["x"]}"#);
        assert!(wrong.expect_err("no text").to_string().contains("`a`"));
    }

    #[test]
    fn a_batch_has_a_largest_size() {
        let batch = |count| Inputs {
            inputs: vec![(); count],
        };
        assert_eq!(batch(100).at_most(100).expect("a batch").len(), 100);
        assert!(batch(101).at_most(100).is_err());
    }
}
