//! What the writer and everybody else look at together: roles, what is recorded, what is in force.

use crate::awaited::Awaited;
use crate::clock::Clock;
use crate::collect;
use crate::configuration::Configuration;
use crate::counters::Counters;
use crate::crm::merged::Merged;
use crate::discovery::Found;
use crate::feed::Feed;
use crate::latency::Latencies;
use crate::live::Hub;
use crate::rows::Hash;
use crate::scripts::{LeftBehind, Notices};
use crate::sessions::Sessions;
use crate::settings::Settings;
use crate::steps::dedup::LookedUp;
use crate::tail::Tail;
use crate::tools::Tools;
use crate::violations::counts::Counts;
use rapport_core::identity::ProfileNo;
use rapport_core::time::Millis;
use rapport_store::history::{Entry, File, History, Ownership};
use rapport_store::ledger::Ledger;
use rapport_store::seen::{Run, Seen};
use rapport_store::state::{Head, State};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;

/// Rules that are not saved looked at at once.
const PREVIEWS_MAX: usize = 2;

/// The storage engines of one directory.
#[derive(Clone)]
pub struct Roles {
    /// Accepted bytes in order.
    pub ledger: Arc<dyn Ledger>,
    /// What the fold has made of them.
    pub state: Arc<dyn State>,
    /// Every entry for ever.
    pub history: Arc<dyn History>,
    /// Ids accepted inside the dedup window.
    pub seen: Arc<dyn Seen>,
}

/// The manifest: which files count.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Of history, in order of their first entry.
    pub history: Vec<File>,
    /// Of seen ids, oldest first.
    pub runs: Vec<Run>,
    /// Ids accepted before this may be in no run any more, only in history; `None` where every
    /// id ever accepted is in a run.
    pub forgotten: Option<Millis>,
}

impl Files {
    /// Adds what another manifest names and this one does not.
    pub(crate) fn add(&mut self, other: &Files) {
        for file in &other.history {
            if !self.history.iter().any(|known| known.name == file.name) {
                self.history.push(file.clone());
            }
        }
        self.forgotten = self.forgotten.max(other.forgotten);
        for run in &other.runs {
            if !self.runs.iter().any(|known| known.name == run.name) {
                self.runs.push(run.clone());
            }
        }
    }
}

/// While it lives nothing is removed or forgotten, however its backup ends.
pub(crate) struct Hold(Arc<Shared>);

impl Hold {
    /// Begins holding still; `None` where somebody does already.
    pub fn begin(shared: &Arc<Shared>) -> Option<Hold> {
        let files = Files::clone(&shared.files());
        let mut held = shared.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_some() {
            return None;
        }
        *held = Some(files);
        Some(Hold(Arc::clone(shared)))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        *self.0.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Entries behind the fold, wherever they are: in files, or still in memory.
#[derive(Default)]
pub(crate) struct Recorded {
    pub tail: Tail,
    pub files: Arc<Files>,
}

/// What the flow has done since it started, and how it is.
#[derive(Debug, Default)]
pub struct Stats {
    /// Events folded, by any outcome.
    pub events: AtomicU64,
    /// Batches committed.
    pub batches: AtomicU64,
    /// Changes of membership.
    pub flips: AtomicU64,
    /// Timers fired in the background.
    pub timers: AtomicU64,
    /// Flushes to history.
    pub flushes: AtomicU64,
    /// Compactions.
    pub compactions: AtomicU64,
    /// Number of the last request folded.
    pub folded: AtomicU64,
    /// When that request was received.
    pub folded_received: AtomicI64,
    /// Messages that wait in the outbox, as of the last look.
    pub outbox: AtomicU64,
    /// Microseconds from receipt to commit, of the last batch's oldest event.
    pub lag_us: AtomicU64,
    /// From receipt to commit, of every event.
    pub event_to_commit: Latencies,
    /// Profiles in the working set, as of the last batch.
    pub held: AtomicU64,
}

/// Shared by the writer, the readers and the jobs.
pub(crate) struct Shared {
    pub roles: Roles,
    pub settings: Settings,
    pub tools: Tools,
    pub clock: Arc<dyn Clock>,
    pub feed: Arc<Feed>,
    pub collected: Arc<collect::Counts>,
    /// Questions about requests that are on disk and not folded.
    pub awaited: Awaited,
    pub stats: Stats,
    pub recorded: RwLock<Recorded>,
    pub ownership: RwLock<Ownership>,
    /// Records that were merged into others.
    pub merged: RwLock<Merged>,
    pub sizes: RwLock<BTreeMap<u32, u64>>,
    pub counters: Mutex<Counters>,
    pub refused: Mutex<Counters>,
    /// While backups run: files that were replaced meanwhile and must stay.
    pub held: Mutex<Option<Files>>,
    pub troubles: Mutex<BTreeMap<&'static str, String>>,
    /// What people should know of scripts; nothing waits for them to be right again.
    pub notices: Notices,
    pub left_behind: LeftBehind,
    /// When retention looked last, in milliseconds.
    pub retained_ms: AtomicI64,
    /// Held by whoever takes a merge back.
    pub undoing: tokio::sync::Mutex<()>,
    /// How many may look at rules that are not saved, at once.
    pub previews: Arc<tokio::sync::Semaphore>,
    /// Which events and properties there are, as of a moment ago, for whoever types rules.
    pub known: Mutex<Option<(std::time::Instant, Arc<Found>)>>,
    /// Whether members of frozen segments may wait to be put on a list.
    pub unlisted: AtomicBool,
    /// Whether violations of tracking plans may wait to be told.
    pub untold: AtomicBool,
    /// Whether records may wait to be looked at anew.
    pub unswept: AtomicBool,
    /// Counts of violations, as of the last commit.
    pub violations: Mutex<Counts>,
    looked_up: Mutex<LookedUp>,
    hash: OnceLock<Hash>,
    configuration: RwLock<Arc<Configuration>>,
    head: RwLock<Head>,
    outbox: watch::Sender<u64>,
    /// The last request folded, for those who wait for theirs.
    folded: watch::Sender<u64>,
    /// What viewers see as it happens.
    pub live: Arc<Hub>,
    /// Who is signed in.
    pub sessions: Sessions,
}

impl Shared {
    pub fn new(roles: Roles, settings: Settings, tools: Tools, clock: Arc<dyn Clock>) -> Shared {
        let linger = Duration::from_millis(settings.live_linger_ms);
        let live = Arc::new(Hub::lingering(linger));
        Shared {
            roles,
            settings,
            tools,
            clock,
            feed: Arc::default(),
            collected: Arc::default(),
            awaited: Awaited::default(),
            stats: Stats::default(),
            recorded: RwLock::default(),
            ownership: RwLock::default(),
            merged: RwLock::default(),
            sizes: RwLock::default(),
            counters: Mutex::default(),
            refused: Mutex::default(),
            held: Mutex::default(),
            troubles: Mutex::default(),
            notices: Notices::default(),
            left_behind: LeftBehind::default(),
            retained_ms: AtomicI64::new(i64::MIN),
            undoing: tokio::sync::Mutex::default(),
            previews: Arc::new(tokio::sync::Semaphore::new(PREVIEWS_MAX)),
            known: Mutex::default(),
            unlisted: AtomicBool::new(true),
            untold: AtomicBool::new(true),
            unswept: AtomicBool::new(true),
            violations: Mutex::default(),
            looked_up: Mutex::default(),
            hash: OnceLock::new(),
            configuration: RwLock::default(),
            head: RwLock::default(),
            outbox: watch::channel(0).0,
            folded: watch::channel(0).0,
            live,
            sessions: Sessions::default(),
        }
    }

    /// Hashes under the directory's secret.
    pub fn hash(&self) -> Hash {
        *self
            .hash
            .get()
            .expect("the writer sets it when it opens the state")
    }

    pub fn set_hash(&self, hash: Hash) {
        let _ = self.hash.set(hash);
    }

    pub fn configuration(&self) -> Arc<Configuration> {
        Arc::clone(
            &self
                .configuration
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    pub fn set_configuration(&self, configuration: Arc<Configuration>) {
        *self
            .configuration
            .write()
            .unwrap_or_else(PoisonError::into_inner) = configuration;
    }

    pub fn head(&self) -> Head {
        *self.head.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_head(&self, head: Head) {
        *self.head.write().unwrap_or_else(PoisonError::into_inner) = head;
        self.stats
            .folded
            .store(head.position.request, Ordering::Relaxed);
        self.folded.send_replace(head.position.request);
    }

    /// The last request folded, as it grows.
    pub fn folded(&self) -> watch::Receiver<u64> {
        self.folded.subscribe()
    }

    pub fn files(&self) -> Arc<Files> {
        Arc::clone(&self.recorded().files)
    }

    pub fn recorded(&self) -> std::sync::RwLockReadGuard<'_, Recorded> {
        self.recorded.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn recorded_mut(&self) -> std::sync::RwLockWriteGuard<'_, Recorded> {
        self.recorded
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Ids accepted before this are outside the dedup window of every event still to be folded;
    /// `None` while only the ledger knows when the next one was received.
    pub fn window_begins(&self) -> Option<Millis> {
        let folded = self.head().position.request;
        let now = self.feed.low_water(self.clock.now(), folded)?;
        Some(now.plus(-self.settings.dedup_window_ms))
    }

    /// What imports looked up in history ahead of the writer.
    pub fn looked_up(&self) -> std::sync::MutexGuard<'_, LookedUp> {
        self.looked_up
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub fn extend_tail(&self, entries: Vec<Entry>) {
        let mut recorded = self.recorded_mut();
        for entry in entries {
            recorded.tail.push(entry);
        }
    }

    pub fn ownership(&self) -> std::sync::RwLockReadGuard<'_, Ownership> {
        self.ownership
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Which numbers of records lead to which, contacts' among them.
    pub fn merged(&self) -> std::sync::RwLockReadGuard<'_, Merged> {
        self.merged.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The profile that this number leads to now.
    pub fn survivor(&self, number: ProfileNo) -> ProfileNo {
        self.ownership()
            .redirects
            .get(&number)
            .copied()
            .unwrap_or(number)
    }

    /// Whether a backup runs, so that nothing may be removed or forgotten.
    pub fn is_held(&self) -> bool {
        self.held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    /// Notes files that are about to be replaced, where they must stay.
    pub fn note_replaced(&self, before: &Files) {
        if let Some(held) = &mut *self.held.lock().unwrap_or_else(PoisonError::into_inner) {
            held.add(before);
        }
    }

    /// Lets others see counts of violations that are on disk now.
    pub fn show_violations(&self, counts: &Counts) {
        let mut shown = self
            .violations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        shown.clone_from(counts);
        drop(shown);
        self.untold.store(true, Ordering::Release);
    }

    pub fn outbox_changed(&self) -> watch::Receiver<u64> {
        self.outbox.subscribe()
    }

    pub fn announce_messages(&self) {
        self.outbox.send_modify(|version| *version += 1);
    }

    /// Notes that something is wrong with a part, for health; `None` when it is right again.
    pub fn trouble(&self, part: &'static str, what: Option<String>) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        match what {
            Some(what) => troubles.insert(part, what),
            None => troubles.remove(part),
        };
    }
}
