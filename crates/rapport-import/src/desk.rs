//! The desk: every import there is, one running at a time, each taken up again after a restart.

use crate::error::{Error, Result, disk};
use crate::job::{self, Ending};
use crate::reader::Progress;
use crate::record::{Cursor, Folder, Record, State};
use crate::rejected::{self, Line};
use crate::upload::Upload;
use rapport_flow::Rapport;
use rapport_flow::imports::Tally;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How long a running import may take to stop with the process.
const STOP_MAX: Duration = Duration::from_secs(10);

/// Limits of imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of one upload at most.
    pub bytes_max: u64,
    /// Bytes of the disk that uploads must leave free.
    pub reserve_bytes: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            bytes_max: 64 << 30,
            reserve_bytes: 1 << 30,
        }
    }
}

/// Every import of one data directory. Cheap to clone.
#[derive(Clone)]
pub struct Imports(Arc<Desk>);

pub(crate) struct Desk {
    pub(crate) folder: PathBuf,
    pub(crate) rapport: Rapport,
    pub(crate) settings: Settings,
    entries: Mutex<BTreeMap<u64, Entry>>,
    changed: Notify,
    is_stopping: AtomicBool,
    worker: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Clone)]
struct Entry {
    record: Record,
    progress: Arc<Progress>,
    /// When this process began with it, and where it was then.
    began: Option<(Instant, u64)>,
}

/// An import as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What is kept of it.
    pub record: Record,
    /// How its rows ended so far.
    pub tally: Tally,
    /// How far it is.
    pub cursor: Cursor,
    /// Rows counted for repeats so far, before the first is sent.
    pub counted: u64,
    /// Rows a second, since this process went on with it.
    pub rate: Option<f64>,
    /// Seconds until it is done, at this rate.
    pub eta_s: Option<f64>,
}

impl Imports {
    /// Opens the folder of imports and goes on with what was running. Uploads that never ended
    /// are removed.
    ///
    /// # Errors
    /// Where the folder cannot be made or read.
    pub fn open(folder: &Path, rapport: Rapport, settings: Settings) -> Result<Imports> {
        let failed = || disk(folder.display().to_string());
        fs::create_dir_all(folder).map_err(failed())?;
        let mut entries = BTreeMap::new();
        for found in fs::read_dir(folder).map_err(failed())? {
            let path = found.map_err(failed())?.path();
            let number = path
                .file_name()
                .and_then(|name| name.to_str()?.parse().ok());
            let Some(number) = number else { continue };
            match Folder(path.clone()).read() {
                Some(record) => drop(entries.insert(number, Entry::of(record))),
                None => fs::remove_dir_all(&path).map_err(failed())?,
            }
        }
        let desk = Arc::new(Desk {
            folder: folder.to_owned(),
            rapport,
            settings,
            entries: Mutex::new(entries),
            changed: Notify::new(),
            is_stopping: AtomicBool::new(false),
            worker: Mutex::default(),
        });
        let worker = tokio::spawn(work(Arc::clone(&desk)));
        *desk.worker.lock().unwrap_or_else(PoisonError::into_inner) = Some(worker);
        Ok(Imports(desk))
    }

    /// Begins an upload; `bytes` is how long the client says it is.
    ///
    /// # Errors
    /// Where it is too large, or the disk too full.
    pub async fn begin(&self, bytes: Option<u64>) -> Result<Upload> {
        Upload::begin(Arc::clone(&self.0), bytes).await
    }

    /// Imports with numbers below `before`, the newest first.
    #[must_use]
    pub fn list(&self, before: Option<u64>, limit: usize) -> Vec<u64> {
        let entries = self.0.entries();
        let below = entries.range(..before.unwrap_or(u64::MAX)).rev();
        below.take(limit).map(|(number, _)| *number).collect()
    }

    /// One import.
    ///
    /// # Errors
    /// Where there is none, or the state cannot be read.
    pub async fn show(&self, number: u64) -> Result<Shown> {
        let mut entry = self.0.entry(number)?;
        let total = entry.progress.total.load(Ordering::Relaxed);
        entry.record.total = entry.record.total.or((total > 0).then_some(total));
        let tally = self.0.rapport.import_tally(number).await?;
        let folded: Cursor = serde_json::from_str(&tally.cursor).unwrap_or_default();
        let cursor = match entry.record.state {
            State::Done => entry.record.cursor,
            _ => folded,
        };
        let (rate, eta_s) = entry.speed(cursor.rows);
        Ok(Shown {
            counted: entry.progress.indexed.load(Ordering::Relaxed),
            record: entry.record,
            tally,
            cursor,
            rate,
            eta_s,
        })
    }

    /// Rejected rows of an import behind `after`, and where the next page begins.
    ///
    /// # Errors
    /// Where there is no such import.
    pub fn rejected(
        &self,
        number: u64,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<Line>, Option<u64>)> {
        self.0.entry(number)?;
        let path = Folder::of(&self.0.folder, number).rejected();
        rejected::page(&path, after, limit)
    }

    /// Stops an import; one that is over is forgotten, with its rejected rows.
    ///
    /// # Errors
    /// Where there is no such import, or the disk refuses.
    pub fn cancel(&self, number: u64) -> Result<()> {
        let mut entries = self.0.entries();
        let entry = entries.get_mut(&number).ok_or(Error::Missing(number))?;
        let folder = Folder::of(&self.0.folder, number);
        match entry.record.state {
            State::Running => entry.progress.stop.store(true, Ordering::Relaxed),
            State::Waiting => {
                entry.record.state = State::Cancelled;
                entry.record.ended = Some(self.0.rapport.clock().now());
                folder.keep(&entry.record)?;
                folder.tidy();
            }
            State::Done | State::Failed | State::Cancelled => {
                fs::remove_dir_all(&folder.0).map_err(disk(folder.0.display().to_string()))?;
                entries.remove(&number);
            }
        }
        Ok(())
    }

    /// Whether nothing runs and nothing waits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let entries = self.0.entries();
        entries.values().all(|entry| entry.record.state.is_over())
    }

    /// Stops with the process: what runs goes on with the next start.
    pub async fn stop(&self) {
        self.0.is_stopping.store(true, Ordering::Relaxed);
        for entry in self.0.entries().values() {
            entry.progress.stop.store(true, Ordering::Relaxed);
        }
        self.0.changed.notify_one();
        let worker = self
            .0
            .worker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut worker) = worker
            && tokio::time::timeout(STOP_MAX, &mut worker).await.is_err()
        {
            worker.abort();
        }
    }
}

impl Entry {
    fn of(record: Record) -> Entry {
        Entry {
            record,
            progress: Arc::default(),
            began: None,
        }
    }

    fn speed(&self, rows: u64) -> (Option<f64>, Option<f64>) {
        let Some((began, from)) = self.began.filter(|_| self.record.state == State::Running) else {
            return (None, None);
        };
        let seconds = began.elapsed().as_secs_f64();
        let rate = rows.saturating_sub(from) as f64 / seconds.max(0.001);
        let part = match self.record.total {
            Some(total) if total > 0 => rows as f64 / total as f64,
            _ => {
                let bytes = self.progress.bytes.lock();
                let bytes = bytes.unwrap_or_else(PoisonError::into_inner);
                bytes.load(Ordering::Relaxed) as f64 / self.record.bytes.max(1) as f64
            }
        };
        let is_known = rate > 0.0 && part > 0.0;
        let left = rows as f64 / part.max(f64::MIN_POSITIVE) * (1.0 - part).max(0.0);
        (Some(rate), is_known.then(|| left / rate))
    }
}

impl Desk {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, number: u64) -> Result<Entry> {
        let entries = self.entries();
        entries.get(&number).cloned().ok_or(Error::Missing(number))
    }

    /// The number behind every one there is.
    pub(crate) fn next(&self) -> u64 {
        let entries = self.entries();
        entries.last_key_value().map_or(1, |(number, _)| number + 1)
    }

    /// Takes an uploaded file in.
    pub(crate) fn add(&self, record: Record) {
        self.entries().insert(record.number, Entry::of(record));
        self.changed.notify_one();
    }

    /// The next import to be run, marked as running.
    fn take(&self) -> Option<Entry> {
        let mut entries = self.entries();
        let open = |entry: &&mut Entry| !entry.record.state.is_over();
        let entry = entries.values_mut().find(open)?;
        entry.record.state = State::Running;
        let now = self.rapport.clock().now();
        entry.record.started.get_or_insert(now);
        Some(entry.clone())
    }

    fn put(&self, record: &Record) {
        if let Some(entry) = self.entries().get_mut(&record.number) {
            entry.record = record.clone();
        }
    }
}

async fn work(desk: Arc<Desk>) {
    while !desk.is_stopping.load(Ordering::Relaxed) {
        let Some(entry) = desk.take() else {
            desk.changed.notified().await;
            continue;
        };
        let mut record = entry.record;
        let folder = Folder::of(&desk.folder, record.number);
        if let Err(error) = folder.keep(&record) {
            tracing::error!(%error, import = record.number, "an import cannot begin");
        }
        let from = job::cursor(&desk.rapport, record.number).await;
        if let Some(entry) = desk.entries().get_mut(&record.number) {
            entry.began = Some((Instant::now(), from.map_or(0, |cursor| cursor.rows)));
        }
        let ended = job::run(&desk.rapport, &folder, &mut record, &entry.progress).await;
        if desk.is_stopping.load(Ordering::Relaxed) {
            return;
        }
        match ended {
            Ok(Ending::Done(cursor)) => {
                record.state = State::Done;
                record.cursor = cursor;
                record.total = Some(cursor.rows);
            }
            Ok(Ending::Stopped) => record.state = State::Cancelled,
            Err(Error::Stopping) => return,
            Err(error) => {
                tracing::warn!(%error, import = record.number, "an import failed");
                record.state = State::Failed;
                record.error = Some(error.to_string());
            }
        }
        record.ended = Some(desk.rapport.clock().now());
        if let Err(error) = folder.keep(&record) {
            tracing::error!(%error, import = record.number, "the end of an import cannot be kept");
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        }
        folder.tidy();
        desk.put(&record);
    }
}
