//! Commands that are about everybody, and wait until everybody has been looked at who is due: at
//! midnight that takes a while, in which events and other commands go on.

use super::Writer;
use super::run::Order;
use crate::commands;
use rapport_core::time::Millis;
use rapport_store::{Error, Result};
use std::collections::VecDeque;

/// Commands in the order they came, each with the moment up to which it waits for timers.
#[derive(Default)]
pub(super) struct Waiting {
    orders: VecDeque<(Order, Millis)>,
}

impl Waiting {
    /// Whether no command waits.
    pub(super) fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// Gives back an order that can be obeyed now; another one waits. Nothing is under way.
    pub(super) async fn admit(&mut self, writer: &Writer, order: Order) -> Option<Order> {
        let can_wait = match &order {
            Order::Command { command, .. } => commands::is_about_everybody(command),
            _ => false,
        };
        let now = commands::now(writer);
        // Where that cannot be read, obeying the order says why.
        let many = can_wait && writer.are_many_due(now).await.unwrap_or(false);
        if many || (can_wait && !self.is_empty()) {
            self.orders.push_back((order, now));
            return None;
        }
        Some(order)
    }

    /// Fires some of the timers that the first command waits for, and gives it back where none are
    /// left and no fold is owed. What has come due meanwhile is fired when it is applied: a command
    /// does not wait for ever where timers never end.
    pub(super) async fn next(&mut self, writer: &mut Writer) -> Result<Option<Order>> {
        let Some((_, until)) = self.orders.front() else {
            return Ok(None);
        };
        // Timers are found, and the command stands, on what is on disk.
        writer.settle().await?;
        if writer.owes() {
            return Ok(None);
        }
        writer.received = writer.received.max(*until);
        writer.make_room();
        match writer.fire_some(*until).await? {
            true => Ok(None),
            false => Ok(self.orders.pop_front().map(|(order, _)| order)),
        }
    }

    /// Refuses all of them: what they would stand on failed.
    pub(super) fn refuse(&mut self, why: &Error) {
        for (order, _) in self.orders.drain(..) {
            order.refuse(why);
        }
    }
}
