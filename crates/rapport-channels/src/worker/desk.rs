//! The worker's one task: what it holds, what it waits for, and what it does then.

use super::attempt::{self, Landed};
use super::jitter::Jitter;
use super::queue::{Page, Queue};
use super::{Health, Settings};
use crate::channel::{Channel, Verdict};
use crate::circuit::Circuit;
use crate::outbox::{Delivery, Error, Message, Outbox};
use rapport_core::entry::Destination;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

/// How long the worker waits where the outbox cannot be read or written.
const UNAVAILABLE: Duration = Duration::from_secs(1);
/// How often results are offered in vain before a worker that is to stop does so.
const PATIENCE: u32 = 3;
/// The longest sleep: the wall clock may have been set meanwhile.
const LONGEST_SLEEP_MS: i64 = 30_000;

/// A result on its way into the outbox.
struct Outcome {
    message: Arc<Message>,
    delivery: Delivery,
}

type Recorded = Result<Result<(), Error>, JoinError>;

/// Everything the worker's task holds.
pub(super) struct Desk {
    outbox: Arc<dyn Outbox>,
    channel: Arc<dyn Channel>,
    settings: Settings,
    jitter: Jitter,
    queue: Queue,
    destinations: BTreeMap<String, Destination>,
    /// The outbox may hold messages that were not seen, or destinations have changed.
    unseen: bool,
    stale: bool,
    attempts: JoinSet<Landed>,
    results: Vec<Outcome>,
    /// The batch that is being recorded, and the task that does it: one at a time.
    batch: Vec<Outcome>,
    recording: JoinSet<Result<(), Error>>,
    /// Not to be asked before this moment: it was not available.
    load_at: Instant,
    record_at: Instant,
    /// Times in a row that results could not be recorded.
    unrecorded: u32,
    counts: BTreeMap<String, Health>,
    report: watch::Sender<BTreeMap<String, Health>>,
}

impl Desk {
    pub(super) fn new(
        outbox: Arc<dyn Outbox>,
        channel: Arc<dyn Channel>,
        settings: Settings,
        report: watch::Sender<BTreeMap<String, Health>>,
    ) -> Desk {
        let now = Instant::now();
        Desk {
            outbox,
            channel,
            jitter: Jitter::new(settings.seed),
            settings,
            queue: Queue::new(),
            destinations: BTreeMap::new(),
            unseen: true,
            stale: true,
            attempts: JoinSet::new(),
            results: Vec::new(),
            batch: Vec::new(),
            recording: JoinSet::new(),
            load_at: now,
            record_at: now,
            unrecorded: 0,
            counts: BTreeMap::new(),
            report,
        }
    }

    pub(super) async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut bell = self.outbox.changed();
        let (mut bell_hangs, mut stopped) = (true, false);
        loop {
            self.collect();
            self.record();
            if !stopped {
                self.start_due();
            }
            self.tell();
            if stopped && (self.is_idle() || self.is_hopeless()) {
                return;
            }
            if !stopped && self.load_page().await {
                continue;
            }
            let wake_at = self.wake_at(stopped);
            tokio::select! {
                rung = bell.changed(), if bell_hangs => {
                    bell_hangs = rung.is_ok();
                    self.unseen = true;
                    self.stale = true;
                }
                // A dropped handle stops the worker like a call of `stop`.
                _ = stopping.changed(), if !stopped => stopped = true,
                Some(landed) = self.attempts.join_next() => self.land(landed),
                Some(recorded) = self.recording.join_next() => self.recorded(recorded),
                () = tokio::time::sleep_until(wake_at.unwrap_or_else(Instant::now)),
                    if wake_at.is_some() => {}
            }
        }
    }

    /// Takes what has ended meanwhile, without waiting.
    fn collect(&mut self) {
        while let Some(landed) = self.attempts.try_join_next() {
            self.land(landed);
        }
        while let Some(recorded) = self.recording.try_join_next() {
            self.recorded(recorded);
        }
    }

    /// Nothing is on its way, and nothing waits to be recorded.
    fn is_idle(&self) -> bool {
        self.attempts.is_empty() && self.recording.is_empty() && self.results.is_empty()
    }

    /// Nothing is on its way, and the outbox does not take the results. Without them it sends
    /// those messages once more after the next start, under the same keys.
    fn is_hopeless(&self) -> bool {
        self.attempts.is_empty() && self.unrecorded >= PATIENCE
    }

    /// Reads one page of the outbox, where there may be something to find and room for it.
    async fn load_page(&mut self) -> bool {
        let limits = self.settings.limits;
        let new = self.unseen.then(|| self.queue.frontier());
        let Some(from) = self.queue.wanted(&limits).into_iter().chain(new).min() else {
            return false;
        };
        if Instant::now() < self.load_at {
            return false;
        }
        match self.read(from).await {
            Ok(page) => {
                let at_end = !page.more;
                self.queue.deal(page, &limits);
                self.unseen &= !at_end;
            }
            Err(error) => {
                tracing::warn!(%error, "messages cannot be read; asking again");
                self.load_at = Instant::now() + UNAVAILABLE;
            }
        }
        true
    }

    /// A page, and the destinations as they are now: read behind the page, so that a destination
    /// which is not there has been removed.
    async fn read(&mut self, from: u64) -> Result<Page, Error> {
        let limit = self.settings.page;
        let messages = self.outbox.load(from - 1, limit).await?;
        let unknown = |message: &Message| !self.destinations.contains_key(&message.destination);
        if self.stale || messages.iter().any(unknown) {
            let destinations = self.outbox.destinations().await?;
            self.configure(destinations);
            self.stale = false;
        }
        let more = messages.len() >= limit;
        Ok(Page {
            from,
            messages,
            more,
        })
    }

    /// Takes over the destinations; one that was changed is tried at once.
    fn configure(&mut self, destinations: Vec<Destination>) {
        for destination in &destinations {
            let before = self.destinations.get(&destination.key);
            if before.is_some_and(|before| before != destination)
                && let Some(lane) = self.queue.lanes.get_mut(&destination.key)
            {
                lane.circuit = Circuit::default();
            }
        }
        let by_key = |destination: Destination| (destination.key.clone(), destination);
        self.destinations = destinations.into_iter().map(by_key).collect();
    }

    /// Sends every message that may go now.
    fn start_due(&mut self) {
        let now = self.outbox.now();
        let limits = self.settings.limits;
        for (key, lane) in &mut self.queue.lanes {
            let to = self.destinations.get(key);
            lane.concurrency = to.and_then(|to| to.concurrency).map(|most| most as usize);
            while let Some(message) = lane.start(now, &limits) {
                let Some(to) = to else {
                    let error = "the destination was removed".to_owned();
                    let verdict = Verdict::Refused { error };
                    let messages = vec![message];
                    self.attempts.spawn(async { Landed { messages, verdict } });
                    continue;
                };
                let messages = attempt::together(lane, to, message, now);
                let channel = Arc::clone(&self.channel);
                self.attempts
                    .spawn(attempt::make(channel, to.clone(), messages, now));
            }
        }
    }

    /// Decides what an attempt's verdict means for the message and its destination.
    fn land(&mut self, landed: Result<Landed, JoinError>) {
        let Ok(Landed { messages, verdict }) = landed else {
            // Attempts catch their panics and are never aborted.
            tracing::error!("an attempt was lost");
            return;
        };
        let now = self.outbox.now();
        let Some(first) = messages.first() else {
            return;
        };
        let Some(lane) = self.queue.lanes.get_mut(&first.destination) else {
            return;
        };
        lane.landed();
        attempt::note(&self.settings, lane, first, &verdict, now);
        let is_alone = messages.len() == 1;
        for message in messages {
            let random = self.jitter.next();
            let delivery =
                attempt::judge(&self.settings, &message, &verdict, now, random, is_alone);
            self.ended(message, delivery);
        }
    }

    /// Counts how an attempt ended for a message, and keeps it to be recorded.
    fn ended(&mut self, message: Arc<Message>, delivery: Delivery) {
        let counts = self.counts.entry(message.destination.clone()).or_default();
        match &delivery {
            Delivery::Delivered => counts.delivered += 1,
            Delivery::Retry { .. } => counts.retried += 1,
            Delivery::Dead { error } => {
                counts.dead += 1;
                let (destination, about) = (&message.destination, message.about);
                tracing::warn!(%destination, %about, error, "a message became a dead letter");
            }
        }
        self.results.push(Outcome { message, delivery });
    }

    /// Hands over the results, one batch at a time.
    fn record(&mut self) {
        let waits = Instant::now() < self.record_at;
        if self.results.is_empty() || !self.recording.is_empty() || waits {
            return;
        }
        let rest = self
            .results
            .split_off(self.results.len().min(self.settings.batch));
        self.batch = std::mem::replace(&mut self.results, rest);
        let row = |result: &Outcome| (result.message.number, result.delivery.clone());
        let rows = self.batch.iter().map(row).collect();
        let outbox = Arc::clone(&self.outbox);
        self.recording.spawn(async move { outbox.done(rows).await });
    }

    /// Lets the people of the recorded batch go on; or puts it back, to be recorded later.
    fn recorded(&mut self, ended: Recorded) {
        let batch = std::mem::take(&mut self.batch);
        let failure = match ended {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        let Some(error) = failure else {
            for Outcome { message, delivery } in batch {
                if let Some(lane) = self.queue.lanes.get_mut(&message.destination) {
                    lane.recorded(message.about, &delivery);
                }
            }
            self.unrecorded = 0;
            return;
        };
        tracing::warn!(error, "results cannot be recorded; asking again");
        self.results.splice(0..0, batch);
        self.record_at = Instant::now() + UNAVAILABLE;
        self.unrecorded += 1;
    }

    /// When to look again although nothing has happened.
    fn wake_at(&self, stopped: bool) -> Option<Instant> {
        let limits = &self.settings.limits;
        let now = Instant::now();
        let due = self
            .queue
            .next_moment(limits)
            .filter(|_| !stopped)
            .map(|at| {
                let wait_ms = at.since(self.outbox.now()).clamp(1, LONGEST_SLEEP_MS);
                now + Duration::from_millis(wait_ms.unsigned_abs())
            });
        let wants_page = !stopped && (self.unseen || self.queue.wanted(limits).is_some());
        let load = wants_page.then_some(self.load_at);
        let unrecorded = !self.results.is_empty() && self.recording.is_empty();
        let record = unrecorded.then_some(self.record_at);
        due.into_iter().chain(load).chain(record).min()
    }

    /// Publishes how the destinations are doing, where that has changed.
    fn tell(&mut self) {
        for (key, lane) in &self.queue.lanes {
            let counts = self.counts.entry(key.clone()).or_default();
            counts.circuit = lane.circuit;
            counts.held = lane.held();
            counts.in_flight = lane.in_flight();
        }
        self.report.send_if_modified(|told| {
            let changed = *told != self.counts;
            if changed {
                told.clone_from(&self.counts);
            }
            changed
        });
    }
}
