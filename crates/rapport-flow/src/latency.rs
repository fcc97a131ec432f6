//! How long events take from the ledger's stamp to the commit of their fold: a histogram that
//! only grows, for whoever looks at two moments and takes the difference.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper ends of the buckets, in milliseconds; what takes longer is only in the total.
pub const BOUNDS_MS: [u64; BUCKETS] = [
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1_000, 2_000, 5_000,
    10_000, 30_000, 60_000,
];
const BUCKETS: usize = 23;

/// Events by how long they took.
#[derive(Debug, Default)]
pub struct Latencies {
    within: [AtomicU64; BUCKETS],
    events: AtomicU64,
    sum_ms: AtomicU64,
}

impl Latencies {
    /// Counts events that took this long.
    pub fn add(&self, took_ms: i64, events: u64) {
        let took_ms = u64::try_from(took_ms).unwrap_or(0);
        let place = BOUNDS_MS.partition_point(|bound| *bound < took_ms);
        if let Some(bucket) = self.within.get(place) {
            bucket.fetch_add(events, Ordering::Relaxed);
        }
        self.events.fetch_add(events, Ordering::Relaxed);
        let sum_ms = took_ms.saturating_mul(events);
        self.sum_ms.fetch_add(sum_ms, Ordering::Relaxed);
    }

    /// Each bound, in milliseconds, with how many events took at most as long.
    pub fn within(&self) -> impl Iterator<Item = (u64, u64)> {
        let mut events = 0;
        BOUNDS_MS
            .into_iter()
            .zip(&self.within)
            .map(move |(bound, bucket)| {
                events += bucket.load(Ordering::Relaxed);
                (bound, events)
            })
    }

    /// How many events there were.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// How long all of them took together, in milliseconds.
    #[must_use]
    pub fn sum_ms(&self) -> u64 {
        self.sum_ms.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_in_the_first_bucket_it_fits_and_in_all_behind() {
        let latencies = Latencies::default();
        for (took_ms, events) in [(-5, 1), (1, 1), (2, 3), (101, 10), (70_000, 100)] {
            latencies.add(took_ms, events);
        }
        let within: Vec<_> = latencies.within().collect();
        assert_eq!(within.len(), BOUNDS_MS.len());
        assert_eq!((within[0], within[1]), ((1, 2), (2, 5)));
        let at = |bound: u64| within.iter().find(|(found, _)| *found == bound);
        assert_eq!(at(100), Some(&(100, 5)));
        assert_eq!(at(150), Some(&(150, 15)));
        assert_eq!(within.last(), Some(&(60_000, 15)), "the slowest is nowhere");
        assert_eq!(latencies.events(), 115);
        assert_eq!(latencies.sum_ms(), 1 + 6 + 1_010 + 7_000_000);
    }
}
