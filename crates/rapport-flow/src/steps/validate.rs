//! Validate: makes one event of every dialect, corrects the clock, and says what is no event.

use crate::flow::Item;
use rapport_core::event::dialect::{self, Maps, segment};
use rapport_core::event::{Call, Dialect, Event, Kind, Origin, Request, Validated};
use rapport_core::outcome::Reason;
use rapport_core::position::Position;
use rapport_core::profile::reserved;
use rapport_core::time::Millis;

/// Turns requests into items, in order, with the maps in force.
#[must_use]
pub fn step(requests: &[Request], maps: &dyn Maps) -> Vec<Item> {
    let all = requests.iter().flat_map(|request| items(request, maps));
    all.collect()
}

/// The items of one request, in order: the same for the same bytes, whenever it is asked, but
/// where its dialect is configured.
pub fn items<'a>(request: &'a Request, maps: &dyn Maps) -> impl Iterator<Item = Item> + use<'a> {
    dialect::validate(request, maps)
        .into_iter()
        .map(move |validated| match validated {
            Validated::Event(event) => Item::Event(event),
            Validated::Invalid {
                position,
                reason,
                raw,
            } => {
                let event = unread(request.received, &request.origin, position, &reason, raw);
                Item::Invalid(Box::new(event), reason)
            }
            Validated::Filtered {
                position,
                reason,
                raw,
            } => {
                let event = unread(request.received, &request.origin, position, &reason, raw);
                Item::Filtered(Box::new(event), reason)
            }
        })
}

/// What history keeps of an item that is no event: where it came from and in which dialect, and
/// the item itself as properties.
fn unread(
    received: Millis,
    origin: &Origin,
    position: Position,
    reason: &Reason,
    raw: Box<str>,
) -> Event {
    let empty: Box<str> = "{}".into();
    Event {
        position,
        received,
        original: None,
        sent: None,
        at: received,
        source: origin.source,
        key_kind: origin.key_kind,
        kind: Kind::Track,
        name: reason.code.as_str().into(),
        message_id: "".into(),
        identifiers: Vec::new(),
        previous: None,
        group: None,
        traits: empty.clone(),
        properties: raw,
        context: empty,
        extra: match origin.dialect {
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

/// What history keeps of an event that its transformations could not be applied to: the event as
/// it came, to be sent again once they are mended.
#[must_use]
pub fn failed(event: &Event, reason: &Reason) -> Event {
    let origin = Origin {
        source: event.source,
        key_kind: event.key_kind,
        dialect: Dialect::Segment,
        call: Call::Batch,
        ip: None,
        user_agent: None,
    };
    let raw = segment::print(event).into();
    unread(event.received, &origin, event.position, reason, raw)
}
