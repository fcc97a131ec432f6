//! How many requests a second are answered, where the operator says how many.

use rapport_core::time::{Millis, SECOND_MS};
use std::sync::{Mutex, PoisonError};

/// Requests of the second under way.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<(i64, u32)>);

impl Meter {
    /// Counts a request; false where the second has had `most`. 0 is no limit.
    pub(super) fn takes(&self, now: Millis, most: u32) -> bool {
        if most == 0 {
            return true;
        }
        let mut meter = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let second = now.0.div_euclid(SECOND_MS);
        if meter.0 != second {
            *meter = (second, 0);
        }
        meter.1 = meter.1.saturating_add(1);
        meter.1 <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_requests() {
        let meter = Meter::default();
        let taken = |ms: i64| meter.takes(Millis(ms), 2);
        assert_eq!([taken(0), taken(500), taken(999)], [true, true, false]);
        assert_eq!([taken(1_000), taken(1_001)], [true, true]);
        assert!((0..1_000).all(|_| meter.takes(Millis(1_002), 0)));
    }
}
