//! How the flow is: ready or not and why, and the figures behind that.

use crate::shared::Shared;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// How the flow is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Why it is not ready; empty when it is.
    pub reasons: Vec<String>,
    /// What somebody should look at although everything works.
    pub notices: Vec<String>,
    /// Requests on the ledger that are not folded yet.
    pub lag_requests: u64,
    /// Age of the last batch's oldest request when it was committed, in milliseconds.
    pub lag_ms: u64,
    /// The dedup window in force, in milliseconds: the configured one, or what the disk budget
    /// leaves of it.
    pub dedup_window_ms: i64,
}

impl Health {
    /// Whether it is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.reasons.is_empty()
    }
}

pub(crate) fn look(shared: &Shared) -> Health {
    let lag_requests = shared
        .feed
        .last()
        .saturating_sub(shared.stats.folded.load(Ordering::Relaxed));
    let troubles = shared
        .troubles
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let mut reasons: Vec<String> = troubles
        .iter()
        .map(|(part, what)| format!("{part}: {what}"))
        .collect();
    drop(troubles);
    if lag_requests > shared.settings.lag_ready_requests {
        reasons.push(format!("flow: {lag_requests} requests wait to be folded"));
    }
    Health {
        reasons,
        notices: notices(shared),
        lag_requests,
        lag_ms: shared.stats.lag_us.load(Ordering::Relaxed) / 1_000,
        dedup_window_ms: dedup_window_ms(shared),
    }
}

fn notices(shared: &Shared) -> Vec<String> {
    let mut notices = shared.notices.sentences();
    if shared.tools.places.is_none() {
        let configuration = shared.configuration();
        let in_force = configuration.transformations.iter();
        let without = in_force.filter(|(_, one)| one.enabled && one.needs_places());
        notices.extend(without.map(|(source, _)| {
            format!(
                "source {}: its step `geo` has no database of places",
                source.0
            )
        }));
    }
    notices
}

/// What left the runs because it was too old is outside the configured window anyway.
fn dedup_window_ms(shared: &Shared) -> i64 {
    let configured = shared.settings.dedup_window_ms;
    let forgotten = shared.files().forgotten;
    forgotten.map_or(configured, |moment| {
        shared.clock.now().since(moment).clamp(0, configured)
    })
}
