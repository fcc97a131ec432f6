//! Rejected events: kept for inspection and re-drive.

use crate::flow::Ended;
use crate::steps::validate;
use rapport_core::event::dialect::segment;
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
    /// The dialect of `raw`.
    pub dialect: Dialect,
    /// The item: as received where it is no event, else the event as an item of a batch.
    pub raw: String,
}

impl Rejected {
    /// What is kept of an item.
    #[must_use]
    pub fn of(ended: &Ended) -> Rejected {
        let event = &ended.event;
        let (dialect, raw) = match ended.outcome {
            Outcome::Invalid(_) => (validate::dialect_of(event), event.properties.to_string()),
            _ => (Dialect::Segment, segment::print(event)),
        };
        Rejected {
            position: event.position,
            received: event.received,
            source: event.source,
            key_kind: event.key_kind,
            outcome: ended.outcome.clone(),
            dialect,
            raw,
        }
    }
}
