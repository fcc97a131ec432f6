//! Runs the Rust tests and reads cargo's `test result:` lines.

use anyhow::Result;

use crate::program;
use crate::tally::Tally;

/// Unit, property, conformance and integration tests of every crate.
pub(crate) fn unit() -> Result<Tally> {
    tests(&["test", "--workspace", "--all-targets", "--no-fail-fast"])
}

/// The examples in the documents of the code.
pub(crate) fn examples() -> Result<Tally> {
    tests(&["test", "--workspace", "--doc", "--no-fail-fast"])
}

fn tests(arguments: &[&str]) -> Result<Tally> {
    let mut tally = Tally::default();
    let succeeded = program::watch(program::cargo().args(arguments), |line| {
        if let Some(one) = read_result(line) {
            tally.add(one);
        }
    })?;
    // A test program that died, or one that did not compile, prints no result.
    if !succeeded && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

/// Reads `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out`. Ignored and filtered tests count
/// as failed: nothing may be skipped.
fn read_result(line: &str) -> Option<Tally> {
    let counts = line
        .trim()
        .strip_prefix("test result: ")?
        .split_once(". ")?
        .1;
    let mut tally = Tally::default();
    for part in counts.split(';') {
        let Some((number, word)) = part.trim().split_once(' ') else {
            continue;
        };
        let Ok(number) = number.parse::<u64>() else {
            continue;
        };
        match word {
            "passed" => tally.passed += number,
            "failed" | "ignored" | "filtered out" => tally.failed += number,
            _ => {}
        }
    }
    Some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_line_is_read() {
        let line = "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(
            read_result(line),
            Some(Tally {
                passed: 5,
                failed: 0
            })
        );
    }

    #[test]
    fn what_was_skipped_counts_as_failed() {
        let line = "test result: FAILED. 5 passed; 1 failed; 2 ignored; 0 measured; 3 filtered out; finished in 0.01s";
        assert_eq!(
            read_result(line),
            Some(Tally {
                passed: 5,
                failed: 6
            })
        );
    }

    #[test]
    fn other_lines_are_not_results() {
        assert_eq!(read_result("test identity::resolves ... ok"), None);
    }
}
