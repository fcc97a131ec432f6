//! `cargo xtask oracle`: the differential tests of segments and traits again, with far more worlds.

use anyhow::Result;

use crate::program;

/// How many times as many worlds as in CI, without an argument.
const TIMES: &str = "20";

/// Runs that many times the worlds of CI against the oracle.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let times = arguments.first().map_or(TIMES, String::as_str);
    program::run(
        program::cargo()
            .args(["test", "-p", "rapport-core", "--lib", "oracle_tests"])
            .env("RAPPORT_ORACLE", times),
    )
}
