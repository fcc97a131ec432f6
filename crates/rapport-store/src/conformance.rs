//! One suite per role that every engine runs: `conformance::ledger(make)` and so on.
//!
//! `make` gives a fresh, empty engine at every call. A suite panics where an engine breaks the
//! contract of its trait, with the sentence that was broken.

mod history;
mod ledger;
mod records;
mod samples;
mod seen;
mod state;

pub use history::history;
pub use ledger::ledger;
pub use records::{compare as compare_records, records};
pub use samples::{command, event, invalid, origin, submission};
pub use seen::seen;
pub use state::state;
