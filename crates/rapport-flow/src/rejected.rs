//! Rejected events: kept for inspection and re-drive, with what the door knew of their request.

use crate::flow::Ended;
use crate::steps::validate;
use rapport_core::event::dialect::readable::readable;
use rapport_core::event::dialect::segment;
use rapport_core::event::{Call, Dialect, KeyKind, Origin, Request, SourceNo};
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
    /// The wire format that `raw` is in.
    pub dialect: Dialect,
    /// The call that `raw` was read as.
    pub call: Call,
    /// Whether `raw` is the whole body of its request, not one item of a batch.
    pub is_body: bool,
    /// The sender's address, where the door kept it.
    pub ip: Option<String>,
    /// The sender's `User-Agent`, where the door kept it.
    pub user_agent: Option<String>,
}

impl Rejected {
    /// What is kept of an item of `request`; `None` where the request itself is gone, as in a
    /// replay from history.
    #[must_use]
    pub fn of(ended: &Ended, request: Option<&Request>) -> Rejected {
        let event = &ended.event;
        let origin = request.map(|request| &request.origin);
        let sent =
            |of: fn(&Origin) -> &Option<String>| origin.and_then(|origin| of(origin).clone());
        let mut kept = Rejected {
            position: event.position,
            received: event.received,
            source: event.source,
            key_kind: event.key_kind,
            outcome: ended.outcome.clone(),
            raw: String::new(),
            dialect: Dialect::Segment,
            call: Call::Batch,
            is_body: false,
            ip: sent(|origin| &origin.ip),
            user_agent: sent(|origin| &origin.user_agent),
        };
        // Only what never was an event has no id.
        let is_event = !event.message_id.is_empty();
        if is_event && !matches!(ended.outcome, Outcome::Invalid(_)) {
            kept.raw = segment::print(event);
            return kept;
        }
        kept.raw = event.properties.to_string();
        kept.dialect = validate::dialect_of(event);
        if kept.dialect == Dialect::Webhook {
            return kept;
        }
        if let Some(request) = request {
            kept.call = request.origin.call;
            kept.is_body = match kept.call {
                Call::One(_) => true,
                // An item is shorter than the body around it.
                Call::Batch => {
                    event.position.index == 0 && readable(&request.body).as_ref() == kept.raw
                }
            };
        }
        kept
    }
}
