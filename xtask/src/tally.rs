//! How many checks of each suite held, and the closing table.

use std::fmt::Write as _;

/// What one suite came to. A check that did not run counts as one that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Checks that held.
    pub(crate) passed: u64,
    /// Checks that did not hold, or did not run.
    pub(crate) failed: u64,
}

impl Tally {
    /// One check that held.
    pub(crate) const PASSED: Tally = Tally {
        passed: 1,
        failed: 0,
    };
    /// One check that did not.
    pub(crate) const FAILED: Tally = Tally {
        passed: 0,
        failed: 1,
    };

    /// One check from whether it held.
    pub(crate) fn of(held: &anyhow::Result<()>) -> Tally {
        if held.is_ok() {
            Tally::PASSED
        } else {
            Tally::FAILED
        }
    }

    /// Adds another suite's checks to these.
    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The suites of one run in the order they ran.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<(String, Tally, u64)>,
}

impl Table {
    /// Adds a suite and how long it took, in seconds.
    pub(crate) fn push(&mut self, suite: &str, tally: Tally, took_s: u64) {
        self.rows.push((suite.to_owned(), tally, took_s));
    }

    /// All suites together.
    pub(crate) fn sum(&self) -> Tally {
        let mut sum = Tally::default();
        for (_, tally, _) in &self.rows {
            sum.add(*tally);
        }
        sum
    }

    /// The table as text, its last line `N passed, N failed` alone.
    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "\n{:<40} {:>8} {:>8} {:>8}\n",
            "suite", "passed", "failed", "seconds"
        );
        for (suite, tally, took_s) in &self.rows {
            let _ = writeln!(
                text,
                "{suite:<40} {:>8} {:>8} {took_s:>8}",
                tally.passed, tally.failed
            );
        }
        let sum = self.sum();
        let _ = write!(text, "\n{} passed, {} failed", sum.passed, sum.failed);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_sum_alone() {
        let mut table = Table::default();
        table.push(
            "one",
            Tally {
                passed: 3,
                failed: 0,
            },
            1,
        );
        table.push(
            "two",
            Tally {
                passed: 4,
                failed: 2,
            },
            1,
        );
        assert_eq!(table.text().lines().last(), Some("7 passed, 2 failed"));
    }
}
