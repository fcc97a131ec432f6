//! One attempt to deliver a message, and what its verdict means.

use super::Settings;
use super::lane::Lane;
use crate::channel::{Channel, Verdict};
use crate::circuit::Evidence;
use crate::outbox::{Delivery, Message};
use crate::retry::{self, Failure, Next};
use rapport_core::entry::Destination;
use rapport_core::time::Millis;
use std::sync::Arc;

/// A message that has been tried.
pub(super) struct Landed {
    pub(super) message: Arc<Message>,
    pub(super) verdict: Verdict,
}

/// One attempt, which cannot fail otherwise than by a verdict.
pub(super) async fn make(
    channel: Arc<dyn Channel>,
    to: Destination,
    message: Arc<Message>,
    now: Millis,
) -> Landed {
    let sent = Arc::clone(&message);
    let attempt = tokio::spawn(async move { channel.deliver(&to, &sent, now).await });
    let verdict = attempt.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a channel panicked");
        Verdict::Failed {
            error: "the channel broke".to_owned(),
        }
    });
    Landed { message, verdict }
}

/// What a verdict means: for the message, and for its destination's circuit.
pub(super) fn judge(
    settings: &Settings,
    lane: &mut Lane,
    message: &Message,
    verdict: Verdict,
    now: Millis,
    random: u64,
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
        Verdict::Delivered => {
            lane.circuit = lane.circuit.answered();
            return Delivery::Delivered;
        }
        Verdict::Refused { error } => {
            lane.circuit = lane.circuit.answered();
            return Delivery::Dead { error };
        }
        Verdict::Failed { error } => {
            let evidence = match message.attempts {
                0 => Evidence::Fresh,
                _ => Evidence::Repeated,
            };
            lane.circuit = lane.circuit.failed(&settings.circuit, now, evidence);
            (next(None), error)
        }
        Verdict::Busy { error, after_ms } => {
            let rest_ms = after_ms.unwrap_or(settings.circuit.rest_ms);
            let rest_ms = rest_ms.clamp(0, settings.retry.asked_cap_ms);
            lane.circuit = lane.circuit.asked_to_rest(now, rest_ms);
            (next(after_ms), error)
        }
    };
    match next {
        Next::Again { after_ms } => Delivery::Retry {
            at: now.plus(after_ms),
            error,
        },
        Next::GiveUp => Delivery::Dead {
            error: format!("given up: {error}"),
        },
    }
}
