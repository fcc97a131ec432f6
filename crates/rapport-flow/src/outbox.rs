//! The outbox: messages that wait to leave, in the order they were decided.

use crate::rows;
use rapport_store::state::{Table, Write, number_key};

pub use rapport_core::outbox::{Delivery, Message};

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
