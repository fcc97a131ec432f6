//! Transformations: looked at before they are put, and tried on samples. Nothing here changes
//! anything.

use super::Rapport;
use crate::error::Result;
use crate::flow::Item;
use crate::scripts;
use crate::steps::validate;
use crate::transform::{self, Sample, Tried};
use rapport_core::event::transform::script::Failure;
use rapport_core::event::transform::{Step, Transformations};
use rapport_core::event::{Call, Dialect, Event, KeyKind, Origin, Request, SourceNo};
use rapport_core::outcome::Outcome;
use rapport_core::position::Position;
use rapport_store::history::Entry;
use std::collections::VecDeque;
use std::sync::Arc;

/// Requests at the end of the ledger that are looked through for samples.
const REQUESTS: u64 = 300;
/// The same at the end of history.
const POSITIONS: u64 = 5_000;
/// Bodies read at a time, in bytes.
const READ_BYTES: usize = 4 << 20;

impl Rapport {
    /// What the events of a source go through.
    #[must_use]
    pub fn transformations(&self, source: SourceNo) -> Option<Arc<Transformations>> {
        let configuration = self.shared.configuration();
        configuration.transformations.get(&source).cloned()
    }

    /// Whether there is a database of places.
    #[must_use]
    pub fn has_places(&self) -> bool {
        self.shared.tools.places.is_some()
    }

    /// Reads the scripts among these steps.
    ///
    /// # Errors
    /// [`Failure`] of the first that cannot be run.
    pub async fn check_scripts(&self, steps: Vec<Step>) -> std::result::Result<(), Failure> {
        let shared = Arc::clone(&self.shared);
        let transformations = Transformations {
            enabled: false,
            version: 0,
            steps,
        };
        let check = move || scripts::check(&shared, &transformations);
        let checked = tokio::task::spawn_blocking(check).await;
        checked.unwrap_or(Err(Failure::Stalled))
    }

    /// What these steps would make of samples.
    pub async fn try_transformations(
        &self,
        source: SourceNo,
        steps: Vec<Step>,
        samples: Vec<Sample>,
    ) -> Vec<Tried> {
        let shared = Arc::clone(&self.shared);
        let on = move || transform::on(&shared, source, steps, samples);
        tokio::task::spawn_blocking(on).await.unwrap_or_default()
    }

    /// Samples of items as a sender would send them in a batch.
    #[must_use]
    pub fn given_samples(&self, source: SourceNo, items: &[&str]) -> Vec<Sample> {
        let request = Request {
            number: 0,
            received: self.shared.clock.now(),
            origin: Origin {
                source,
                key_kind: KeyKind::Browser,
                dialect: Dialect::Segment,
                call: Call::Batch,
                ip: None,
                user_agent: None,
            },
            body: format!("{{\"batch\":[{}]}}", items.join(",")).into_bytes(),
        };
        validate::items(&request, &*self.shared.configuration())
            .map(sample)
            .collect()
    }

    /// The newest events of a source, oldest first: as they came while the ledger has them, else
    /// as history keeps them.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn newest_samples(&self, source: SourceNo, number: usize) -> Result<Vec<Sample>> {
        let mut newest = VecDeque::new();
        let mut add = |sample: Sample| {
            newest.push_back(sample);
            if newest.len() > number {
                newest.pop_front();
            }
        };
        let configuration = self.shared.configuration();
        let last = self.shared.feed.last();
        let mut after = last.saturating_sub(REQUESTS);
        while after < last {
            let requests = self.shared.roles.ledger.read(after, READ_BYTES).await?;
            let Some(end) = requests.last() else { break };
            after = end.number;
            let own = requests.iter().filter(|one| one.origin.source == source);
            own.flat_map(|request| validate::items(request, &*configuration))
                .map(sample)
                .for_each(&mut add);
        }
        if newest.is_empty() {
            for event in self.kept(source).await? {
                newest.push_back(Sample::Event(Box::new(event)));
            }
            while newest.len() > number {
                newest.pop_front();
            }
        }
        Ok(newest.into())
    }

    /// Accepted events of a source at the end of history.
    async fn kept(&self, source: SourceNo) -> Result<Vec<Event>> {
        let (files, tail) = self.recorded();
        let mut kept = Vec::new();
        let mut add = |entry: Entry| {
            if let Entry::Event(row) = entry
                && row.event.source == source
                && row.outcome == Outcome::Accepted
            {
                kept.push(row.event.clone());
            }
        };
        let after = self.head().position.request.saturating_sub(POSITIONS);
        let sink = &mut |entry: Entry| {
            add(entry);
            Ok(())
        };
        let history = &self.shared.roles.history;
        history
            .scan_order(&files.history, Position::event(after, 0), sink)
            .await?;
        tail.into_iter().for_each(add);
        Ok(kept)
    }
}

fn sample(item: Item) -> Sample {
    match item {
        Item::Event(event) => Sample::Event(event),
        Item::Invalid(event, reason)
        | Item::Filtered(event, reason)
        | Item::LeftOut(event, reason) => Sample::Invalid(event.properties.into(), reason),
    }
}
