//! Validate: makes one event of every dialect, corrects the clock, and says what is no event.

use crate::flow::Item;
use rapport_core::event::dialect::{Maps, webhook};
use rapport_core::event::{Dialect, Event, Kind, Request, Validated, dialect};
use rapport_core::outcome::Reason;
use rapport_core::position::Position;

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
            } => Item::Invalid(Box::new(invalid(request, position, &reason, raw)), reason),
            Validated::Filtered {
                position,
                reason,
                raw,
            } => Item::Filtered(Box::new(invalid(request, position, &reason, raw)), reason),
        })
}

/// What history keeps of an item that is no event: where it came from, and the item itself as
/// properties.
fn invalid(request: &Request, position: Position, reason: &Reason, raw: Box<str>) -> Event {
    let empty: Box<str> = "{}".into();
    // Who sends it again must know that it is a delivery.
    let context = if request.origin.dialect == Dialect::Webhook {
        webhook::OF_A_DELIVERY.into()
    } else {
        empty.clone()
    };
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
        context,
        extra: empty,
    }
}
