//! What one delivery may cost: steps of evaluation, whatever the body makes of them.

use std::cell::Cell;

/// Steps per delivery. A full delivery of a ready map takes about a tenth of them.
const STEPS: u64 = 2_000_000;
/// Bytes of a value that cost as much as a step.
const BYTES_PER_STEP: u64 = 64;

/// The steps that are left.
pub(super) struct Fuel(Cell<u64>);

impl Fuel {
    pub(super) fn full() -> Fuel {
        Fuel(Cell::new(STEPS))
    }

    /// Takes a step that handles a value of this many bytes.
    pub(super) fn burn(&self, bytes: usize) {
        let cost = 1 + bytes as u64 / BYTES_PER_STEP;
        self.0.set(self.0.get().saturating_sub(cost));
    }

    /// Takes all that is left.
    pub(super) fn drain(&self) {
        self.0.set(0);
    }

    /// Whether nothing is left: what is evaluated from here on is thrown away.
    pub(super) fn is_empty(&self) -> bool {
        self.0.get() == 0
    }
}
