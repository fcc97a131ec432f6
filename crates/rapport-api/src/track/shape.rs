//! What the door must know of a body before it takes it: that it is JSON, how deep, how many.

use super::refused::Refused;
use rapport_core::event::Call;
use rapport_core::event::dialect::object::{self, Text, Walk};
use rapport_core::event::dialect::segment::{BATCH_EVENTS_MAX, EVENT_BYTES_MAX};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// How deep a member of the body may nest. Real events nest less than ten levels; parsers of
/// those who read the history give up at 128.
pub(super) const DEPTH_MAX: usize = 100;

/// A body in Segment's shape, seen in one pass.
#[derive(Debug, Default)]
pub(super) struct Shape<'a> {
    /// The `writeKey` it carries.
    pub(super) write_key: Option<Cow<'a, str>>,
    items: Option<usize>,
    deep: bool,
}

impl<'a> Shape<'a> {
    /// Looks at the text of a call's body.
    ///
    /// # Errors
    /// Where it must be refused whoever sends it: no JSON, too deep, too large for one event.
    pub(super) fn look(text: &'a str, call: Call) -> Result<Shape<'a>, Refused> {
        let mut shape = Shape::default();
        object::walk(
            text,
            Looking {
                shape: &mut shape,
                call,
            },
        )
        .map_err(|error| {
            let wrong_batch = error.is_data() && text.trim_start().starts_with('{');
            if wrong_batch {
                Refused::InvalidBatch
            } else {
                Refused::InvalidJson(error.to_string())
            }
        })?;
        if shape.deep {
            return Err(Refused::TooDeep(DEPTH_MAX));
        }
        match (call, shape.items) {
            (Call::One(_), _) if text.len() > EVENT_BYTES_MAX => Err(Refused::EventTooLarge),
            (Call::Batch, None) => Err(Refused::InvalidBatch),
            _ => Ok(shape),
        }
    }

    /// Checks the number of events, which is refused without an error to the client.
    ///
    /// # Errors
    /// [`Refused::EmptyBatch`] and [`Refused::TooManyEvents`].
    pub(super) fn check_count(&self) -> Result<(), Refused> {
        match self.items {
            Some(0) => Err(Refused::EmptyBatch),
            Some(items) if items > BATCH_EVENTS_MAX => Err(Refused::TooManyEvents(items)),
            _ => Ok(()),
        }
    }
}

struct Looking<'s, 'a> {
    shape: &'s mut Shape<'a>,
    call: Call,
}

impl<'a> Walk<'a> for Looking<'_, 'a> {
    fn member<A: MapAccess<'a>>(
        &mut self,
        name: Cow<'a, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if name == "batch" && self.call == Call::Batch {
            let items = map.next_value::<Items>()?;
            self.shape.items = Some(items.count);
            self.shape.deep |= items.deep;
            return Ok(());
        }
        let raw = map.next_value::<&'a RawValue>()?.get();
        self.shape.deep |= is_deep(raw);
        if name == "writeKey" {
            // A key that is no text is no key.
            self.shape.write_key = serde_json::from_str::<Text<'a>>(raw)
                .ok()
                .map(|text| text.0);
        }
        Ok(())
    }
}

struct Items {
    count: usize,
    deep: bool,
}

impl<'a> Deserialize<'a> for Items {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Items, D::Error> {
        struct Counting;
        impl<'a> Visitor<'a> for Counting {
            type Value = Items;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of events")
            }

            fn visit_seq<A: SeqAccess<'a>>(self, mut array: A) -> Result<Items, A::Error> {
                let mut items = Items {
                    count: 0,
                    deep: false,
                };
                while let Some(raw) = array.next_element::<&'a RawValue>()? {
                    items.count += 1;
                    items.deep |= is_deep(raw.get());
                }
                Ok(items)
            }
        }
        deserializer.deserialize_seq(Counting)
    }
}

/// Whether valid JSON nests deeper than allowed. Counting what opens is an upper bound that
/// costs almost nothing; only where that is exceeded the nesting itself is followed.
pub(super) fn is_deep(raw: &str) -> bool {
    let openers = raw.bytes().filter(|byte| byte | 0x20 == b'{').count();
    openers > DEPTH_MAX && depth(raw) > DEPTH_MAX
}

fn depth(raw: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0_usize);
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b'}' | b']' => open = open.saturating_sub(1),
            b'"' => skip_text(&mut bytes),
            _ => {}
        }
    }
    deepest
}

fn skip_text(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rapport_core::event::Kind;

    const ONE: Call = Call::One(Kind::Track);

    fn code(text: &str, call: Call) -> &'static str {
        match Shape::look(text, call).and_then(|shape| shape.check_count()) {
            Ok(()) => "ok",
            Err(refused) => refused.code(),
        }
    }

    #[test]
    fn bodies_that_are_no_json_object_are_refused() {
        for text in [
            "",
            " ",
            "[]",
            "1",
            "\"a\"",
            "null",
            "{",
            "{}{}",
            "{\"a\":1,}",
            "{'a':1}",
            "{\"a\":01}",
        ] {
            assert_eq!(code(text, ONE), "invalid_json", "{text}");
            assert_eq!(code(text, Call::Batch), "invalid_json", "{text}");
        }
        assert_eq!(code("{}", ONE), "ok");
    }

    #[test]
    fn a_batch_is_an_array() {
        for text in [
            "{}",
            "{\"batch\":null}",
            "{\"batch\":{}}",
            "{\"batch\":\"a\"}",
            "{\"batch\":1}",
        ] {
            assert_eq!(code(text, Call::Batch), "invalid_batch", "{text}");
            assert_eq!(code(text, ONE), "ok", "{text}");
        }
        assert_eq!(code("{\"batch\":[]}", Call::Batch), "empty_batch");
        assert_eq!(code("{\"batch\":[1,null]}", Call::Batch), "ok");
        assert_eq!(code("{\"batch\":[1,]}", Call::Batch), "invalid_json");
    }

    #[test]
    fn a_batch_may_have_2500_events_and_not_one_more() {
        let batch = |count| format!("{{\"batch\":[{}]}}", vec!["{}"; count].join(","));
        assert_eq!(code(&batch(BATCH_EVENTS_MAX), Call::Batch), "ok");
        assert_eq!(
            code(&batch(BATCH_EVENTS_MAX + 1), Call::Batch),
            "too_many_events"
        );
    }

    #[test]
    fn a_single_event_may_have_32_kb_and_not_a_byte_more() {
        let sized = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        assert_eq!(code(&sized(EVENT_BYTES_MAX), ONE), "ok");
        assert_eq!(code(&sized(EVENT_BYTES_MAX + 1), ONE), "event_too_large");
        assert_eq!(
            code(
                &sized(EVENT_BYTES_MAX + 1)
                    .replace('a', "batch")
                    .replace("\"x", "[\"x")
                    .replace("x\"", "x\"]"),
                Call::Batch
            ),
            "ok"
        );
    }

    #[test]
    fn depth_is_counted_outside_of_texts() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(code(&nested(DEPTH_MAX), ONE), "ok");
        assert_eq!(code(&nested(DEPTH_MAX + 1), ONE), "too_deep");
        assert_eq!(code(&nested(15_000), ONE), "too_deep");
        let wide = format!(
            "{{\"a\":[{}[]],\"b\":\"{}\\\"[\"}}",
            "[],".repeat(200),
            "[{".repeat(200)
        );
        assert_eq!(code(&wide, ONE), "ok");
        let bomb = format!(
            "{{\"batch\":[{}{}]}}",
            "{\"a\":".repeat(200),
            "1".to_owned() + &"}".repeat(200)
        );
        assert_eq!(code(&bomb, Call::Batch), "too_deep");
    }

    #[test]
    fn the_write_key_is_found_and_the_last_one_counts() {
        let key = |text| {
            Shape::look(text, ONE)
                .expect("JSON")
                .write_key
                .map(Cow::into_owned)
        };
        assert_eq!(
            key(r#"{"writeKey":"a","writeKey":"b\u0063"}"#).as_deref(),
            Some("bc")
        );
        assert_eq!(key(r#"{"writeKey":5}"#), None);
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at_without_panic(text in "\\PC{0,80}|[\\[{\\]}\":,a1\\\\]{0,80}") {
            let _ = Shape::look(&text, Call::Batch);
            let _ = Shape::look(&text, ONE);
            let _ = is_deep(&text);
        }
    }
}
