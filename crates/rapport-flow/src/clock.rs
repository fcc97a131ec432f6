//! The only place that asks for the time.

use rapport_core::time::Millis;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// How far the wall clock may run ahead of the monotonic one before timers hold.
pub const AHEAD_MAX_MS: i64 = 60_000;

/// What time it is.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Millis;

    /// How far the wall clock has run ahead of the monotonic one since the start; negative where
    /// it fell behind.
    fn ahead_ms(&self) -> i64;
}

/// The machine's clocks.
pub struct SystemClock {
    started: Instant,
    wall_at_start: i64,
    forward_ms: i64,
}

impl SystemClock {
    /// Starts comparing the two clocks now.
    #[must_use]
    pub fn start() -> SystemClock {
        SystemClock::put_forward(0)
    }

    /// The same with a wall clock that shows this much more, so that nobody waits for midnight.
    #[must_use]
    pub fn put_forward(forward_ms: i64) -> SystemClock {
        SystemClock {
            started: Instant::now(),
            wall_at_start: wall_ms(),
            forward_ms,
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        Millis(wall_ms()).plus(self.forward_ms)
    }

    fn ahead_ms(&self) -> i64 {
        let elapsed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        wall_ms() - self.wall_at_start.saturating_add(elapsed)
    }
}

fn wall_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A clock that is moved by hand.
pub struct HandClock {
    now: AtomicI64,
    ahead_ms: AtomicI64,
}

impl HandClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: Millis) -> HandClock {
        HandClock {
            now: AtomicI64::new(now.0),
            ahead_ms: AtomicI64::new(0),
        }
    }

    /// Moves it.
    pub fn set(&self, now: Millis) {
        self.now.store(now.0, Ordering::SeqCst);
    }

    /// Moves it on, and says that the monotonic clock did not.
    pub fn jump(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
        self.ahead_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Millis {
        Millis(self.now.load(Ordering::SeqCst))
    }

    fn ahead_ms(&self) -> i64 {
        self.ahead_ms.load(Ordering::SeqCst)
    }
}
