//! The outbox: messages that wait to leave, and what becomes of them. Whoever keeps it and whoever
//! delivers from it mean the same by both.

use crate::identity::ProfileNo;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// A message that waits to leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its number: the order in which it was decided.
    pub number: u64,
    /// Key of the destination.
    pub destination: String,
    /// Whom it is about; order is kept per destination and person.
    pub person: ProfileNo,
    /// Idempotency key: the same in every fold of the same entries, and however often it is sent.
    pub key: String,
    /// The JSON text exactly as it is sent and signed.
    pub body: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Not to be tried before this moment.
    pub next_at: Millis,
    /// When it was decided.
    pub created: Millis,
    /// What the last try said; empty before the first.
    pub last_error: String,
}

/// How one try to deliver a message ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The destination has it: the message leaves the outbox.
    Delivered,
    /// It stays, with one attempt more, and goes again.
    Retry {
        /// Not before this moment.
        at: Millis,
        /// What went wrong, for people.
        error: String,
    },
    /// It becomes a dead letter.
    Dead {
        /// What went wrong, for people.
        error: String,
    },
}
