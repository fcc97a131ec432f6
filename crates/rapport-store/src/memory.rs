//! Engines in memory that inject conflicts, errors and crashes, for tests of everything above.
//!
//! The engines of one [`Memory`] share their [`Faults`]: a crash of one is a crash of all. What a
//! call has done by then stays, as on a disk; [`Memory::restart`] is the next process.

mod faults;
mod history;
mod ledger;
mod records;
mod seen;
mod state;
#[cfg(test)]
mod tests;

pub use faults::{Call, Fault, Faults};
pub use history::MemoryHistory;
pub use ledger::MemoryLedger;
pub use seen::MemorySeen;
pub use state::MemoryState;

use crate::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All roles of one workspace in memory. Clones share what they hold.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The ledger.
    pub ledger: Arc<MemoryLedger>,
    /// The state.
    pub state: Arc<MemoryState>,
    /// The history.
    pub history: Arc<MemoryHistory>,
    /// The seen ids.
    pub seen: Arc<MemorySeen>,
    /// What goes wrong, and when.
    pub faults: Faults,
}

impl Memory {
    /// Empty roles that share their faults.
    #[must_use]
    pub fn new() -> Memory {
        let faults = Faults::default();
        Memory {
            ledger: Arc::new(MemoryLedger::with_faults(faults.clone())),
            state: Arc::new(MemoryState::with_faults(faults.clone())),
            history: Arc::new(MemoryHistory::with_faults(faults.clone())),
            seen: Arc::new(MemorySeen::with_faults(faults.clone())),
            faults,
        }
    }

    /// The same roles for the next process: what was done stays, planned faults are forgotten.
    pub fn restart(&self) {
        self.faults.clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn missing(name: &str) -> Error {
    Error::Damaged {
        what: format!("file {name}"),
        detail: "it is missing".into(),
    }
}
