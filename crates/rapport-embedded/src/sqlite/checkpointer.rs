//! Moves the write-ahead log into the database file on a thread of its own.
//!
//! SQLite starts the log over only when a write begins while every frame is copied, so a copy
//! beside a busy writer never gets there. The bulk is therefore copied here, as often as it takes
//! to leave little, and the writer's own thread copies that little between two of its jobs.

use super::writer::Queue;
use super::{Settings, failure};
use rapport_store::Result;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

/// The least time between two looks at the log.
const PAUSE: Duration = Duration::from_millis(50);
/// A log that nobody has written to for this long is copied whatever its length.
const QUIET: Duration = Duration::from_secs(5);
/// The least time between two tries after a failure (a full disk).
const PATIENCE: Duration = Duration::from_secs(2);
/// What the writer may be asked to copy itself.
const LITTLE_BYTES: u64 = 1 << 20;
/// How often the bulk is copied in the hope of leaving little; where that is in vain for long, the
/// writer's brake copies whatever is left.
const ROUNDS: usize = 6;

/// Held while the log is copied: whoever wants to copy it as well waits for the end.
#[derive(Clone, Default)]
pub(crate) struct Copying(Arc<Mutex<()>>);

impl Copying {
    /// Waits until nobody copies, and keeps it so.
    pub(crate) fn wait(&self) -> MutexGuard<'_, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The checkpointing thread of one database. Dropping it waits for a copy under way.
pub(crate) struct Checkpointer {
    bell: Bell,
    thread: Option<JoinHandle<()>>,
}

/// Tells the checkpointer that something was written.
#[derive(Clone, Default)]
pub(crate) struct Bell {
    inner: Arc<(Mutex<Heard>, Condvar)>,
}

#[derive(Default)]
struct Heard {
    rung: bool,
    stopped: bool,
}

/// Why a wait ended.
enum Woken {
    ByWrites,
    ByQuiet,
    ToStop,
}

impl Checkpointer {
    /// Starts the thread on a connection of its own.
    pub(crate) fn start(
        path: &Path,
        settings: &Settings,
        what: String,
        writer: Queue,
        copying: Copying,
    ) -> Result<Checkpointer> {
        let connection = super::connect(path, 256).map_err(|error| failure(&what, &error))?;
        connection
            .execute_batch("PRAGMA synchronous=FULL")
            .map_err(|error| failure(&what, &error))?;
        let bell = Bell::default();
        let log = Log {
            connection,
            what: what.clone(),
            frame_bytes: u64::from(settings.page_bytes) + 24,
            limit_bytes: settings.wal_bytes,
            writer,
            copying,
        };
        let heard = bell.clone();
        let thread = std::thread::Builder::new()
            .name(format!("{}-copier", settings.name))
            .spawn(move || work(&log, &heard))
            .map_err(|error| crate::disk::failure(what, &error))?;
        Ok(Checkpointer {
            bell,
            thread: Some(thread),
        })
    }

    /// What the writer rings.
    pub(crate) fn bell(&self) -> Bell {
        self.bell.clone()
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.bell.hear(|heard| heard.stopped = true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Bell {
    /// Something was written.
    pub(crate) fn ring(&self) {
        self.hear(|heard| heard.rung = true);
    }

    fn hear(&self, change: impl FnOnce(&mut Heard)) {
        let (heard, changed) = &*self.inner;
        change(&mut heard.lock().unwrap_or_else(PoisonError::into_inner));
        changed.notify_one();
    }

    fn wait(&self, quiet: Option<Duration>) -> Woken {
        let (heard, changed) = &*self.inner;
        let guard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = |heard: &mut Heard| !heard.rung && !heard.stopped;
        let mut guard = match quiet {
            None => changed
                .wait_while(guard, idle)
                .unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                changed
                    .wait_timeout_while(guard, limit, idle)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        };
        if guard.stopped {
            return Woken::ToStop;
        }
        if std::mem::take(&mut guard.rung) {
            Woken::ByWrites
        } else {
            Woken::ByQuiet
        }
    }

    /// Sleeps, unless told to stop.
    fn pause(&self, limit: Duration) {
        let (heard, changed) = &*self.inner;
        let guard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        drop(changed.wait_timeout_while(guard, limit, |heard| !heard.stopped));
    }
}

fn work(log: &Log, bell: &Bell) {
    let mut uncopied = true;
    let mut failed = false;
    loop {
        let quiet = match bell.wait(uncopied.then_some(QUIET)) {
            Woken::ToStop => return,
            Woken::ByWrites => false,
            Woken::ByQuiet => true,
        };
        uncopied = !quiet;
        let outcome = if quiet {
            log.copy().map(|_| ())
        } else {
            log.keep_short()
        };
        if let Err(error) = &outcome
            && !failed
        {
            tracing::warn!(database = log.what, %error, "the write-ahead log cannot be copied yet");
        }
        failed = outcome.is_err();
        bell.pause(if failed { PATIENCE } else { PAUSE });
    }
}

/// The write-ahead log, as the checkpointer sees it.
struct Log {
    connection: Connection,
    what: String,
    frame_bytes: u64,
    limit_bytes: u64,
    writer: Queue,
    copying: Copying,
}

/// How long the log is and how much of it is in the database file.
#[derive(Clone, Copy)]
pub(crate) struct Progress {
    /// Frames of the log in use.
    pub(crate) frames: u64,
    copied: u64,
}

impl Log {
    /// Copies, and lets the log start over, where it has passed its limit.
    fn keep_short(&self) -> rusqlite::Result<()> {
        if self.bytes(self.look()?.frames) < self.limit_bytes {
            return Ok(());
        }
        for _ in 0..ROUNDS {
            self.copy()?;
            if self.left_bytes()? <= LITTLE_BYTES {
                return self.finish();
            }
        }
        Ok(())
    }

    /// The writer copies the rest between two jobs, so that its next write starts the log over.
    fn finish(&self) -> rusqlite::Result<()> {
        let (done, finished) = mpsc::channel();
        let put = self
            .writer
            .put(move |connection| drop(done.send(checkpoint(connection, "PASSIVE"))));
        match (put, finished.recv()) {
            (Ok(()), Ok(outcome)) => outcome.map(|_| ()),
            _ => Ok(()),
        }
    }

    fn copy(&self) -> rusqlite::Result<Progress> {
        let _alone = self.copying.wait();
        checkpoint(&self.connection, "PASSIVE")
    }

    fn look(&self) -> rusqlite::Result<Progress> {
        checkpoint(&self.connection, "NOOP")
    }

    fn left_bytes(&self) -> rusqlite::Result<u64> {
        let now = self.look()?;
        Ok(self.bytes(now.frames.saturating_sub(now.copied)))
    }

    fn bytes(&self, frames: u64) -> u64 {
        frames.saturating_mul(self.frame_bytes)
    }
}

/// Copies the log, or with `NOOP` only looks at it.
pub(crate) fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Progress> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        let count = |value: i64| u64::try_from(value).unwrap_or(0);
        Ok(Progress {
            frames: count(row.get(1)?),
            copied: count(row.get(2)?),
        })
    })
}
