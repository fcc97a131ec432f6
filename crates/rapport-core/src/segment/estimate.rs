//! How many people are like this, when only some were looked at: an estimate and its bounds.

/// What a sample says of everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The most likely number.
    pub size: u64,
    /// The number is at least this, with [`CONFIDENCE`].
    pub low: u64,
    /// The number is at most this, with [`CONFIDENCE`].
    pub high: u64,
}

/// How often bounds hold, over many samples.
pub const CONFIDENCE: f64 = 0.95;

/// The standard normal deviate that belongs to [`CONFIDENCE`], both sides.
const Z: f64 = 1.959_963_984_540_054;

impl Estimate {
    /// Of `looked` out of `all`, `found` were like this. Where everybody was looked at, the number
    /// is known.
    ///
    /// The bounds are the score interval for a share (E. B. Wilson, "Probable inference, the law of
    /// succession, and statistical inference", JASA 22, 1927), the size of the sample corrected for
    /// a finite population (W. G. Cochran, "Sampling Techniques", 3rd ed. 1977, sections 2.6 and
    /// 3.4). Spread evenly over strata of one size, a sample is at least as exact as the one drawn
    /// freely that they are made for (Cochran, section 5.6): they err on the safe side.
    #[must_use]
    pub fn of(found: u64, looked: u64, all: u64) -> Estimate {
        debug_assert!(found <= looked && looked <= all, "a sample is a part");
        if looked >= all {
            let size = found;
            return Estimate {
                size,
                low: size,
                high: size,
            };
        }
        if looked == 0 {
            return Estimate {
                size: 0,
                low: 0,
                high: all,
            };
        }
        let (found_f, looked_f, all_f) = (found as f64, looked as f64, all as f64);
        let share = found_f / looked_f;
        let size = looked_f * (all_f - 1.0) / (all_f - looked_f);
        let scale = 1.0 + Z * Z / size;
        let middle = (share + Z * Z / (2.0 * size)) / scale;
        let spread =
            Z / scale * (share * (1.0 - share) / size + Z * Z / (4.0 * size * size)).sqrt();
        let (low, high) = ((middle - spread).max(0.0), (middle + spread).min(1.0));
        // Those who were looked at are known, whatever the others are.
        let most = all - (looked - found);
        let low = ((low * all_f).floor() as u64).clamp(found, most);
        let high = ((high * all_f).ceil() as u64).clamp(found, most);
        let size = ((share * all_f).round() as u64).clamp(low, high);
        Estimate { size, low, high }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::random::place;

    #[test]
    fn whoever_looks_at_everybody_knows_the_number() {
        for (found, all) in [(0, 0), (0, 7), (3, 7), (7, 7)] {
            let known = Estimate::of(found, all, all);
            assert_eq!((known.low, known.size, known.high), (found, found, found));
        }
    }

    #[test]
    fn who_was_seen_is_within_the_bounds_and_nobody_looked_at_says_nothing() {
        let none = Estimate::of(0, 1_000, 1_000_000);
        assert_eq!((none.low, none.size), (0, 0));
        assert!((2_000..5_000).contains(&none.high), "{none:?}");
        let all = Estimate::of(1_000, 1_000, 1_000_000);
        assert_eq!(all.high, 1_000_000);
        assert!((995_000..999_000).contains(&all.low), "{all:?}");
        let nothing = Estimate::of(0, 0, 50);
        assert_eq!((nothing.low, nothing.high), (0, 50));
        // 999 of 1,000 were looked at: the last one is in or out.
        let nearly = Estimate::of(10, 999, 1_000);
        assert!(nearly.low >= 10 && nearly.high <= 11, "{nearly:?}");
    }

    #[test]
    fn a_larger_sample_has_narrower_bounds() {
        let width = |looked: u64| {
            let estimate = Estimate::of(looked / 10, looked, 1_000_000);
            estimate.high - estimate.low
        };
        assert!(width(100) > 2 * width(1_000));
        assert!(width(1_000) > 2 * width(10_000));
    }

    /// Draws many samples, one number of each stratum, of populations in which people are spread
    /// by lot, and counts how often the bounds hold.
    #[test]
    fn the_bounds_hold_as_often_as_they_say() {
        const ALL: u64 = 20_000;
        for percent in [1, 10, 50, 97] {
            let is_in = |number: u64| {
                u64::from(place("population", crate::identity::ProfileNo(number))) < percent * 100
            };
            let truth = (1..=ALL).filter(|number| is_in(*number)).count() as u64;
            let (mut held, rounds, looked) = (0, 400, 500);
            for round in 0..rounds {
                let draw = |stratum: u64| {
                    let (from, to) = (stratum * ALL / looked, (stratum + 1) * ALL / looked);
                    let lot = crate::identity::ProfileNo(round * looked + stratum);
                    1 + from + u64::from(place("sample", lot)) * (to - from) / 10_000
                };
                let found = (0..looked).filter(|stratum| is_in(draw(*stratum))).count() as u64;
                let estimate = Estimate::of(found, looked, ALL);
                held += u64::from((estimate.low..=estimate.high).contains(&truth));
            }
            assert!(held * 100 >= rounds * 93, "{percent} %: {held} of {rounds}");
        }
    }
}
