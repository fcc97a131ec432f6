//! What the door must know of a body in PostHog's shape: a batch, a list, or one event.

use crate::track::refused::Refused;
use crate::track::shape::{self, DEPTH_MAX, Items, Shape, is_deep};
use rapport_core::event::dialect::object::{self, Text, Walk};
use serde::de::MapAccess;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Looks at the text of a body.
///
/// # Errors
/// Where it must be refused whoever sends it: no JSON, too deep, `batch` no list.
pub(in crate::track) fn look(text: &str) -> Result<Shape<'_>, Refused> {
    let shape = if text.trim_start().starts_with('[') {
        list(text)?
    } else {
        let mut looking = Looking::default();
        object::walk(text, &mut looking).map_err(|error| shape::refused(text, &error))?;
        looking.finish()
    };
    if shape.deep {
        return Err(Refused::TooDeep(DEPTH_MAX));
    }
    Ok(shape)
}

/// A list's token is that of its first event that has one.
fn list(text: &str) -> Result<Shape<'_>, Refused> {
    let invalid = |error: serde_json::Error| Refused::InvalidJson(error.to_string());
    let items: Vec<&RawValue> = serde_json::from_str(text).map_err(invalid)?;
    let write_key = items.iter().take(KEYS_SOUGHT).find_map(|item| {
        let mut looking = Looking::default();
        object::walk(item.get(), &mut looking).ok()?;
        looking.finish().write_key
    });
    Ok(Shape {
        write_key,
        items: Some(items.len()),
        deep: items.iter().any(|item| is_deep(item.get())),
    })
}

/// In how many events of a list a token is looked for.
const KEYS_SOUGHT: usize = 20;

#[derive(Default)]
struct Looking<'a> {
    shape: Shape<'a>,
    of_properties: Option<Cow<'a, str>>,
}

impl<'a> Looking<'a> {
    fn finish(self) -> Shape<'a> {
        let Looking {
            mut shape,
            of_properties,
        } = self;
        shape.write_key = shape.write_key.or(of_properties);
        shape
    }
}

impl<'a> Walk<'a> for &mut Looking<'a> {
    fn member<A: MapAccess<'a>>(
        &mut self,
        name: Cow<'a, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if name == "batch" {
            let items = map.next_value::<Items>()?;
            self.shape.items = Some(items.count);
            self.shape.deep |= items.deep;
            return Ok(());
        }
        let raw = map.next_value::<&'a RawValue>()?.get();
        self.shape.deep |= is_deep(raw);
        match name.as_ref() {
            "api_key" | "token" | "$token" => self.shape.write_key = text(raw),
            "properties" if raw.starts_with('{') => {
                // An object of a document that parses.
                let _ = object::members(raw, |name, value| {
                    if matches!(name.as_ref(), "token" | "$token" | "api_key") {
                        self.of_properties = text(value.get());
                    }
                });
            }
            _ => {}
        }
        Ok(())
    }
}

/// A token that is no text is no token.
fn text(raw: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(raw)
        .ok()
        .map(|text| text.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(text: &str) -> (Option<String>, Option<usize>) {
        let shape = look(text).expect(text);
        (shape.write_key.map(Cow::into_owned), shape.items)
    }

    #[test]
    fn the_token_is_found_wherever_sdks_put_it() {
        let key = Some("k".to_owned());
        for (body, items) in [
            (r#"{"api_key":"k","batch":[{},{}]}"#, Some(2)),
            (r#"{"token":"k","event":"E"}"#, None),
            (r#"{"$token":"k","$distinct_id":"d"}"#, None),
            (r#"{"event":"E","properties":{"token":"k"}}"#, None),
            (
                r#"[{"event":"E"},{"event":"E","properties":{"token":"k"}}]"#,
                Some(2),
            ),
            (r#" [{"api_key":"k"}] "#, Some(1)),
        ] {
            assert_eq!(looked(body), (key.clone(), items), "{body}");
        }
        assert_eq!(looked(r#"{"api_key":5}"#), (None, None));
    }

    #[test]
    fn what_is_no_body_of_events_is_refused() {
        let nested = format!("[{{\"a\":{}{}}}]", "[".repeat(200), "]".repeat(200));
        for (body, code) in [
            ("", "invalid_json"),
            ("[1,", "invalid_json"),
            ("7", "invalid_json"),
            (r#"{"batch":7}"#, "invalid_batch"),
            (nested.as_str(), "too_deep"),
        ] {
            let refused = look(body).expect_err(body);
            assert_eq!(refused.code(), code, "{body}");
        }
    }
}
