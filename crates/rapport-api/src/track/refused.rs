//! Why the door refuses a request; each dialect answers it in its own shape.

use rapport_core::event::dialect::segment::BATCH_EVENTS_MAX;
use rapport_core::outcome::Reason;

/// A request that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// The body is no JSON object.
    #[error("the body is no JSON object: {0}")]
    InvalidJson(String),
    /// Arrays and objects inside each other without end.
    #[error("the body nests more than {0} levels deep")]
    TooDeep(usize),
    /// `batch` is missing or no array.
    #[error("a batch is an object with an array of events in `batch`")]
    InvalidBatch,
    /// It is packed in a way that is broken or not known.
    #[error("the body cannot be unpacked: {0}")]
    Packed(String),
    /// It starts like gzip and is none.
    #[error("the body cannot be decompressed: {0}")]
    InvalidGzip(String),
    /// A single event over its limit.
    #[error("an event may have {0} bytes")]
    EventTooLarge(usize),
    /// A body over its limit, decompressed.
    #[error("a body may have {0} bytes, decompressed")]
    BodyTooLarge(usize),
    /// More events than a batch may have.
    #[error("a batch may have {BATCH_EVENTS_MAX} events, this one has {0}")]
    TooManyEvents(usize),
    /// A batch of none.
    #[error("the batch has no events")]
    EmptyBatch,
    /// A strict source sent what is no event.
    #[error("event {index}: {}", .reason.message)]
    Invalid {
        /// Its place in the request.
        index: u32,
        /// Why it is none.
        reason: Reason,
    },
    /// No key, or none that is known.
    #[error("the write key is missing or unknown")]
    UnknownKey,
    /// The client stopped sending.
    #[error("the body did not arrive")]
    Unfinished,
    /// A decision call that makes no sense.
    #[error("{0}")]
    InvalidCall(String),
    /// The flow cannot take more now.
    #[error("try again in {retry_after_s} s")]
    Busy {
        /// When to try again.
        retry_after_s: u32,
    },
}

impl Refused {
    /// Its stable word, which is what it is counted under.
    pub(crate) fn code(&self) -> &str {
        match self {
            Refused::InvalidJson(_) => "invalid_json",
            Refused::TooDeep(_) => "too_deep",
            Refused::InvalidBatch => "invalid_batch",
            Refused::InvalidGzip(_) => "invalid_gzip",
            Refused::Packed(_) => "invalid_packing",
            Refused::EventTooLarge(_) => "event_too_large",
            Refused::BodyTooLarge(_) => "body_too_large",
            Refused::Invalid { reason, .. } => &reason.code,
            Refused::TooManyEvents(_) => "too_many_events",
            Refused::EmptyBatch => "empty_batch",
            Refused::UnknownKey => "unknown_key",
            Refused::Unfinished => "unfinished",
            Refused::InvalidCall(_) => "invalid_call",
            Refused::Busy { .. } => "busy",
        }
    }
}
