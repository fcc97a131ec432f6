//! The outbox: messages that wait to leave, in the order they were decided.

use crate::rows;
use rapport_core::identity::ProfileNo;
use rapport_core::time::Millis;
use rapport_store::state::{Table, Write, number_key};
use serde::{Deserialize, Serialize};

/// A message that waits to leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its number: the order in which it was decided.
    pub number: u64,
    /// Key of the destination.
    pub destination: String,
    /// Whom it is about; order is kept per person.
    pub person: ProfileNo,
    /// Idempotency key: the same in every fold of the same entries.
    pub key: String,
    /// The JSON text exactly as it will be sent and signed.
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
    /// It arrived.
    Delivered,
    /// Try again, not before `at`.
    Retry {
        /// When to try again.
        at: Millis,
        /// What went wrong.
        error: String,
    },
    /// It will never arrive.
    Dead {
        /// Why not.
        error: String,
    },
}

/// The writes that settle a delivery.
#[must_use]
pub fn settle(mut message: Message, delivery: Delivery) -> Vec<Write> {
    let key = number_key(message.number);
    message.attempts += 1;
    match delivery {
        Delivery::Delivered => vec![rows::remove(Table::Outbox, key)],
        Delivery::Retry { at, error } => {
            message.next_at = at;
            message.last_error = error;
            vec![rows::put(Table::Outbox, key, &message)]
        }
        Delivery::Dead { error } => {
            message.last_error = error;
            let dead = rows::put(Table::DeadLetter, key.clone(), &message);
            vec![rows::remove(Table::Outbox, key), dead]
        }
    }
}
