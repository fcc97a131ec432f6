//! What events say of records: companies that group calls describe, orders that are completed.

use crate::event::{Event, Kind, RawJson, SourceNo};
use crate::identity::ProfileNo;
use crate::position::Position;
use crate::time::Millis;

/// The event that says somebody bought something.
pub const ORDER_COMPLETED: &str = "Order Completed";

/// What one event says of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Whose event it is, if it is somebody's.
    pub person: Option<ProfileNo>,
    /// The event.
    pub position: Position,
    /// When it was received.
    pub received: Millis,
    /// When it happened.
    pub at: Millis,
    /// Where it came from.
    pub source: SourceNo,
    /// Of what.
    pub of: Of,
}

/// What an event speaks of.
#[derive(Clone, Debug, PartialEq)]
pub enum Of {
    /// A company, by its group id.
    Company {
        /// The id.
        id: Box<str>,
        /// The attributes that are others now, with their raw JSON values; `None` for a cleared
        /// one.
        changed: Vec<(Box<str>, Option<Box<str>>)>,
        /// Whether the person belongs to it since this event.
        joined: bool,
    },
    /// An order.
    Order {
        /// The event's message id, for an order that has no id of its own.
        message_id: Box<str>,
        /// What the event says of it.
        properties: RawJson,
    },
}

impl Told {
    /// That an event speaks of something.
    #[must_use]
    pub fn new(event: &Event, person: Option<ProfileNo>, of: Of) -> Told {
        Told {
            person,
            position: event.position,
            received: event.received,
            at: event.at,
            source: event.source,
            of,
        }
    }
}

/// The order an event completes.
#[must_use]
pub fn order(event: &Event, person: ProfileNo) -> Option<Told> {
    let is_order = event.kind == Kind::Track && &*event.name == ORDER_COMPLETED;
    is_order.then(|| {
        let of = Of::Order {
            message_id: event.message_id.clone(),
            properties: event.properties.clone(),
        };
        Told::new(event, Some(person), of)
    })
}
