//! Deliveries of webhooks: the body as another system sent it, with the headers that say what it
//! is, made into events by the map of its source.
//!
//! On the ledger a delivery is `{"headers": {...}, "body": ...}`, the body byte for byte as it
//! came. A map works on each item; an item that no event can be made of keeps the delivery
//! narrowed to itself, so that sending it again makes that one item's event and no other.

use crate::event::dialect::object::{self, Builder, Walk};
use crate::event::dialect::readable::readable;
use crate::event::mapping::{Delivery, Draft, Map, Mapped};
use crate::event::{Event, Request, Validated, skew};
use crate::outcome::Reason;
use crate::position::Position;
use serde::de::MapAccess;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Largest body of a delivery.
pub const BODY_BYTES_MAX: usize = 3 * 1024 * 1024;
/// How many headers are kept.
pub const HEADERS_MAX: usize = 40;
/// How much of a header's value is kept, in bytes.
pub const HEADER_BYTES_MAX: usize = 512;

/// The context that history keeps for what is no event of a delivery.
pub const OF_A_DELIVERY: &str = r#"{"dialect":"webhook"}"#;

/// A delivery as it is kept. `redrive_of` names what it was before, where it is sent again.
#[must_use]
pub fn envelope(headers: &[(String, String)], body: &str, redrive_of: Option<&str>) -> String {
    let mut kept = Builder::new();
    for (name, value) in headers {
        kept.put_text(name, value);
    }
    let mut envelope = Builder::new();
    if let Some(position) = redrive_of {
        envelope.put_text("redrive_of", position);
    }
    envelope.put("headers", &kept.finish());
    envelope.put("body", body);
    envelope.finish().into_string()
}

/// A delivery that was kept, read again.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Opened<'a> {
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: &'a str,
    /// What it was before, where it was sent again.
    pub redrive_of: Option<String>,
}

/// Opens what [`envelope`] made; `None` where the text is no such thing.
#[must_use]
pub fn open(text: &str) -> Option<Opened<'_>> {
    let mut opened = Opened::default();
    object::walk(text, &mut opened).ok()?;
    (!opened.body.is_empty()).then_some(opened)
}

impl<'a> Walk<'a> for &mut Opened<'a> {
    fn member<A: MapAccess<'a>>(
        &mut self,
        name: Cow<'a, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let raw = map.next_value::<&RawValue>()?.get();
        let text = |raw| serde_json::from_str::<String>(raw).ok();
        match &*name {
            "body" => self.body = raw,
            "redrive_of" => self.redrive_of = text(raw),
            "headers" => {
                // What is no object has no headers.
                let _ = object::members(raw, |name, value| {
                    let value = text(value.get()).unwrap_or_default();
                    self.headers.push((name.to_ascii_lowercase(), value));
                });
            }
            _ => {}
        }
        Ok(())
    }
}

/// Makes events of a delivery with the map in force, or says why there is none.
#[must_use]
pub fn validate(request: &Request, map: Result<&Map, String>) -> Vec<Validated> {
    let text = readable(&request.body);
    let whole = |reason: Reason| {
        vec![Validated::Invalid {
            position: Position::event(request.number, 0),
            reason,
            raw: text.as_ref().into(),
        }]
    };
    let Some(opened) = open(&text) else {
        return whole(Reason::new("invalid_delivery", "this is no kept delivery"));
    };
    let map = match map {
        Ok(map) => map,
        Err(message) => return whole(Reason::new("no_map", message)),
    };
    let delivery = Delivery {
        headers: &opened.headers,
        body: opened.body,
    };
    let mapped = map.apply(delivery).into_iter().enumerate();
    mapped
        // A delivery becomes far fewer than 2^32 items.
        .map(|(index, mapped)| one(request, &opened, index as u32, mapped))
        .collect()
}

fn one(request: &Request, opened: &Opened<'_>, index: u32, mapped: Mapped) -> Validated {
    let position = Position::event(request.number, index);
    let kept = |body: &str| envelope(&opened.headers, body, None).into();
    match mapped {
        Mapped::Event(draft) => {
            Validated::Event(Box::new(event(request, opened, position, *draft)))
        }
        Mapped::Invalid { reason, body } => Validated::Invalid {
            position,
            reason,
            raw: kept(&body),
        },
        Mapped::Skipped { reason, body } => Validated::Filtered {
            position,
            reason,
            raw: kept(&body),
        },
    }
}

fn event(request: &Request, opened: &Opened<'_>, position: Position, draft: Draft) -> Event {
    let context = match &opened.redrive_of {
        Some(before) => {
            let mut context = Builder::extending(&draft.context);
            context.put_text("redrive_of", before);
            context.finish()
        }
        None => draft.context,
    };
    Event {
        position,
        received: request.received,
        original: draft.original,
        sent: None,
        at: skew::corrected(draft.original, None, request.received),
        source: request.origin.source,
        key_kind: request.origin.key_kind,
        kind: draft.kind,
        name: draft.name,
        message_id: draft.message_id,
        identifiers: draft.identifiers,
        previous: draft.previous,
        group: draft.group,
        traits: draft.traits,
        properties: draft.properties,
        context,
        extra: "{}".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Call, Dialect, KeyKind, Origin, SourceNo};
    use crate::time::Millis;

    fn request(body: &str) -> Request {
        Request {
            number: 7,
            received: Millis(1_700_000_000_000),
            origin: Origin {
                source: SourceNo(1),
                key_kind: KeyKind::Server,
                dialect: Dialect::Webhook,
                call: Call::Batch,
                ip: None,
                user_agent: None,
            },
            body: body.as_bytes().to_vec(),
        }
    }

    fn map() -> Map {
        Map::parse(
            r#"{"each": "items[]", "rules": [
                {"when": {"kind": "noise"}, "skip": true},
                {"type": "track", "event": "{kind}", "identifiers": {"user_id": "{who}"},
                 "message_id": "m-{id}", "properties": {"topic": "{@x-topic}"}}]}"#,
        )
        .expect("a map")
    }

    #[test]
    fn a_delivery_comes_back_from_its_envelope_byte_for_byte() {
        let headers = vec![("x-topic".to_owned(), "a\"b".to_owned())];
        let body = "[ 1.50,\n{\"a\" : 1e3}]";
        let kept = envelope(&headers, body, Some("3.0"));
        let opened = open(&kept).expect("a delivery");
        assert_eq!((opened.headers, opened.body), (headers, body));
        assert_eq!(opened.redrive_of.as_deref(), Some("3.0"));
        for wrong in ["", "[]", "{}", "{\"headers\":{}}", "{\"body\":}"] {
            assert_eq!(open(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_item_ends_by_itself_and_can_be_sent_again_by_itself() {
        let body = r#"{"shop":"dairy","items":[{"id":1,"kind":"A","who":"ana"},
            {"id":2,"kind":"B"},{"id":3,"kind":"noise","who":"ana"}]}"#;
        let headers = vec![("x-topic".to_owned(), "t".to_owned())];
        let validated = validate(&request(&envelope(&headers, body, None)), Ok(&map()));
        let [
            Validated::Event(event),
            Validated::Invalid { reason, raw, .. },
            Validated::Filtered { .. },
        ] = &*validated
        else {
            panic!("{validated:?}");
        };
        assert_eq!((&*event.name, &*event.message_id), ("A", "m-1"));
        assert_eq!(&*event.properties, r#"{"topic":"t"}"#);
        assert_eq!(reason.code, "missing_id");
        assert!(
            reason.message.contains("rules[1].identifiers"),
            "{reason:?}"
        );
        let opened = open(raw).expect("a delivery");
        assert_eq!(
            opened.body,
            r#"{"shop":"dairy","items":[{"id":2,"kind":"B"}]}"#
        );
        let mended = raw.replace("\"kind\":\"B\"", "\"kind\":\"B\",\"who\":\"bo\"");
        let again = validate(&request(&mended), Ok(&map()));
        assert!(matches!(&*again, [Validated::Event(event)] if &*event.message_id == "m-2"));
    }

    #[test]
    fn without_a_map_the_whole_delivery_is_kept() {
        let kept = envelope(&[], "{}", None);
        let validated = validate(&request(&kept), Err("there is none".to_owned()));
        assert!(
            matches!(&*validated, [Validated::Invalid { reason, raw, .. }]
            if reason.code == "no_map" && **raw == *kept)
        );
    }
}
