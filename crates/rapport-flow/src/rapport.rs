//! The handle: what doors, channels and the binary may ask of the flow.

use crate::backup;
use crate::clock::Clock;
use crate::collect::{self, Collector};
use crate::commands::Applied;
use crate::commands::undo_merge::{self, Prepared};
use crate::counters::REFUSED;
use crate::error::{CommandError, Error, Refusal, Result};
use crate::health::{self, Health};
use crate::jobs::{self, Jobs};
use crate::keys::KeyRing;
use crate::recover::recover;
use crate::settings::Settings;
use crate::shared::{Files, Hold, Roles, Shared, Stats};
use crate::steps::answer::ANSWERED_MAX;
use crate::tools::Tools;
use crate::writer::{self, Writer, WriterOrder};
use rapport_core::entry::Command;
use rapport_core::event::SourceNo;
use rapport_store::history::Entry;
use rapport_store::ledger::Submission;
use rapport_store::state::Head;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

mod ask;
mod bulk;
mod crm;
mod imports;
mod insight;
mod lists;
mod live;
mod members;
mod outbox;
mod redrive;
mod see;
mod transform;
mod webhooks;

pub use see::Seen;

/// How often an undo is prepared anew where the people it concerns have changed meanwhile.
const UNDO_TRIES: usize = 8;

/// One running flow over one data directory. Cheap to clone.
#[derive(Clone)]
pub struct Rapport {
    shared: Arc<Shared>,
    orders: mpsc::Sender<WriterOrder>,
    collector: Arc<Mutex<Option<Collector>>>,
    jobs: Jobs,
    writer: Arc<Mutex<Option<std::thread::JoinHandle<()>>>>,
}

impl Rapport {
    /// Opens a directory's roles, takes everything up where it was left, and starts folding.
    ///
    /// # Errors
    /// Those of storage; a damaged directory is not started.
    pub async fn start(roles: Roles, settings: Settings, clock: Arc<dyn Clock>) -> Result<Rapport> {
        Rapport::start_with(roles, settings, Tools::default(), clock).await
    }

    /// The same with the tools that transformations may use.
    ///
    /// # Errors
    /// As [`Rapport::start`].
    pub async fn start_with(
        roles: Roles,
        settings: Settings,
        tools: Tools,
        clock: Arc<dyn Clock>,
    ) -> Result<Rapport> {
        let shared = Arc::new(Shared::new(roles, settings, tools, clock));
        let mut writer = Writer::open(Arc::clone(&shared)).await?;
        recover(&shared, &mut writer).await?;
        let (last, _) = shared.roles.ledger.last().await?;
        let folded = writer.head.position.request;
        shared.feed.set_last(last.max(folded));
        // Whom the process before this one answered died with it.
        writer.answered = last.min(folded + ANSWERED_MAX);
        shared.feed.set_floor(writer.received);
        let (orders, receiver) = mpsc::channel(1_024);
        let (collector, _) = Collector::start(&shared);
        let collector = Arc::new(Mutex::new(Some(collector)));
        let jobs = Jobs::new(Arc::clone(&shared), orders.clone(), Arc::clone(&collector));
        let thread = writer::start(writer, receiver, jobs.clone());
        Ok(Rapport {
            shared,
            orders,
            collector,
            jobs,
            writer: Arc::new(Mutex::new(Some(thread))),
        })
    }

    /// Takes no more requests, folds what is on the ledger, and ends the writer. Nothing is lost
    /// without it: it only saves the next start some work.
    pub async fn stop(&self) {
        self.collector
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let (reply, done) = oneshot::channel();
        if self.orders.send(WriterOrder::Stop { reply }).await.is_ok() {
            let _ = done.await;
        }
        let thread = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    /// Ends as a crash between two transactions does: nothing is drained, and jobs end nowhere.
    #[cfg(test)]
    pub(crate) async fn kill(self) {
        self.collector
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let _ = self.orders.send(WriterOrder::Kill).await;
        let thread = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    // --- doors

    /// Write keys and tokens in force.
    #[must_use]
    pub fn keys(&self) -> Arc<KeyRing> {
        Arc::clone(&self.shared.configuration().keys)
    }

    /// Puts a request on the ledger; returns once it is on disk.
    ///
    /// # Errors
    /// [`Refusal`] where it is not on the ledger and never will be.
    pub async fn collect(&self, submission: Submission) -> std::result::Result<(), Refusal> {
        self.collect_numbered(submission).await.map(drop)
    }

    /// The same; returns the request's number on the ledger.
    ///
    /// # Errors
    /// As [`Rapport::collect`].
    pub async fn collect_numbered(
        &self,
        submission: Submission,
    ) -> std::result::Result<u64, Refusal> {
        self.collector()?.collect(submission).await
    }

    fn collector(&self) -> std::result::Result<Collector, Refusal> {
        let collector = self
            .collector
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        collector.clone().ok_or(Refusal::Stopping)
    }

    /// Counts what the door refused: it is no event.
    pub fn count_refused(&self, source: Option<SourceNo>, code: &str) {
        let mut refused = self
            .shared
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        refused.add_many(source, REFUSED, code, 1);
    }

    // --- commands

    /// Applies a command between two batches; what it did is on disk when it returns.
    ///
    /// # Errors
    /// [`CommandError`]; then nothing has changed.
    pub async fn command(
        &self,
        actor: &str,
        command: Command,
    ) -> std::result::Result<Applied, CommandError> {
        match command {
            Command::UndoMerge { merge } => self.undo(actor, merge).await,
            command => self.order(actor, command, None).await,
        }
    }

    /// Takes a merge back: what can take long is done here, and the writer folds what came since.
    async fn undo(&self, actor: &str, merge: u64) -> std::result::Result<Applied, CommandError> {
        // One at a time: each reads and folds a past that the one before it changes.
        let _undo = self.shared.undoing.lock().await;
        for _ in 0..UNDO_TRIES {
            let prepared = undo_merge::prepare(&self.shared, merge).await?;
            let command = Command::UndoMerge { merge };
            match self.order(actor, command, prepared.map(Box::new)).await {
                Err(CommandError::Moved) => {}
                applied => return applied,
            }
        }
        Err(CommandError::Moved)
    }

    async fn order(
        &self,
        actor: &str,
        command: Command,
        prepared: Option<Box<Prepared>>,
    ) -> std::result::Result<Applied, CommandError> {
        let (reply, answer) = oneshot::channel();
        let order = WriterOrder::Command {
            actor: actor.to_owned(),
            command: Box::new(command),
            prepared,
            reply,
        };
        self.orders.send(order).await.map_err(|_| Error::Stopping)?;
        answer.await.map_err(|_| Error::Stopping)?
    }

    // --- how it is

    /// What time it is.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.shared.clock
    }

    /// How the flow is.
    #[must_use]
    pub fn health(&self) -> Health {
        health::look(&self.shared)
    }

    /// What the flow has done since it started.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.shared.stats
    }

    /// What collecting has done since it started.
    #[must_use]
    pub fn collected(&self) -> &collect::Counts {
        &self.shared.collected
    }

    /// How far the fold is.
    #[must_use]
    pub fn head(&self) -> Head {
        self.shared.head()
    }

    /// Waits until a request is folded; false where that takes longer than `patience`.
    pub async fn folded(&self, request: u64, patience: Duration) -> bool {
        let mut folded = self.shared.folded();
        let folded = folded.wait_for(|folded| *folded >= request);
        matches!(tokio::time::timeout(patience, folded).await, Ok(Ok(_)))
    }

    /// Number of the last request on the ledger.
    #[must_use]
    pub fn last_request(&self) -> u64 {
        self.shared.feed.last()
    }

    /// Whether nothing waits: every request is folded and no job is running.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let is_folded = self.shared.feed.last() <= self.head().position.request;
        let is_due = jobs::freeze::is_due(&self.shared) || jobs::sweep::is_due(&self.shared);
        is_folded && !self.jobs.are_running() && !is_due
    }

    /// The manifest, and the entries behind it that are still in memory, as of one moment.
    #[must_use]
    pub fn recorded(&self) -> (Arc<Files>, Vec<Entry>) {
        let recorded = self.shared.recorded();
        (
            Arc::clone(&recorded.files),
            recorded.tail.entries().to_vec(),
        )
    }

    /// Copies the directory into `target`, which does not exist yet, while everything goes on;
    /// returns how far the copy is. One backup runs at a time.
    ///
    /// # Errors
    /// Those of storage; [`CommandError::Contradicts`] while another backup runs.
    pub async fn back_up(&self, target: &Path) -> std::result::Result<Head, CommandError> {
        let Some(_hold) = Hold::begin(&self.shared) else {
            let message = "another backup is running".to_owned();
            return Err(CommandError::Contradicts { message });
        };
        let shared = Arc::clone(&self.shared);
        let files = move || {
            let mut files = Files::clone(&shared.files());
            let held = shared.held.lock().unwrap_or_else(PoisonError::into_inner);
            files.add(held.as_ref().unwrap_or(&Files::default()));
            files
        };
        Ok(backup::back_up(&self.shared.roles, target, files).await?)
    }

    /// The storage engines.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        &self.shared.roles
    }
}
