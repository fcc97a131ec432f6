//! One attempt to deliver a message, or several that go together, and what its verdict means.

use super::Settings;
use super::lane::Lane;
use crate::channel::{Channel, Verdict};
use crate::circuit::Evidence;
use crate::outbox::{Delivery, Message};
use crate::retry::{self, Failure, Next};
use rapport_core::crm::subscription::message::EVENTS_MAX;
use rapport_core::entry::{Destination, Shape};
use rapport_core::time::Millis;
use std::sync::Arc;

/// Messages that have been tried.
pub(super) struct Landed {
    pub(super) messages: Vec<Arc<Message>>,
    pub(super) verdict: Verdict,
}

/// A message that starts, and those that go with it where its destination takes several at once.
/// One that failed before goes alone: what is wrong with it is no matter of others.
pub(super) fn together(
    lane: &mut Lane,
    to: &Destination,
    first: Arc<Message>,
    now: Millis,
) -> Vec<Arc<Message>> {
    let most = u32::try_from(EVENTS_MAX).unwrap_or(u32::MAX);
    let mut room = match (to.shape, first.attempts) {
        (Shape::HubSpot, 0) => most.saturating_sub(first.events),
        _ => 0,
    };
    let mut messages = vec![first];
    while room > 0
        && let Some(next) = lane.join(now, room)
    {
        room = room.saturating_sub(next.events.max(1));
        messages.push(next);
    }
    messages
}

/// One attempt, which cannot fail otherwise than by a verdict.
pub(super) async fn make(
    channel: Arc<dyn Channel>,
    to: Destination,
    messages: Vec<Arc<Message>>,
    now: Millis,
) -> Landed {
    let sent = messages.clone();
    let attempt = tokio::spawn(async move { channel.deliver(&to, &sent, now).await });
    let verdict = attempt.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a channel panicked");
        Verdict::Failed {
            error: "the channel broke".to_owned(),
        }
    });
    Landed { messages, verdict }
}

/// What a verdict means for the destination's circuit.
pub(super) fn note(
    settings: &Settings,
    lane: &mut Lane,
    first: &Message,
    verdict: &Verdict,
    now: Millis,
) {
    lane.circuit = match verdict {
        Verdict::Delivered | Verdict::Refused { .. } => lane.circuit.answered(),
        Verdict::Failed { .. } => {
            let evidence = match first.attempts {
                0 => Evidence::Fresh,
                _ => Evidence::Repeated,
            };
            lane.circuit.failed(&settings.circuit, now, evidence)
        }
        Verdict::Busy { after_ms, .. } => {
            let rest_ms = after_ms.unwrap_or(settings.circuit.rest_ms);
            let rest_ms = rest_ms.clamp(0, settings.retry.asked_cap_ms);
            lane.circuit.asked_to_rest(now, rest_ms)
        }
    };
}

/// What a verdict means for a message. What was refused together is tried again one by one: only
/// what is refused alone is refused.
pub(super) fn judge(
    settings: &Settings,
    message: &Message,
    verdict: &Verdict,
    now: Millis,
    random: u64,
    is_alone: bool,
) -> Delivery {
    let next = |asked_ms| {
        let attempts = message.attempts.saturating_add(1);
        let failure = Failure {
            attempts,
            age_ms: now.since(message.created),
            asked_ms,
        };
        retry::after(&settings.retry, failure, random)
    };
    let (next, error) = match verdict {
        Verdict::Delivered => return Delivery::Delivered,
        Verdict::Refused { error } if is_alone => {
            return Delivery::Dead {
                error: error.clone(),
            };
        }
        Verdict::Refused { error } | Verdict::Failed { error } => (next(None), error),
        Verdict::Busy { error, after_ms } => (next(*after_ms), error),
    };
    match next {
        Next::Again { after_ms } => Delivery::Retry {
            at: now.plus(after_ms),
            error: error.clone(),
        },
        Next::GiveUp => Delivery::Dead {
            error: format!("given up: {error}"),
        },
    }
}
