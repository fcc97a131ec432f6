//! `cargo xtask kill` and `cargo xtask power`: the crash tests of CI again, with far more rounds.

use anyhow::Result;

use crate::program;

/// What happens to the program under load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Danger {
    /// kill -9 at a random moment, 50 times.
    Kill,
    /// The power goes, 1,000 times: only what was synced is left.
    Power,
}

/// Runs the crash tests with the long number of rounds; an argument changes that number.
pub(crate) fn run(danger: Danger, arguments: &[String]) -> Result<()> {
    let (filter, variable, rounds) = match danger {
        Danger::Kill => ("kill", "RAPPORT_KILL_ROUNDS", "50"),
        Danger::Power => ("power", "RAPPORT_POWER_CUTS", "1000"),
    };
    let rounds = arguments.first().map_or(rounds, String::as_str);
    program::run(
        program::cargo()
            .args([
                "test",
                "--workspace",
                "--tests",
                filter,
                "--",
                "--nocapture",
            ])
            .env(variable, rounds),
    )
}
