//! A pixel's query as the body of a call.

use axum::extract::Query;
use axum::http::Uri;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// How deep dotted names lead: an event has a few levels, and every name costs its depth.
const LEVELS_MAX: usize = 8;

/// The body that a query stands for; what cannot be read becomes a body that the door refuses.
pub(in crate::track) fn body(query: &str) -> Vec<u8> {
    let pairs = pairs(query);
    if let Some((_, data)) = pairs.iter().find(|(name, _)| name == "data") {
        return decoded(data).unwrap_or_else(|| data.clone().into_bytes());
    }
    let mut event = Map::new();
    for (name, value) in pairs {
        let names: Vec<&str> = name.splitn(LEVELS_MAX, '.').collect();
        put(&mut event, &names, value);
    }
    Value::Object(event).to_string().into_bytes()
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let uri = Uri::builder().path_and_query(format!("/?{query}")).build();
    let read = uri.ok().and_then(|uri| Query::try_from_uri(&uri).ok());
    read.map(|Query(pairs)| pairs).unwrap_or_default()
}

fn decoded(data: &str) -> Option<Vec<u8>> {
    let standard: String = data
        .chars()
        .map(|c| match c {
            // A form turns `+` into spaces, and URLs have an alphabet of their own.
            ' ' | '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    LENIENT.decode(standard.trim()).ok()
}

/// Puts a value where dotted names lead. A name that stands for a value already becomes an object:
/// the later word counts, as for repeated members.
fn put(object: &mut Map<String, Value>, names: &[&str], value: String) {
    match names {
        [] => {}
        [name] => drop(object.insert((*name).to_owned(), Value::String(value))),
        [name, rest @ ..] => {
            let inner = object
                .entry(*name)
                .or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(query: &str) -> Value {
        serde_json::from_slice(&body(query)).unwrap_or(Value::Null)
    }

    #[test]
    fn dotted_names_are_an_event() {
        let query =
            "writeKey=k&userId=u%201&event=Mail+Opened&properties.campaign.id=7&properties.a=b";
        let expected = json!({"writeKey": "k", "userId": "u 1", "event": "Mail Opened",
            "properties": {"campaign": {"id": "7"}, "a": "b"}});
        assert_eq!(read(query), expected);
        assert_eq!(read("a=1&a.b=2"), json!({"a": {"b": "2"}}));
    }

    #[test]
    fn data_is_the_event_in_either_alphabet_and_with_or_without_padding() {
        let event = json!({"event": "\u{e4}??>>", "userId": "u"});
        let base64 = LENIENT.encode(event.to_string());
        for data in [
            base64.replace('+', "%2B").replace('=', "%3D"),
            base64.clone(),
            base64.replace('+', "-").replace('/', "_").replace('=', ""),
        ] {
            assert_eq!(read(&format!("x=1&data={data}")), event, "{data}");
        }
        assert_eq!(read("data=!!!"), Value::Null);
    }

    #[test]
    fn many_dots_lead_no_deeper_than_an_event_goes() {
        let name = vec!["a"; 5_000].join(".");
        let nested = body(&format!("{name}=1"));
        assert!(nested.iter().filter(|byte| **byte == b'{').count() <= LEVELS_MAX);
    }
}
