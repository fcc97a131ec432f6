//! Rejected events: kept for inspection and re-drive.

use crate::flow::Ended;
use rapport_core::event::dialect::{segment, webhook};
use rapport_core::event::{Dialect, KeyKind, SourceNo};
use rapport_core::outcome::Outcome;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use serde::{Deserialize, Serialize};

/// An event that ended otherwise than accepted or as a duplicate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Its place on the ledger.
    pub position: Position,
    /// When it was received.
    pub received: Millis,
    /// Where it came from.
    pub source: SourceNo,
    /// With what kind of key.
    pub key_kind: KeyKind,
    /// How it ended.
    pub outcome: Outcome,
    /// The item: as received where it is no event, else the event as an item of a batch.
    pub raw: String,
    /// The wire format of `raw`.
    pub dialect: Dialect,
}

impl Rejected {
    /// What is kept of an item.
    #[must_use]
    pub fn of(ended: &Ended) -> Rejected {
        let event = &ended.event;
        // Only what never was an event has no id.
        let is_event = !event.message_id.is_empty();
        let raw = match ended.outcome {
            Outcome::Invalid(_) => event.properties.to_string(),
            Outcome::Filtered(_) if !is_event => event.properties.to_string(),
            _ => segment::print(event),
        };
        let is_delivery = !is_event && &*event.context == webhook::OF_A_DELIVERY;
        Rejected {
            position: event.position,
            received: event.received,
            source: event.source,
            key_kind: event.key_kind,
            outcome: ended.outcome.clone(),
            raw,
            dialect: if is_delivery {
                Dialect::Webhook
            } else {
                Dialect::Segment
            },
        }
    }
}
