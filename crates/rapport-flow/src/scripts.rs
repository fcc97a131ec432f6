//! Scripts: a thread for each source that has some, watched from outside.
//!
//! A script has a little processor time for each event ([`meter`]). One that cannot be stopped
//! from within is left behind: its thread ends when it can, its source's events are rejected as
//! they came, and everybody else's go on.

use crate::rows::Hash;
use crate::shared::Shared;
use rapport_core::event::transform::script::Failure;
use rapport_core::event::transform::{Transformations, Transformed};
use rapport_core::event::{Event, SourceNo};
use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError, Weak};

mod host;
mod meter;
pub(crate) mod runner;

pub(crate) use host::aside;

use host::Host;

/// Threads that may be left behind before no further script is run.
const LEFT_BEHIND_MAX: usize = 8;

/// What people should know of scripts, by source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices(Arc<Mutex<BTreeMap<SourceNo, String>>>);

impl Notices {
    /// Notes what there is to know of a source; `None` when there is nothing any more.
    pub fn note(&self, source: SourceNo, what: Option<String>) {
        let mut notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match what {
            Some(what) => notices.insert(source, what),
            None => notices.remove(&source),
        };
    }

    /// All of them, as sentences.
    pub fn sentences(&self) -> Vec<String> {
        let notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notices
            .iter()
            .map(|(source, what)| format!("source {}: {what}", source.0))
            .collect()
    }
}

/// Threads that were left behind, as long as they have not ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeftBehind(Arc<Mutex<Vec<Weak<()>>>>);

impl LeftBehind {
    /// Whether there are so many that no further script is run.
    pub fn is_full(&self) -> bool {
        let mut threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|thread| thread.strong_count() > 0);
        threads.len() >= LEFT_BEHIND_MAX
    }

    fn add(&self, thread: Weak<()>) {
        let mut threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        threads.push(thread);
    }
}

/// The threads of the live flow, by source.
#[derive(Default)]
pub(crate) struct Hosts {
    by_source: BTreeMap<SourceNo, Host>,
}

impl Hosts {
    /// Sends each source's events through its transformations, side by side; the results are in
    /// the order of the events, one for each.
    pub fn run(
        &mut self,
        shared: &Shared,
        hash: Hash,
        in_force: &BTreeMap<SourceNo, Arc<Transformations>>,
        work: BTreeMap<SourceNo, Vec<Event>>,
    ) -> BTreeMap<SourceNo, Vec<Transformed>> {
        self.by_source
            .retain(|source, host| in_force.get(source).is_some_and(|one| host.is_of(one)));
        let mut asked = Vec::new();
        for (source, events) in work {
            let Some(transformations) = in_force.get(&source) else {
                continue;
            };
            let host = self.by_source.entry(source).or_insert_with(|| {
                shared.notices.note(source, None);
                Host::start(shared, hash, source, transformations)
            });
            let number = events.len();
            host.send(events);
            asked.push((source, number));
        }
        let mut results = BTreeMap::new();
        for (source, number) in asked {
            if let Some(host) = self.by_source.get_mut(&source) {
                results.insert(source, host.results(number));
            }
        }
        results
    }
}

/// Reads the scripts of transformations, on a thread that may be left behind.
///
/// # Errors
/// The first that is refused, and why.
pub(crate) fn check(shared: &Shared, transformations: &Transformations) -> Result<(), Failure> {
    let codes: Vec<String> = transformations.scripts().map(str::to_owned).collect();
    if codes.is_empty() {
        return Ok(());
    }
    let engine = shared.tools.scripts.clone().ok_or(Failure::NoEngine)?;
    let read = move |sink: &Sender<Result<(), Failure>>| {
        let open = |code: &String| engine.open(code, meter::EVENT_US_MAX).map(|_| ());
        let _ = sink.send(codes.iter().try_for_each(open));
    };
    aside(shared, read).pop().unwrap_or(Err(Failure::Stalled))
}
