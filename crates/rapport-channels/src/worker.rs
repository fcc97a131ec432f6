//! Takes messages out of the outbox, hands them to a channel, and records what came of it.
//!
//! One task holds the queue; attempts and records run beside it. A result is recorded before
//! the same person's next message goes, so a crash repeats messages (under the same idempotency
//! key) but never reorders them. The worker sleeps until something changes or is due.

use crate::channel::Channel;
use crate::circuit::{self, Circuit};
use crate::outbox::Outbox;
use crate::retry;
use desk::Desk;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

mod attempt;
mod desk;
mod jitter;
mod lane;
mod queue;

pub use lane::Limits;

#[cfg(test)]
mod tests;

/// How a worker works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How much is in memory and on its way, per destination.
    pub limits: Limits,
    /// When failed messages go again.
    pub retry: retry::Policy,
    /// When destinations rest.
    pub circuit: circuit::Policy,
    /// Messages read from the outbox at once.
    pub page: usize,
    /// Results recorded in one transaction, at most.
    pub batch: usize,
    /// Where the jitter starts; any number serves, a different one in each process is best.
    pub seed: u64,
}

/// The defaults of the parts, pages and batches of 500, and a seed of this process's own.
impl Default for Settings {
    fn default() -> Settings {
        Settings {
            limits: Limits::default(),
            retry: retry::Policy::default(),
            circuit: circuit::Policy::default(),
            page: 500,
            batch: 500,
            seed: jitter::seed(),
        }
    }
}

impl Settings {
    /// With at least one of everything: with none, nothing would ever move.
    fn sane(self) -> Settings {
        let Limits {
            in_flight,
            held,
            held_of_person,
        } = self.limits;
        let limits = Limits {
            in_flight: in_flight.max(1),
            held: held.max(1),
            held_of_person: held_of_person.max(1),
        };
        Settings {
            limits,
            page: self.page.max(1),
            batch: self.batch.max(1),
            ..self
        }
    }
}

/// How a destination is doing, for metrics and the console.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Its circuit.
    pub circuit: Circuit,
    /// Messages in memory.
    pub held: usize,
    /// Messages on their way.
    pub in_flight: usize,
    /// Messages delivered since the start.
    pub delivered: u64,
    /// Failed attempts that will be repeated, since the start.
    pub retried: u64,
    /// Messages that became dead letters since the start.
    pub dead: u64,
}

/// A running worker; dropping it stops it like [`Worker::stop`], only without waiting.
pub struct Worker {
    stop: watch::Sender<bool>,
    health: watch::Receiver<BTreeMap<String, Health>>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts delivering what is in `outbox` through `channel`.
    #[must_use]
    pub fn start(outbox: Arc<dyn Outbox>, channel: Arc<dyn Channel>, settings: Settings) -> Worker {
        let settings = settings.sane();
        let (stop, stopping) = watch::channel(false);
        let (report, health) = watch::channel(BTreeMap::new());
        let desk = Desk::new(outbox, channel, settings, report);
        let task = tokio::spawn(desk.run(stopping));
        Worker { stop, health, task }
    }

    /// How each destination is doing, by its key.
    #[must_use]
    pub fn health(&self) -> BTreeMap<String, Health> {
        self.health.borrow().clone()
    }

    /// Starts nothing more, waits for what is on its way, records it, and returns.
    pub async fn stop(self) {
        // An error here would mean that the task is gone already; the next line says why.
        let _ = self.stop.send(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the worker broke");
        }
    }
}
