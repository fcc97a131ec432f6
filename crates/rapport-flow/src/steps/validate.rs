//! Validate: makes one event of every dialect, corrects the clock, and says what is no event.

use crate::flow::Item;
use rapport_core::event::{Dialect, Event, Kind, Request, Validated, dialect};
use rapport_core::outcome::Reason;
use rapport_core::position::Position;
use rapport_core::profile::reserved;

/// Turns requests into items, in order.
#[must_use]
pub fn step(requests: &[Request]) -> Vec<Item> {
    requests.iter().flat_map(items).collect()
}

/// The items of one request, in order: the same for the same bytes, whenever it is asked.
pub fn items(request: &Request) -> impl Iterator<Item = Item> + '_ {
    dialect::validate(request)
        .into_iter()
        .map(move |validated| match validated {
            Validated::Event(event) => Item::Event(event),
            Validated::Invalid {
                position,
                reason,
                raw,
            } => Item::Invalid(Box::new(invalid(request, position, &reason, raw)), reason),
        })
}

/// What history keeps of an item that is no event: where it came from and in which dialect, and
/// the item itself as properties.
fn invalid(request: &Request, position: Position, reason: &Reason, raw: Box<str>) -> Event {
    let empty: Box<str> = "{}".into();
    Event {
        position,
        received: request.received,
        original: None,
        sent: None,
        at: request.received,
        source: request.origin.source,
        key_kind: request.origin.key_kind,
        kind: Kind::Track,
        name: reason.code.as_str().into(),
        message_id: "".into(),
        identifiers: Vec::new(),
        previous: None,
        group: None,
        traits: empty.clone(),
        properties: raw,
        context: empty,
        extra: match request.origin.dialect {
            Dialect::Segment => "{}".into(),
            other => format!("{{\"dialect\":\"{}\"}}", other.word()).into(),
        },
    }
}

/// The dialect of an item that is no event.
pub fn dialect_of(invalid: &Event) -> Dialect {
    let word = reserved::member(&invalid.extra, "dialect").map(|raw| raw.trim_matches('"'));
    word.and_then(Dialect::from_word)
        .unwrap_or(Dialect::Segment)
}
