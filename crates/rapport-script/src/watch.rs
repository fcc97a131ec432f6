//! The watch: how long a script may still go on, in steps of the engine and in time of its thread.

use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;

/// How often the engine may ask, about ten thousand of its steps apart: the same on every machine.
const ASKED_MAX: u32 = 200;

/// Tells a script when to stop.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    deadline_us: Cell<u64>,
    asked: Cell<u32>,
    is_over: Cell<bool>,
}

impl Watch {
    /// Begins with a budget of the thread's own processor time: a machine that is busy with
    /// something else takes nothing from it.
    pub fn begin(&self, budget_us: u64) {
        self.deadline_us.set(thread_us().saturating_add(budget_us));
        self.asked.set(0);
        self.is_over.set(false);
    }

    /// Whether it is time to stop; the engine asks now and then.
    pub fn is_time_up(&self) -> bool {
        self.asked.set(self.asked.get() + 1);
        if self.asked.get() > ASKED_MAX || thread_us() > self.deadline_us.get() {
            self.is_over.set(true);
        }
        self.is_over.get()
    }

    /// Whether the script was stopped, or ended too late without being asked.
    pub fn is_over(&self) -> bool {
        self.is_over.get() || thread_us() > self.deadline_us.get()
    }
}

/// Processor time of this thread, in microseconds.
fn thread_us() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * 1_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000
}
