//! What goes wrong in the memory engines, and at which call.

use super::lock;
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A call that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// An append to the ledger.
    Append,
    /// A read of the ledger.
    Read,
    /// A drop of old groups of the ledger.
    Forget,
    /// A load or scan of the state.
    Load,
    /// A question for records.
    Query,
    /// A commit of the state.
    Commit,
    /// A write or compaction of history.
    WriteHistory,
    /// A read of history.
    ReadHistory,
    /// A write or merge of seen ids.
    WriteSeen,
    /// A search for seen ids.
    FindSeen,
    /// A removal or sweep of files.
    Remove,
    /// A probe of the ledger.
    Probe,
}

/// How long a slow call is held up.
const SLOW: Duration = Duration::from_millis(5);

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Somebody else committed first. Of other calls than commits: an ordinary failure.
    Conflict,
    /// The disk is full; nothing is done.
    Full,
    /// It takes some milliseconds, and succeeds.
    Slow,
    /// It fails, and nothing is done.
    FailBefore,
    /// It is done, and still the caller is told that it failed.
    FailAfter,
    /// The process dies before it is done: this call and all later ones fail.
    CrashBefore,
    /// The process dies when it is done: the caller never hears of it.
    CrashAfter,
}

/// A plan of faults. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    calls: BTreeMap<Call, u64>,
    faults: BTreeMap<(Call, u64), Fault>,
    crashed: bool,
}

/// What a call does at its end.
#[derive(Debug)]
#[must_use = "the end of a call can be the fault"]
pub(super) enum Ending {
    AsUsual,
    Fails(Fault),
}

impl Faults {
    /// Makes the `nth` call of this kind from now on fail; the next one is the first.
    pub fn inject(&self, call: Call, nth: u64, fault: Fault) {
        let mut plan = lock(&self.plan);
        let so_far = plan.calls.get(&call).copied().unwrap_or(0);
        plan.faults.insert((call, so_far + nth), fault);
    }

    /// How many calls of this kind there were since the start or the last [`Faults::clear`].
    #[must_use]
    pub fn calls(&self, call: Call) -> u64 {
        lock(&self.plan).calls.get(&call).copied().unwrap_or(0)
    }

    /// Whether a crash has happened.
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        lock(&self.plan).crashed
    }

    /// Forgets every fault, count and crash.
    pub fn clear(&self) {
        *lock(&self.plan) = Plan::default();
    }

    /// Starts a call: an error where it may not be done, else how it must end.
    pub(super) fn begin(&self, call: Call) -> Result<Ending> {
        let mut plan = lock(&self.plan);
        if plan.crashed {
            return Err(failure(call, "the process has crashed"));
        }
        let nth = plan.calls.entry(call).or_default();
        *nth += 1;
        let planned = (call, *nth);
        match plan.faults.remove(&planned) {
            None => Ok(Ending::AsUsual),
            Some(Fault::Slow) => {
                drop(plan);
                std::thread::sleep(SLOW);
                Ok(Ending::AsUsual)
            }
            Some(Fault::Full) => Err(Error::Full {
                what: format!("{call:?}"),
            }),
            Some(Fault::Conflict) if call == Call::Commit => Err(Error::Conflict {
                expected: 0,
                found: 0,
            }),
            Some(Fault::Conflict | Fault::FailBefore) => Err(failure(call, "an injected failure")),
            Some(Fault::CrashBefore) => {
                plan.crashed = true;
                Err(failure(call, "the process crashes before it is done"))
            }
            Some(fault @ (Fault::FailAfter | Fault::CrashAfter)) => Ok(Ending::Fails(fault)),
        }
    }

    /// Ends a call that is done.
    pub(super) fn end<T>(&self, call: Call, ending: &Ending, answer: T) -> Result<T> {
        match ending {
            Ending::AsUsual => Ok(answer),
            Ending::Fails(Fault::CrashAfter) => {
                lock(&self.plan).crashed = true;
                Err(failure(call, "the process crashes after it is done"))
            }
            Ending::Fails(_) => Err(failure(call, "an injected failure after it was done")),
        }
    }
}

fn failure(call: Call, detail: &str) -> Error {
    Error::Engine {
        what: format!("{call:?}"),
        detail: detail.into(),
    }
}
