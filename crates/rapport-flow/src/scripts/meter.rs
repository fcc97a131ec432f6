//! The meter: how much time scripts may take, and when they have taken too much too often.

use std::time::{Duration, Instant};

/// Processor time of one event at most, in microseconds.
pub(crate) const EVENT_US_MAX: u64 = 50_000;
/// What each event adds to what may be taken, in microseconds: the most a source takes on average.
const EVENT_US: u64 = 1_000;
/// What may be saved up, in microseconds.
const SAVED_US_MAX: u64 = 200_000;
/// Events in a row that may take too much.
const STRIKES_MAX: u32 = 5;
/// How long scripts rest behind those.
const REST: Duration = Duration::from_secs(60);

/// Keeps account of what a source's scripts take.
#[derive(Debug)]
pub(crate) struct Meter {
    saved_us: u64,
    strikes: u32,
    rests_until: Option<Instant>,
}

impl Default for Meter {
    fn default() -> Meter {
        Meter {
            saved_us: SAVED_US_MAX,
            strikes: 0,
            rests_until: None,
        }
    }
}

impl Meter {
    /// What the next event may take; `None` while scripts rest.
    pub fn budget_us(&self, now: Instant) -> Option<u64> {
        match self.rests_until {
            Some(until) if now < until => None,
            _ => Some(self.saved_us.clamp(EVENT_US, EVENT_US_MAX)),
        }
    }

    /// Notes what an event took, and whether that was too much; true where scripts rest from here.
    pub fn note(&mut self, spent: Duration, is_excess: bool, now: Instant) -> bool {
        let spent_us = u64::try_from(spent.as_micros()).unwrap_or(u64::MAX);
        self.saved_us = (self.saved_us + EVENT_US)
            .saturating_sub(spent_us)
            .min(SAVED_US_MAX);
        if !is_excess {
            self.strikes = 0;
            self.rests_until = None;
            return false;
        }
        // One more behind a rest is enough for the next.
        self.strikes += 1;
        if self.strikes >= STRIKES_MAX {
            self.rests_until = Some(now + REST);
        }
        self.strikes >= STRIKES_MAX
    }

    /// Whether scripts rest, or have not done well since they last did.
    pub fn is_struck(&self) -> bool {
        self.rests_until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_overruns_again_and_again_rests_and_is_tried_again() {
        let mut meter = Meter::default();
        let start = Instant::now();
        for strike in 1..STRIKES_MAX {
            assert!(
                !meter.note(Duration::from_millis(50), true, start),
                "{strike}"
            );
        }
        assert!(meter.note(Duration::from_millis(50), true, start));
        assert_eq!(meter.budget_us(start), None);
        let later = start + REST;
        assert!(meter.budget_us(later).is_some());
        assert!(meter.note(Duration::from_millis(1), true, later));
        assert_eq!(meter.budget_us(later), None);
        let later = later + REST;
        assert!(!meter.note(Duration::ZERO, false, later));
        assert!(meter.budget_us(later).is_some() && !meter.is_struck());
    }

    #[test]
    fn a_slow_script_gets_its_average_and_no_more() {
        let mut meter = Meter::default();
        let now = Instant::now();
        assert_eq!(meter.budget_us(now), Some(EVENT_US_MAX));
        for _ in 0..100 {
            meter.note(Duration::from_micros(5 * EVENT_US), false, now);
        }
        assert_eq!(meter.budget_us(now), Some(EVENT_US));
        for _ in 0..1_000 {
            meter.note(Duration::ZERO, false, now);
        }
        assert_eq!(meter.budget_us(now), Some(EVENT_US_MAX));
    }
}
