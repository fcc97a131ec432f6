//! The outbox: messages that wait to leave, and what becomes of them. Whoever keeps it and whoever
//! delivers from it mean the same by both.

use crate::crm::{RecordNo, TypeId};
use crate::identity::ProfileNo;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A message that waits to leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its number: the order in which it was decided.
    pub number: u64,
    /// Key of the destination.
    pub destination: String,
    /// Whom or what it is about; order is kept per destination and that.
    pub about: About,
    /// Idempotency key: the same in every fold of the same entries, and however often it is sent.
    pub key: String,
    /// The JSON text exactly as it is sent and signed.
    pub body: String,
    /// How many events that is, where it is a list of some.
    pub events: u32,
    /// How often it was tried.
    pub attempts: u32,
    /// Not to be tried before this moment.
    pub next_at: Millis,
    /// When it was decided.
    pub created: Millis,
    /// What the last try said; empty before the first.
    pub last_error: String,
}

/// Whom or what a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum About {
    /// A person.
    Person(ProfileNo),
    /// A record.
    Record(TypeId, RecordNo),
}

impl About {
    /// Before everything else.
    pub const FIRST: About = About::Person(ProfileNo(0));
    /// Behind everything else.
    pub const LAST: About = About::Record(TypeId(u32::MAX), RecordNo(u64::MAX));
}

/// `prf_7`, or `0-3/7`.
impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            About::Person(person) => write!(f, "{person}"),
            About::Record(object, record) => write!(f, "{object}/{record}"),
        }
    }
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
