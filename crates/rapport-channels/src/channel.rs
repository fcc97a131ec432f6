//! A way out of the process, and what it says of one attempt.

use crate::outbox::Message;
use async_trait::async_trait;
use rapport_core::entry::Destination;
use rapport_core::time::Millis;
use std::sync::Arc;

/// A way out of the process.
#[async_trait]
pub trait Channel: Send + Sync + 'static {
    /// Tries once to hand `messages` to `destination`, all or none: one, or several where its shape
    /// takes several at once. Takes a bounded time and never panics on what the other side says.
    async fn deliver(
        &self,
        destination: &Destination,
        messages: &[Arc<Message>],
        now: Millis,
    ) -> Verdict;
}

/// What one attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The destination has taken the message.
    Delivered,
    /// The destination is in trouble, or could not be reached: the message goes again.
    Failed {
        /// What went wrong, for people; no secrets.
        error: String,
    },
    /// The destination asked for a rest: nothing goes to it for a while.
    Busy {
        /// What it said, for people.
        error: String,
        /// How long it asked for, in milliseconds; `None` where it did not say.
        after_ms: Option<i64>,
    },
    /// The message will never be taken as it is: it becomes a dead letter at once.
    Refused {
        /// Why, for people.
        error: String,
    },
}
