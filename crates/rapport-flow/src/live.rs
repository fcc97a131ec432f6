//! What happens, as it happens: committed batches, kept for a moment for those who watch.
//!
//! The writer hands each batch over after its commit. While nobody watches that is a lock and
//! nothing else; while somebody does, the batch is shared, not copied. Viewers read at their own
//! pace in tasks of their own: one that is too slow finds that its place is gone
//! ([`Lagged`]), and the writer never waits for anybody.

use rapport_core::fold::Change;
use rapport_core::identity::journal::Record;
use rapport_core::position::Position;
use rapport_store::history::Entry;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Entries, merges and changes kept at most.
const ITEMS_MAX: usize = 20_000;
/// Batches kept at most.
const BATCHES_MAX: usize = 4_096;

/// What one transaction was about.
#[derive(Debug, Default)]
pub struct Happened {
    /// The entries it folded, in order.
    pub entries: Vec<Entry>,
    /// What it wrote into the journal, by number.
    pub journal: Vec<(u64, Record)>,
    /// Memberships it moved, in order.
    pub changes: Vec<Change>,
}

impl Happened {
    /// How much it is.
    #[must_use]
    pub fn items(&self) -> usize {
        self.entries.len() + self.journal.len() + self.changes.len()
    }
}

/// The place where the writer leaves batches and viewers find them.
#[derive(Debug)]
pub struct Hub {
    ring: Mutex<Ring>,
    is_watched: AtomicBool,
    happened: watch::Sender<u64>,
    /// How long batches are kept when the last viewer has gone: it may come back.
    linger: Duration,
}

#[derive(Debug, Default)]
struct Ring {
    kept: VecDeque<Arc<Happened>>,
    /// The number of the first batch that is kept.
    first: u64,
    items: usize,
    /// Everything behind this position is kept.
    since: Position,
    viewers: usize,
    /// When the last viewer went.
    left: Option<Instant>,
}

/// Somebody who watches.
#[derive(Debug)]
pub struct Viewer {
    hub: Arc<Hub>,
    next: u64,
    happened: watch::Receiver<u64>,
}

/// A viewer was too slow: what it did not see is in history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lagged;

impl Hub {
    /// A place where nobody watches yet, and where batches are kept so long when nobody does any
    /// more.
    #[must_use]
    pub fn lingering(linger: Duration) -> Hub {
        Hub {
            ring: Mutex::default(),
            is_watched: AtomicBool::default(),
            happened: watch::Sender::default(),
            linger,
        }
    }

    /// Watches from now on; `None` where `most` watch already.
    pub fn watch(self: &Arc<Hub>, most: usize) -> Option<Viewer> {
        self.begin(most, |ring| ring.end())
    }

    /// Watches everything that is kept, and says since where that is whole.
    pub fn watch_kept(self: &Arc<Hub>, most: usize) -> Option<(Viewer, Position)> {
        let mut since = Position::default();
        let viewer = self.begin(most, |ring| {
            since = ring.since;
            ring.first
        })?;
        Some((viewer, since))
    }

    /// How many watch.
    pub fn viewers(&self) -> usize {
        self.ring().viewers
    }

    fn begin(self: &Arc<Hub>, most: usize, place: impl FnOnce(&Ring) -> u64) -> Option<Viewer> {
        let mut ring = self.ring();
        if ring.viewers >= most {
            return None;
        }
        ring.viewers += 1;
        ring.left = None;
        self.is_watched.store(true, Ordering::Relaxed);
        Some(Viewer {
            hub: Arc::clone(self),
            next: place(&ring),
            happened: self.happened.subscribe(),
        })
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn end(&self) -> u64 {
        self.first + self.kept.len() as u64
    }

    fn push(&mut self, happened: Happened) {
        self.items += happened.items();
        self.kept.push_back(Arc::new(happened));
        while self.kept.len() > BATCHES_MAX || (self.items > ITEMS_MAX && self.kept.len() > 1) {
            let Some(gone) = self.kept.pop_front() else {
                return;
            };
            self.items -= gone.items();
            self.first += 1;
            self.since = gone.entries.last().map_or(self.since, Entry::position);
        }
    }

    fn clear(&mut self) {
        self.first = self.end();
        self.kept.clear();
        self.items = 0;
    }
}

impl Viewer {
    /// What happened since the last call; empty where nothing did.
    ///
    /// # Errors
    /// [`Lagged`] where some of it is not kept any more; the next call goes on with what is.
    pub fn take(&mut self) -> Result<Vec<Arc<Happened>>, Lagged> {
        self.happened.mark_unchanged();
        let ring = self.hub.ring();
        if self.next < ring.first {
            self.next = ring.end();
            return Err(Lagged);
        }
        let seen = usize::try_from(self.next - ring.first).unwrap_or(usize::MAX);
        self.next = ring.end();
        Ok(ring.kept.iter().skip(seen).cloned().collect())
    }

    /// Waits until something happens.
    pub async fn changed(&mut self) {
        // The hub lives as long as its viewers.
        let _ = self.happened.changed().await;
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let mut ring = self.hub.ring();
        ring.viewers -= 1;
        if ring.viewers == 0 {
            ring.left = Some(Instant::now());
        }
    }
}

/// What the transaction under way is about, gathered by the writer where somebody watches.
pub(crate) struct News {
    hub: Arc<Hub>,
    gathered: Happened,
}

impl News {
    pub fn of(hub: &Arc<Hub>) -> News {
        News {
            hub: Arc::clone(hub),
            gathered: Happened::default(),
        }
    }

    /// Notes what goes into the journal.
    pub fn journal(&mut self, number: u64, record: &Record) {
        if self.is_watched() {
            self.gathered.journal.push((number, record.clone()));
        }
    }

    /// Notes memberships that move.
    pub fn changes(&mut self, changes: &[Change]) {
        if self.is_watched() {
            self.gathered.changes.extend_from_slice(changes);
        }
    }

    /// Takes what was gathered, to be told once the transaction is on disk.
    pub fn take(&mut self) -> Happened {
        std::mem::take(&mut self.gathered)
    }

    /// Tells of a committed transaction. `record` puts its entries where others read them, under
    /// the same lock: whoever begins to watch finds each entry there, or is told of it.
    pub fn tell(
        &self,
        mut happened: Happened,
        position: Position,
        entries: Vec<Entry>,
        record: impl FnOnce(Vec<Entry>),
    ) {
        let mut ring = self.hub.ring();
        let is_over = ring
            .left
            .is_some_and(|left| left.elapsed() > self.hub.linger);
        if is_over {
            ring.left = None;
            ring.clear();
            self.hub.is_watched.store(false, Ordering::Relaxed);
        }
        if !self.is_watched() {
            // Behind every event of the request, which the position names by its first.
            ring.since = Position {
                index: u32::MAX,
                ..position
            };
            return record(entries);
        }
        happened.entries.clone_from(&entries);
        record(entries);
        if happened.items() > 0 {
            ring.push(happened);
            let end = ring.end();
            drop(ring);
            self.hub.happened.send_replace(end);
        }
    }

    fn is_watched(&self) -> bool {
        self.hub.is_watched.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::entry::{Command, CommandEntry};
    use rapport_core::time::Millis;

    fn hub() -> Arc<Hub> {
        Arc::new(Hub::lingering(Duration::from_secs(60)))
    }

    fn entry(request: u64) -> Entry {
        Entry::Command(Arc::new(CommandEntry {
            position: Position::command(request, 1),
            received: Millis(0),
            actor: "tests".to_owned(),
            command: Command::DeleteSlot { key: "a".into() },
        }))
    }

    fn tell(news: &mut News, requests: std::ops::Range<u64>) {
        let last = Position::command(requests.end - 1, 1);
        let happened = news.take();
        news.tell(happened, last, requests.map(entry).collect(), drop);
    }

    fn seen(happened: &[Arc<Happened>]) -> Vec<u64> {
        let entries = happened.iter().flat_map(|batch| &batch.entries);
        entries.map(|entry| entry.position().request).collect()
    }

    #[test]
    fn a_viewer_sees_what_happens_from_then_on() {
        let hub = hub();
        let mut news = News::of(&hub);
        tell(&mut news, 1..3);
        let mut viewer = hub.watch(1).expect("room");
        assert!(hub.watch(1).is_none());
        assert_eq!(viewer.take().expect("not lagged").len(), 0);
        tell(&mut news, 3..5);
        tell(&mut news, 5..6);
        assert_eq!(seen(&viewer.take().expect("not lagged")), [3, 4, 5]);
        assert_eq!(viewer.take().expect("not lagged").len(), 0);
        drop(viewer);
        assert_eq!(hub.viewers(), 0);
    }

    #[test]
    fn who_comes_back_finds_what_is_kept_and_since_where() {
        let hub = hub();
        let mut news = News::of(&hub);
        tell(&mut news, 1..3);
        drop(hub.watch(1));
        tell(&mut news, 3..5);
        let (mut viewer, since) = hub.watch_kept(1).expect("room");
        assert_eq!(since.request, 2);
        assert_eq!(seen(&viewer.take().expect("not lagged")), [3, 4]);
    }

    #[test]
    fn a_slow_viewer_is_told_so_and_nothing_grows() {
        let hub = hub();
        let mut news = News::of(&hub);
        let mut viewer = hub.watch(1).expect("room");
        for round in 0..300 {
            tell(&mut news, round * 100..(round + 1) * 100);
        }
        assert!(hub.ring().items <= ITEMS_MAX);
        assert_eq!(viewer.take().expect_err("lagged"), Lagged);
        tell(&mut news, 30_000..30_001);
        assert_eq!(seen(&viewer.take().expect("not lagged")), [30_000]);
        let (_, since) = hub.watch_kept(2).expect("room");
        assert!(since.request > 9_000);
    }
}
