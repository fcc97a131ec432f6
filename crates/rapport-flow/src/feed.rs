//! What is on the ledger and not folded yet, as far as memory is given for it; and the low-water
//! mark of time: the latest instant before which no further request can be stamped.

use crate::collect::NO_STAMP;
use rapport_core::event::Request;
use rapport_core::time::Millis;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// Bodies held for the writer at most, in bytes; what is beyond is read back from the ledger.
const HELD_BYTES: usize = 48 << 20;

/// Requests between the collector and the writer.
#[derive(Default)]
pub struct Feed {
    held: Mutex<Held>,
    last: AtomicU64,
    changed: Notify,
}

struct Held {
    requests: VecDeque<Request>,
    bytes: usize,
    /// Stamp of the append that is under way.
    stamping: Millis,
    /// Timers and commands were applied up to here: no stamp may be earlier.
    floor: Millis,
}

impl Default for Held {
    fn default() -> Held {
        Held {
            requests: VecDeque::new(),
            bytes: 0,
            stamping: NO_STAMP,
            floor: Millis(i64::MIN),
        }
    }
}

impl Feed {
    /// Says that an append begins, and with which stamp.
    pub fn begin_stamp(&self, now: Millis) -> Millis {
        let mut held = self.held();
        let stamp = now.max(held.floor);
        held.stamping = stamp;
        stamp
    }

    /// Says that the append is over and its requests, if any, were pushed.
    pub fn end_stamp(&self) {
        self.held().stamping = NO_STAMP;
    }

    /// Takes appended requests in, as far as there is room.
    pub fn push(&self, requests: Vec<Request>) {
        let Some(last) = requests.last() else { return };
        self.last.store(last.number, Ordering::Release);
        let mut held = self.held();
        for request in requests {
            if held.bytes > HELD_BYTES {
                break;
            }
            held.bytes += request.body.len();
            held.requests.push_back(request);
        }
        drop(held);
        self.changed.notify_one();
    }

    /// Takes the requests right behind `after`, up to `requests_max` and `bytes_max`. Empty where
    /// the next one is not held: then the ledger has it, or nothing is there.
    pub fn take(&self, after: u64, requests_max: usize, bytes_max: usize) -> Vec<Request> {
        let mut held = self.held();
        let mut taken = Vec::new();
        let mut bytes = 0;
        while let Some(front) = held.requests.front() {
            let expected = after + 1 + taken.len() as u64;
            let behind = front.number < expected;
            if !behind
                && (front.number > expected || taken.len() >= requests_max || bytes > bytes_max)
            {
                break;
            }
            let request = held.requests.pop_front().expect("there is a front");
            held.bytes -= request.body.len();
            if !behind {
                bytes += request.body.len();
                taken.push(request);
            }
        }
        taken
    }

    /// Number of the last request on the ledger.
    pub fn last(&self) -> u64 {
        self.last.load(Ordering::Acquire)
    }

    /// Says what the last request on the ledger is, at the start.
    pub fn set_last(&self, number: u64) {
        self.last.store(number, Ordering::Release);
    }

    /// No stamp will be earlier than `floor`: the clock of the last entry before this start.
    pub fn set_floor(&self, floor: Millis) {
        let mut held = self.held();
        held.floor = held.floor.max(floor);
    }

    /// The latest instant up to `now` before which no request that is not folded yet can have
    /// been stamped, where `folded` is the last one folded; `None` where the next one waits and
    /// only the ledger knows its stamp. No later stamp will be earlier.
    pub fn low_water(&self, now: Millis, folded: u64) -> Option<Millis> {
        let mut held = self.held();
        let waiting = self.last() > folded;
        let next = held.requests.iter().find(|request| request.number > folded);
        let mark = match (waiting, next) {
            (true, Some(next)) if next.number == folded + 1 => now.min(next.received),
            (true, _) => return None,
            (false, _) => now.min(held.stamping),
        };
        held.floor = held.floor.max(mark);
        Some(mark)
    }

    /// Waits until something is pushed.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
