//! What becomes of messages: delivered, tried again, given up, sent once more.

use super::Writer;
use crate::outbox::{self, Delivery, Message};
use crate::rows;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::state::{Table, number_key};
use std::sync::atomic::Ordering;

/// Notes how deliveries ended, in one transaction.
pub(super) async fn deliveries(writer: &mut Writer, results: Vec<(u64, Delivery)>) -> Result<()> {
    let keys: Vec<_> = results
        .iter()
        .map(|(number, _)| number_key(*number))
        .collect();
    let rows = writer.shared.roles.state.load(Table::Outbox, &keys).await?;
    let mut writes = Vec::new();
    for (row, (_, delivery)) in rows.into_iter().zip(results) {
        if let Some(row) = row {
            if !matches!(delivery, Delivery::Retry { .. }) {
                let waiting = &writer.shared.stats.outbox;
                waiting.fetch_sub(1, Ordering::Relaxed);
            }
            writes.extend(outbox::settle(rows::unpack(Table::Outbox, &row)?, delivery));
        }
    }
    writer.commit(writer.head.position, writes).await
}

/// Puts a dead letter back into the outbox; false where there is none with this number.
pub(super) async fn redrive(writer: &mut Writer, number: u64) -> Result<bool> {
    let key = number_key(number);
    let state = &writer.shared.roles.state;
    let Some(row) = state
        .load(Table::DeadLetter, std::slice::from_ref(&key))
        .await?
        .remove(0)
    else {
        return Ok(false);
    };
    let mut message: Message = rows::unpack(Table::DeadLetter, &row)?;
    message.number = writer.next_message;
    message.attempts = 0;
    message.next_at = Millis(0);
    writer.next_message += 1;
    writer.shared.stats.outbox.fetch_add(1, Ordering::Relaxed);
    let again = rows::put(Table::Outbox, number_key(message.number), &message);
    writer
        .commit(
            writer.head.position,
            vec![rows::remove(Table::DeadLetter, key), again],
        )
        .await?;
    writer.shared.announce_messages();
    Ok(true)
}
