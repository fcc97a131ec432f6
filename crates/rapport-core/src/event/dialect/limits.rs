//! How much each dialect may send at once.

use super::segment::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_BYTES_MAX};
use super::webhook;
use crate::event::Dialect;

/// Largest event of the dialects that send more than Segment's: what their own servers can pass on.
const LARGE_EVENT_BYTES_MAX: usize = 1024 * 1024;

/// What one request of a dialect may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one event's JSON text.
    pub event_bytes: usize,
    /// Bytes of a body, decompressed.
    pub body_bytes: usize,
    /// Events of a batch.
    pub events: usize,
}

impl Limits {
    /// The limits of a dialect. A batch has the same number of events in each of them: it bounds
    /// how long one request holds the writer.
    #[must_use]
    pub const fn of(dialect: Dialect) -> Limits {
        let (event_bytes, body_bytes) = match dialect {
            Dialect::Segment | Dialect::Import | Dialect::List | Dialect::Hubspot => {
                (EVENT_BYTES_MAX, BATCH_BYTES_MAX)
            }
            Dialect::Rudder => (LARGE_EVENT_BYTES_MAX, 4_000 * 1024),
            Dialect::Jitsu => (LARGE_EVENT_BYTES_MAX, 4_096 * 1024),
            Dialect::Posthog => (LARGE_EVENT_BYTES_MAX, 20 * 1024 * 1024),
            Dialect::Webhook => (webhook::BODY_BYTES_MAX, webhook::BODY_BYTES_MAX),
        };
        Limits {
            event_bytes,
            body_bytes,
            events: BATCH_EVENTS_MAX,
        }
    }
}
