//! Who is put on lists and taken off them. Rapport itself writes these, about people it has looked
//! up; no door takes them.

use crate::event::{Event, Kind, Request, Validated};
use crate::identity::{IdKind, Identifier};
use crate::outcome::Reason;
use crate::position::Position;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One person put on a list or taken off it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The list, as its rule names it.
    pub list: Box<str>,
    /// Whether they are on it from now on.
    pub on: bool,
    /// The kind of one of their identifiers,
    pub kind: Box<str>,
    /// and its value.
    pub value: Box<str>,
    /// Twice with one id is once.
    pub id: Box<str>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    batch: Vec<&'a RawValue>,
}

/// A batch of items.
#[must_use]
pub fn batch(items: &[Item]) -> Vec<u8> {
    let body = serde_json::json!({ "batch": items });
    body.to_string().into_bytes()
}

/// Makes events of a batch.
#[must_use]
pub fn validate(request: &Request) -> Vec<Validated> {
    let invalid = |index: u32, raw: &str| Validated::Invalid {
        position: Position::event(request.number, index),
        reason: Reason::new("invalid_item", "this is no item of a list"),
        raw: raw.into(),
    };
    let Ok(body) = serde_json::from_slice::<Body<'_>>(&request.body) else {
        return vec![invalid(0, &String::from_utf8_lossy(&request.body))];
    };
    let items = body.batch.into_iter().zip(0..);
    items
        .map(|(raw, index)| match serde_json::from_str(raw.get()) {
            Ok(item) => Validated::Event(Box::new(event(request, index, item))),
            Err(_) => invalid(index, raw.get()),
        })
        .collect()
}

fn event(request: &Request, index: u32, item: Item) -> Event {
    let kind = IdKind::from_word(&item.kind).unwrap_or_else(|| IdKind::Custom(item.kind.clone()));
    Event {
        position: Position::event(request.number, index),
        received: request.received,
        original: None,
        sent: None,
        at: request.received,
        source: request.origin.source,
        key_kind: request.origin.key_kind,
        kind: Kind::List,
        name: item.list,
        message_id: item.id,
        identifiers: vec![Identifier::new(kind, &*item.value)],
        previous: None,
        group: None,
        traits: "{}".into(),
        properties: format!("{{\"on\":{}}}", item.on).into(),
        context: "{}".into(),
        extra: "{}".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Call, Dialect, KeyKind, Origin, SourceNo};
    use crate::time::Millis;

    fn validated(body: &[u8]) -> Vec<Validated> {
        validate(&Request {
            number: 7,
            received: Millis(1_700_000_000_000),
            origin: Origin {
                source: SourceNo(0),
                key_kind: KeyKind::Browser,
                dialect: Dialect::List,
                call: Call::Batch,
                ip: None,
                user_agent: None,
            },
            body: body.to_vec(),
        })
    }

    #[test]
    fn an_item_is_an_event_about_its_person() {
        let item = Item {
            list: "vip".into(),
            on: true,
            kind: "email".into(),
            value: "ada@example.org".into(),
            id: "1".into(),
        };
        let made = validated(&batch(&[item.clone(), Item { on: false, ..item }]));
        let [Validated::Event(on), Validated::Event(off)] = made.as_slice() else {
            panic!("{made:?}");
        };
        assert_eq!((on.kind, &*on.name), (Kind::List, "vip"));
        assert_eq!(on.identifiers[0].to_string(), "email:ada@example.org");
        assert_eq!(
            (&*on.properties, &*off.properties),
            ("{\"on\":true}", "{\"on\":false}")
        );
        assert_eq!(off.position, Position::event(7, 1));
    }

    #[test]
    fn what_is_no_item_is_said_to_be_none() {
        for body in ["", "{}", "[]", "{\"batch\":[{}]}", "{\"batch\":[7]}"] {
            let made = validated(body.as_bytes());
            assert!(
                matches!(made.as_slice(), [Validated::Invalid { .. }]),
                "{body}: {made:?}"
            );
        }
    }
}
