//! For tests: an outbox in memory that keeps the rules of the real one, and can be told to fail.

use crate::outbox::{About, Delivery, Error, Message, Outbox};
use async_trait::async_trait;
use rapport_core::entry::{Destination, Shape};
use rapport_core::identity::ProfileNo;
use rapport_core::time::Millis;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// When every test begins.
pub(crate) const START: Millis = Millis(1_700_000_000_000);

/// An outbox in memory.
pub(crate) struct Shelf {
    pending: Mutex<BTreeMap<u64, Message>>,
    dead: Mutex<BTreeMap<u64, String>>,
    destinations: Mutex<Vec<Destination>>,
    bell: watch::Sender<u64>,
    left: watch::Sender<usize>,
    began: Instant,
    /// How often it was read.
    pub(crate) loads: AtomicUsize,
    /// Whether it refuses results.
    pub(crate) refuses: AtomicBool,
}

impl Shelf {
    /// With nothing on it, and these destinations.
    pub(crate) fn of(destinations: &[Destination]) -> Arc<Shelf> {
        Arc::new(Shelf {
            pending: Mutex::default(),
            dead: Mutex::default(),
            destinations: Mutex::new(destinations.to_vec()),
            bell: watch::channel(0).0,
            left: watch::channel(0).0,
            began: Instant::now(),
            loads: AtomicUsize::new(0),
            refuses: AtomicBool::new(false),
        })
    }

    /// Puts a message behind all others and returns its number.
    pub(crate) fn put(&self, destination: &str, person: u64) -> u64 {
        let mut pending = lock(&self.pending);
        let number = *self.bell.borrow() + 1;
        let message = Message {
            number,
            destination: destination.into(),
            about: About::Person(ProfileNo(person)),
            key: format!("key-{number}"),
            body: format!("{{\"number\":{number},\"person\":{person}}}"),
            events: 1,
            attempts: 0,
            next_at: self.now(),
            created: self.now(),
            last_error: String::new(),
        };
        pending.insert(number, message);
        self.left.send_replace(pending.len());
        self.bell.send_replace(number);
        number
    }

    /// Replaces the destinations.
    pub(crate) fn configure(&self, destinations: &[Destination]) {
        *lock(&self.destinations) = destinations.to_vec();
        self.bell.send_modify(|_| {});
    }

    /// The messages that wait.
    pub(crate) fn pending(&self) -> BTreeMap<u64, Message> {
        lock(&self.pending).clone()
    }

    /// Why each dead letter is one, by number.
    pub(crate) fn dead(&self) -> BTreeMap<u64, String> {
        lock(&self.dead).clone()
    }

    /// Returns once nothing waits; for tests whose time is moved by hand.
    pub(crate) async fn emptied(&self) {
        self.shrunk_to(0).await;
    }

    /// Returns once nothing waits; for tests that run in real time.
    pub(crate) async fn emptied_soon(&self) {
        self.shrunk_within(0, Duration::from_secs(60)).await;
    }

    /// Returns once no more than `count` messages wait; for tests whose time is moved by hand.
    pub(crate) async fn shrunk_to(&self, count: usize) {
        self.shrunk_within(count, Duration::from_secs(24 * 3_600))
            .await;
    }

    async fn shrunk_within(&self, count: usize, limit: Duration) {
        let mut left = self.left.subscribe();
        let shrunk = left.wait_for(|left| *left <= count);
        let Ok(shrunk) = tokio::time::timeout(limit, shrunk).await else {
            panic!(
                "{} messages still wait after {limit:?}",
                self.pending().len()
            );
        };
        shrunk.expect("the shelf is there");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics while it holds this")
}

#[async_trait]
impl Outbox for Shelf {
    async fn load(&self, after: u64, limit: usize) -> Result<Vec<Message>, Error> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let pending = lock(&self.pending);
        Ok(pending
            .range(after + 1..)
            .take(limit)
            .map(|(_, message)| message.clone())
            .collect())
    }

    async fn done(&self, results: Vec<(u64, Delivery)>) -> Result<(), Error> {
        // A transaction takes a moment.
        tokio::time::sleep(Duration::from_millis(1)).await;
        if self.refuses.load(Ordering::SeqCst) {
            return Err(Error("told to".to_owned()));
        }
        let mut pending = lock(&self.pending);
        for (number, delivery) in results {
            match delivery {
                Delivery::Delivered => drop(pending.remove(&number)),
                Delivery::Dead { error } => {
                    pending.remove(&number);
                    lock(&self.dead).insert(number, error);
                }
                Delivery::Retry { at, .. } => {
                    if let Some(message) = pending.get_mut(&number) {
                        message.attempts += 1;
                        message.next_at = at;
                    }
                }
            }
        }
        self.left.send_replace(pending.len());
        Ok(())
    }

    async fn destinations(&self) -> Result<Vec<Destination>, Error> {
        Ok(lock(&self.destinations).clone())
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    fn now(&self) -> Millis {
        let elapsed_ms = self.began.elapsed().as_millis();
        START.plus(i64::try_from(elapsed_ms).expect("no test takes that long"))
    }
}

/// A destination at an address.
pub(crate) fn destination(key: &str, url: impl Into<String>) -> Destination {
    Destination {
        key: key.into(),
        url: url.into(),
        secret: "whsec_dairy".into(),
        shape: Shape::Track,
        segments: Vec::new(),
        concurrency: None,
        created: Millis(0),
        updated: Millis(0),
    }
}
