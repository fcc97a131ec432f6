//! The host of one source's scripts: a thread that gets events and gives results, and the eye on it.

use super::runner::Runner;
use super::{LeftBehind, Notices};
use crate::rows::Hash;
use crate::shared::Shared;
use rapport_core::event::transform::script::Failure;
use rapport_core::event::transform::{Tools, Transformations, Transformed};
use rapport_core::event::{Event, SourceNo};
use rapport_core::outcome::Reason;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often the eye looks, and how often in a row it may see nothing new: two seconds. Counted in
/// looks, so that a machine that stood still is not taken for a script that does.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS_MAX: u32 = 20;
/// Stack of a script's thread, in bytes.
const STACK_BYTES: usize = 4 << 20;

/// A source's thread.
pub(crate) struct Host {
    transformations: Arc<Transformations>,
    source: SourceNo,
    thread: Option<Thread>,
    left_behind: LeftBehind,
    notices: Notices,
}

struct Thread {
    events: Sender<Vec<Event>>,
    results: Receiver<Transformed>,
    alive: Weak<()>,
}

impl Host {
    /// Starts a source's thread.
    pub fn start(
        shared: &Shared,
        hash: Hash,
        source: SourceNo,
        transformations: &Arc<Transformations>,
    ) -> Host {
        let (notices, left_behind) = (shared.notices.clone(), shared.left_behind.clone());
        let (events, waiting) = channel::<Vec<Event>>();
        let (sink, results) = channel();
        let (tools, steps) = (shared.tools.clone(), Arc::clone(transformations));
        let own = notices.clone();
        let work = move || {
            let mut runner = Runner::new(tools.scripts, source, own);
            for event in waiting.into_iter().flatten() {
                let mut means = Tools {
                    hash: &|text| hash.masked(text),
                    places: tools.places.as_deref(),
                    scripts: Some(&mut runner),
                };
                if sink.send(steps.apply(&event, &mut means)).is_err() {
                    return;
                }
            }
        };
        let alive = if left_behind.is_full() {
            None
        } else {
            spawn(work)
        };
        let thread = alive.map(|alive| Thread {
            events,
            results,
            alive,
        });
        Host {
            transformations: Arc::clone(transformations),
            source,
            thread,
            left_behind,
            notices,
        }
    }

    /// Whether it runs these.
    pub fn is_of(&self, transformations: &Arc<Transformations>) -> bool {
        let is_same = Arc::ptr_eq(&self.transformations, transformations);
        transformations.enabled && (is_same || self.transformations == *transformations)
    }

    /// Gives it events.
    pub fn send(&mut self, events: Vec<Event>) {
        let sent = self
            .thread
            .as_ref()
            .map(|thread| thread.events.send(events));
        if matches!(sent, Some(Err(_))) {
            self.leave();
        }
    }

    /// The next results, one for each event sent.
    pub fn results(&mut self, number: usize) -> Vec<Transformed> {
        let mut results = Vec::with_capacity(number);
        while results.len() < number {
            let next = self
                .thread
                .as_ref()
                .and_then(|thread| next(&thread.results));
            match next {
                Some(result) => results.push(result),
                None => {
                    self.leave();
                    results.resize(number, stalled());
                }
            }
        }
        results
    }

    fn leave(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.left_behind.add(thread.alive);
            tracing::error!(source = self.source.0, "a script cannot be stopped");
            let what = "its script could not be stopped: put another one in its place";
            self.notices.note(self.source, Some(what.to_owned()));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.notices.note(self.source, None);
    }
}

/// Does something on a thread of its own; the results it came to, until it ended or did not go on.
pub(crate) fn aside<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&Sender<T>) + Send + 'static,
) -> Vec<T> {
    let (sink, results) = channel();
    if shared.left_behind.is_full() {
        return Vec::new();
    }
    let Some(alive) = spawn(move || work(&sink)) else {
        return Vec::new();
    };
    let mut done = Vec::new();
    while let Some(result) = next(&results) {
        done.push(result);
    }
    // Where it has ended there is nothing to count any more.
    shared.left_behind.add(alive);
    done
}

/// Starts a thread; `None` where that cannot be. The token lives as long as the thread does.
fn spawn(work: impl FnOnce() + Send + 'static) -> Option<Weak<()>> {
    let token = Arc::new(());
    let alive = Arc::downgrade(&token);
    let thread = std::thread::Builder::new()
        .name("script".to_owned())
        .stack_size(STACK_BYTES);
    let spawned = thread.spawn(move || {
        let _ = std::panic::catch_unwind(AssertUnwindSafe(work));
        drop(token);
    });
    spawned.ok().map(|_| alive)
}

fn next<T>(results: &Receiver<T>) -> Option<T> {
    for _ in 0..LOOKS_MAX {
        match results.recv_timeout(LOOK) {
            Ok(result) => return Some(result),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    None
}

fn stalled() -> Transformed {
    let failure = Failure::Stalled;
    Transformed::Failed(Reason::new(failure.code(), failure.message()))
}
