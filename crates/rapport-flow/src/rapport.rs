//! The handle: what doors, channels and the binary may ask of the flow.

use crate::backup;
use crate::clock::Clock;
use crate::collect::{self, Collector};
use crate::commands::Applied;
use crate::configuration::Configuration;
use crate::counters::{Outcomes, REFUSED};
use crate::error::{CommandError, Error, Refusal, Result};
use crate::health::{self, Health};
use crate::jobs::Jobs;
use crate::keys::KeyRing;
use crate::outbox::{Delivery, Message};
use crate::reads;
use crate::rejected::Rejected;
use crate::rows;
use crate::settings::Settings;
use crate::shared::{Files, Roles, Shared, Stats};
use crate::tail;
use crate::writer::{self, Writer, WriterOrder, all};
use rapport_core::entry::{Command, CommandEntry, Destination, Reference, Source};
use rapport_core::event::{Call, Dialect, Origin, SourceNo};
use rapport_core::identity::journal::Record;
use rapport_core::identity::policy::Policy;
use rapport_core::identity::{Identifier, ProfileNo, shared};
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::profile::company::Company;
use rapport_core::segment::catalogue::Catalogue;
use rapport_core::segment::membership::SegmentNo;
use rapport_core::segment::registry::Registry;
use rapport_store::history::{Ask, Entry, File, Row};
use rapport_store::ledger::Submission;
use rapport_store::seen::Run;
use rapport_store::state::{Head, Table};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

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
        let shared = Arc::new(Shared::new(roles, settings, clock));
        let mut writer = Writer::open(Arc::clone(&shared)).await?;
        recover(&shared, &mut writer).await?;
        let (last, _) = shared.roles.ledger.last().await?;
        shared.feed.set_last(last.max(writer.head.position.request));
        let (orders, receiver) = mpsc::channel(1_024);
        let jobs = Jobs::new(Arc::clone(&shared), orders.clone());
        let thread = writer::start(writer, receiver, jobs.clone());
        let (collector, _) = Collector::start(
            Arc::clone(&shared.roles.ledger),
            Arc::clone(&shared.feed),
            Arc::clone(&shared.clock),
            Arc::clone(&shared.collected),
            shared.settings.collect_queue_bytes,
        );
        Ok(Rapport {
            shared,
            orders,
            collector: Arc::new(Mutex::new(Some(collector))),
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
        let collector = self
            .collector
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        collector
            .ok_or(Refusal::Stopping)?
            .collect(submission)
            .await
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
        let (reply, answer) = oneshot::channel();
        let actor = actor.to_owned();
        let order = WriterOrder::Command {
            actor,
            command: Box::new(command),
            reply,
        };
        self.orders.send(order).await.map_err(|_| Error::Stopping)?;
        answer.await.map_err(|_| Error::Stopping)?
    }

    // --- reads

    /// The configuration in force.
    #[must_use]
    pub fn configuration(&self) -> Arc<Configuration> {
        self.shared.configuration()
    }

    /// Segments, as defined.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.shared.configuration().registry)
    }

    /// Segments, as compiled.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.shared.configuration().catalogue)
    }

    /// The identity policy.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.shared.configuration().policy)
    }

    /// Where events come from.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        self.shared
            .configuration()
            .sources
            .values()
            .cloned()
            .collect()
    }

    /// Sinks for decisions.
    #[must_use]
    pub fn destinations(&self) -> Vec<Destination> {
        Vec::clone(&self.shared.configuration().destinations)
    }

    /// The person a reference means, timers that are due fired.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn profile(&self, reference: &Reference) -> Result<Option<Profile>> {
        Ok(reads::profile::one(&self.shared, reference).await?)
    }

    /// A company.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn company(&self, id: &str) -> Result<Option<Company>> {
        let key = rapport_store::state::number_key(rows::cell_of(self.shared.hash().company(id)));
        let row = self
            .shared
            .roles
            .state
            .load(Table::Company, &[key])
            .await?
            .remove(0);
        let Some(row) = row else { return Ok(None) };
        let companies: Vec<Company> = rows::unpack(Table::Company, &row)?;
        Ok(companies.into_iter().find(|company| &*company.id == id))
    }

    /// How many people are in a segment.
    #[must_use]
    pub fn segment_size(&self, no: SegmentNo) -> u64 {
        let sizes = self
            .shared
            .sizes
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        sizes.get(&no.0).copied().unwrap_or(0)
    }

    /// Members of a segment above `after`, by number.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn members(
        &self,
        no: SegmentNo,
        after: Option<ProfileNo>,
        limit: usize,
    ) -> Result<Vec<Profile>> {
        let numbers = reads::members::numbers(&self.shared, no, after, limit).await?;
        Ok(reads::profile::many(&self.shared, &numbers).await?)
    }

    /// Journal entries that speak of a profile number, newest first, below `before`.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn journal_of(
        &self,
        person: ProfileNo,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Record)>> {
        Ok(reads::journal::page(&self.shared, person, before, limit).await?)
    }

    /// One journal entry.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn journal(&self, number: u64) -> Result<Option<Record>> {
        Ok(reads::journal::entry(&self.shared, number).await?)
    }

    /// What a person did, newest first.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn timeline(&self, profile: &Profile, ask: &Ask) -> Result<Vec<Arc<Row>>> {
        Ok(reads::timeline::of(&self.shared, profile, ask).await?)
    }

    /// How events ended since the directory was made, of one source or of all.
    #[must_use]
    pub fn outcomes(&self, source: Option<SourceNo>) -> Outcomes {
        let mut counters = self
            .shared
            .counters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let refused = self
            .shared
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        counters.absorb(refused);
        counters.outcomes(source)
    }

    /// Rejected events before `before`, newest first.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn rejected(&self, before: Option<Position>, limit: usize) -> Result<Vec<Rejected>> {
        Ok(reads::rejected::page(&self.shared, before, limit).await?)
    }

    /// Sends a rejected event through the flow again, as a new entry that names the old one;
    /// `body` is the event as corrected, or `None` for the item as it was received. False where
    /// there is no such rejected event.
    ///
    /// # Errors
    /// [`Error`] where storage failed or the request was not taken.
    pub async fn redrive_rejected(
        &self,
        position: Position,
        body: Option<Vec<u8>>,
    ) -> Result<bool> {
        let Some(rejected) = reads::rejected::one(&self.shared, position).await? else {
            return Ok(false);
        };
        let item = body.unwrap_or_else(|| rejected.raw.into_bytes());
        let mut batch =
            format!("{{\"context\":{{\"redrive_of\":\"{position}\"}},\"batch\":[").into_bytes();
        batch.extend(item);
        batch.extend(b"]}");
        let origin = Origin {
            source: rejected.source,
            key_kind: rejected.key_kind,
            dialect: Dialect::Segment,
            call: Call::Batch,
            ip: None,
            user_agent: None,
        };
        match self
            .collect(Submission {
                origin,
                body: batch,
            })
            .await
        {
            Ok(()) => Ok(true),
            Err(Refusal::Stopping) => Err(Error::Stopping),
            Err(refusal) => Err(Error::Store(rapport_store::Error::Engine {
                what: "sending the event again".to_owned(),
                detail: refusal.to_string(),
            })),
        }
    }

    /// Identifiers that are marked shared, with their records.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn shared_identifiers(&self) -> Result<Vec<(Identifier, shared::Record)>> {
        let mut found = Vec::new();
        for (_, row) in all(&*self.shared.roles.state, Table::Shared).await? {
            let records: Vec<(Identifier, shared::Record)> = rows::unpack(Table::Shared, &row)?;
            found.extend(
                records
                    .into_iter()
                    .filter(|(_, record)| record.marked().is_some()),
            );
        }
        Ok(found)
    }

    // --- outbox

    /// Messages that wait, with a number above `after`, in order.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn outbox(&self, after: u64, limit: usize) -> Result<Vec<Message>> {
        Ok(reads::messages::page(&self.shared, Table::Outbox, after, limit).await?)
    }

    /// Messages that were given up, with a number above `after`, in order.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn dead_letters(&self, after: u64, limit: usize) -> Result<Vec<Message>> {
        Ok(reads::messages::page(&self.shared, Table::DeadLetter, after, limit).await?)
    }

    /// Notes how deliveries ended, in one transaction.
    ///
    /// # Errors
    /// Those of storage; then the messages are still there as they were.
    pub async fn delivered(&self, results: Vec<(u64, Delivery)>) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let order = WriterOrder::Deliveries { results, reply };
        self.orders.send(order).await.map_err(|_| Error::Stopping)?;
        answer.await.map_err(|_| Error::Stopping)?
    }

    /// Puts a dead letter back into the outbox; false where there is none with this number.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn redrive(&self, number: u64) -> Result<bool> {
        let (reply, answer) = oneshot::channel();
        let order = WriterOrder::Redrive { number, reply };
        self.orders.send(order).await.map_err(|_| Error::Stopping)?;
        answer.await.map_err(|_| Error::Stopping)?
    }

    /// Changes whenever messages were added.
    #[must_use]
    pub fn outbox_changed(&self) -> watch::Receiver<u64> {
        self.shared.outbox_changed()
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

    /// Number of the last request on the ledger.
    #[must_use]
    pub fn last_request(&self) -> u64 {
        self.shared.feed.last()
    }

    /// Whether nothing waits: every request is folded and no job is running.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.shared.feed.last() <= self.head().position.request && !self.jobs.are_running()
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
        if self.shared.is_held() {
            let message = "another backup is running".to_owned();
            return Err(CommandError::Contradicts { message });
        }
        self.shared.hold(Some(Files::clone(&self.shared.files())));
        let shared = Arc::clone(&self.shared);
        let files = move || {
            let mut files = Files::clone(&shared.files());
            let held = shared.held.lock().unwrap_or_else(PoisonError::into_inner);
            files.add(held.as_ref().unwrap_or(&Files::default()));
            files
        };
        let done = backup::back_up(&self.shared.roles, target, files).await;
        self.shared.hold(None);
        Ok(done?)
    }

    /// The storage engines.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        &self.shared.roles
    }
}

/// Reads the manifest and redirects, removes what a crash left behind, rebuilds the tail.
pub(crate) async fn recover(shared: &Shared, writer: &mut Writer) -> Result<()> {
    let state = &*shared.roles.state;
    let mut files = Files::default();
    for (key, row) in all(state, Table::File).await? {
        if key.starts_with(b"history/") {
            files.history.push(rows::unpack::<File>(Table::File, &row)?);
        } else {
            files.runs.push(rows::unpack::<Run>(Table::File, &row)?);
        }
    }
    files.history.sort_by_key(|file| (file.first, file.last));
    files.runs.sort_by_key(|run| run.received);
    let listed: BTreeSet<String> = files.history.iter().map(|file| file.name.clone()).collect();
    shared.roles.history.sweep(&listed).await?;
    let listed: BTreeSet<String> = files.runs.iter().map(|run| run.name.clone()).collect();
    shared.roles.seen.sweep(&listed).await?;
    writer.read_ownership().await?;
    let ends = all(state, Table::Tail).await?;
    let commands = commands(&all(state, Table::Command).await?)?;
    let ledger = &*shared.roles.ledger;
    let (tail, seen) = tail::rebuild(ledger, &ends, commands, &writer.hash).await?;
    writer.recent.extend(seen.into_iter());
    let mut recorded = shared.recorded_mut();
    recorded.tail = tail;
    recorded.files = Arc::new(files);
    Ok(())
}

fn commands(rows: &[(Box<[u8]>, Vec<u8>)]) -> Result<Vec<Entry>> {
    let entry = |(_, json): &(Box<[u8]>, Vec<u8>)| {
        let entry: CommandEntry =
            serde_json::from_slice(json).map_err(|error| rapport_store::Error::Damaged {
                what: "a command".into(),
                detail: error.to_string(),
            })?;
        Ok(Entry::Command(Arc::new(entry)))
    };
    rows.iter().map(entry).collect()
}
