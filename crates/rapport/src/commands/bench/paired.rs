//! Two ways of doing the same, compared in rounds that alternate: what they come to is the median
//! of the ratios of neighbours, and an interval that says how sure that is.
//!
//! Neighbours share whatever else the machine does and how large the directory has grown, and every
//! other pair is the other way round, so that what only grows favours neither.

use super::traffic::Random;

/// Samples drawn for an interval.
const DRAWS: usize = 4_000;

/// What the ratios of all pairs say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ratio {
    /// Half of the pairs had more.
    pub(super) median: f64,
    /// Where 95 of 100 medians of as many pairs drawn from these lie.
    pub(super) low: f64,
    /// The interval's upper end.
    pub(super) high: f64,
}

impl Ratio {
    /// Compares pairs: the first of each with the second.
    pub(super) fn of(pairs: &[(f64, f64)]) -> Ratio {
        let ratios: Vec<f64> = pairs.iter().map(|(one, other)| one / other).collect();
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut drawn = || {
            let one = |_| ratios[random.below(ratios.len() as u64) as usize];
            median((0..ratios.len()).map(one).collect())
        };
        let mut medians: Vec<f64> = (0..DRAWS).map(|_| drawn()).collect();
        medians.sort_by(f64::total_cmp);
        Ratio {
            median: median(ratios.clone()),
            low: medians[DRAWS / 40],
            high: medians[DRAWS - 1 - DRAWS / 40],
        }
    }
}

/// Whether the first way comes first in this pair.
pub(super) fn is_first(pair: u32) -> bool {
    pair.is_multiple_of(2)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        0 => (values[middle - 1] + values[middle]) / 2.0,
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs whose true ratio is 0.9, each side off by as much as a tenth.
    fn noisy(count: u64) -> Vec<(f64, f64)> {
        let mut random = Random(7);
        let mut off = |value: f64| value * (0.9 + random.below(2_000) as f64 / 10_000.0);
        (0..count).map(|_| (off(90.0), off(100.0))).collect()
    }

    #[test]
    fn the_interval_holds_the_truth_and_shrinks_with_more_pairs() {
        let (few, many) = (Ratio::of(&noisy(12)), Ratio::of(&noisy(300)));
        for ratio in [few, many] {
            assert!(ratio.low <= 0.9 && 0.9 <= ratio.high, "{ratio:?}");
            assert!(ratio.low <= ratio.median && ratio.median <= ratio.high);
        }
        assert!(
            many.high - many.low < (few.high - few.low) / 2.0,
            "{few:?} {many:?}"
        );
    }

    #[test]
    fn without_noise_there_is_no_doubt() {
        let ratio = Ratio::of(&[(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]);
        assert_eq!((ratio.low, ratio.median, ratio.high), (0.5, 0.5, 0.5));
    }
}
