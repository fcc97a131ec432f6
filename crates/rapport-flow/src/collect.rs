//! Group commit: many requests wait, one append to the ledger covers them, all are told.
//!
//! While one group is being synced the next one gathers, so the group size follows the load and
//! nobody waits for a timer.

use crate::awaited::Question;
use crate::error::Refusal;
use crate::shared::Shared;
use rapport_core::time::Millis;
use rapport_store::Error;
use rapport_store::ledger::Submission;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// Bodies in one group at most, in bytes: bounds what one fsync has to carry.
const GROUP_BYTES: usize = 8 << 20;
/// How often a ledger that failed is asked whether it would take something again.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// How much it is asked for at most, in bytes.
const PROBE_BYTES_MAX: usize = 1 << 20;
/// What a request costs beside its body, in bytes, when memory is counted.
const OVERHEAD_BYTES: usize = 512;

struct Waiting {
    submission: Submission,
    told: Told,
    _room: OwnedSemaphorePermit,
}

/// Whom to tell how it went, and what they want to know afterwards.
struct Told {
    answer: oneshot::Sender<Result<u64, Refusal>>,
    question: Option<Question>,
}

/// Where doors hand requests over.
#[derive(Clone)]
pub struct Collector {
    waiting: mpsc::UnboundedSender<Waiting>,
    room: Arc<Semaphore>,
    room_bytes: usize,
    counts: Arc<Counts>,
}

/// What collecting has done since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Requests on the ledger.
    pub requests: AtomicU64,
    /// Bodies on the ledger, in bytes.
    pub bytes: AtomicU64,
    /// Appends, each with one fsync.
    pub groups: AtomicU64,
    /// Requests turned away because too much waited.
    pub busy: AtomicU64,
}

impl Collector {
    /// Starts the task that writes the ledger; it ends when every clone of the collector is gone
    /// and all that waited is written.
    pub(crate) fn start(shared: &Arc<Shared>) -> (Collector, tokio::task::JoinHandle<()>) {
        let room_bytes = shared.settings.collect_queue_bytes;
        let counts = Arc::clone(&shared.collected);
        let (waiting, receiver) = mpsc::unbounded_channel();
        let task = tokio::spawn(run(receiver, Arc::clone(shared)));
        let room = Arc::new(Semaphore::new(room_bytes));
        (
            Collector {
                waiting,
                room,
                room_bytes,
                counts,
            },
            task,
        )
    }

    /// Hands a request over and waits until it is on disk; returns its number on the ledger.
    ///
    /// # Errors
    /// [`Refusal`] where it is not on the ledger and never will be.
    pub async fn collect(&self, submission: Submission) -> Result<u64, Refusal> {
        self.collect_and_ask(submission, None).await
    }

    /// The same; the question waits from then on for the fold.
    pub(crate) async fn collect_and_ask(
        &self,
        submission: Submission,
        question: Option<Question>,
    ) -> Result<u64, Refusal> {
        let bytes = (submission.body.len() + OVERHEAD_BYTES).min(self.room_bytes);
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room)
            .try_acquire_many_owned(permits)
            .map_err(|_| {
                self.counts.busy.fetch_add(1, Ordering::Relaxed);
                Refusal::Busy { retry_after_s: 1 }
            })?;
        let (answer, answered) = oneshot::channel();
        self.waiting
            .send(Waiting {
                submission,
                told: Told { answer, question },
                _room: room,
            })
            .map_err(|_| Refusal::Stopping)?;
        answered.await.unwrap_or(Err(Refusal::Stopping))
    }
}

async fn run(mut receiver: mpsc::UnboundedReceiver<Waiting>, shared: Arc<Shared>) {
    let (feed, counts) = (&shared.feed, &shared.collected);
    let mut next = receiver.recv().await;
    while let Some(first) = next.take() {
        let (group, mut told, left) = gather(first, &mut receiver);
        let bytes: usize = group.iter().map(|submission| submission.body.len()).sum();
        let requests = group.len() as u64;
        let stamp = feed.begin_stamp(shared.clock.now());
        let (answer, mut refused_bytes) = match shared.roles.ledger.append(group, stamp).await {
            Ok(appended) => {
                counts.requests.fetch_add(requests, Ordering::Relaxed);
                counts.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
                counts.groups.fetch_add(1, Ordering::Relaxed);
                let first = appended.first().map_or(0, |request| request.number);
                let questions = told.iter_mut().map(|told| told.question.take());
                let questions = (first..).zip(questions);
                // Before the writer can see the requests.
                shared
                    .awaited
                    .hold(questions.filter_map(|(number, one)| Some((number, one?))));
                feed.push(appended);
                shared.trouble("ledger", None);
                (Ok(first), None)
            }
            Err(error) => {
                shared.trouble("ledger", Some(error.to_string()));
                (Err(refusal(&error)), Some(bytes.min(PROBE_BYTES_MAX)))
            }
        };
        feed.end_stamp();
        for (place, told) in (0..).zip(told) {
            // Whoever hung up meanwhile has lost only the answer: the request is on the ledger.
            let _ = told.answer.send(answer.map(|first| first + place));
        }
        next = match left {
            Some(left) => Some(left),
            None => receive(&mut receiver, &shared, &mut refused_bytes).await,
        };
    }
}

/// The next request. A ledger that refused as many bytes is asked meanwhile whether it would take
/// them now, so that health tells of its recovery although nobody sends.
async fn receive(
    receiver: &mut mpsc::UnboundedReceiver<Waiting>,
    shared: &Shared,
    refused_bytes: &mut Option<usize>,
) -> Option<Waiting> {
    while let Some(bytes) = *refused_bytes {
        if let Ok(next) = tokio::time::timeout(PROBE_EVERY, receiver.recv()).await {
            return next;
        }
        if shared.roles.ledger.probe(bytes).await.is_ok() {
            shared.trouble("ledger", None);
            *refused_bytes = None;
        }
    }
    receiver.recv().await
}

/// Takes what waits, up to a group's size; what did not fit is handed back.
fn gather(
    first: Waiting,
    receiver: &mut mpsc::UnboundedReceiver<Waiting>,
) -> (Vec<Submission>, Vec<Told>, Option<Waiting>) {
    let mut bytes = first.submission.body.len();
    let mut group = vec![first.submission];
    let mut told = vec![first.told];
    while let Ok(waiting) = receiver.try_recv() {
        bytes += waiting.submission.body.len();
        if bytes > GROUP_BYTES {
            return (group, told, Some(waiting));
        }
        group.push(waiting.submission);
        told.push(waiting.told);
    }
    (group, told, None)
}

fn refusal(error: &Error) -> Refusal {
    tracing::error!(%error, "the ledger took nothing");
    match error {
        Error::Full { .. } => Refusal::Full,
        _ => Refusal::Busy { retry_after_s: 5 },
    }
}

/// The stamp under which nothing is being appended.
pub(crate) const NO_STAMP: Millis = Millis::MAX;
