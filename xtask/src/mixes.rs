//! `cargo xtask mixes`: the random worlds of the flow again, with far more of them.

use anyhow::Result;

use crate::program;

/// How many worlds without an argument.
const WORLDS: &str = "500";

/// Runs that many worlds through replay and through undo.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let worlds = arguments.first().map_or(WORLDS, String::as_str);
    let tests = ["mixes", "vetoed"];
    program::run(
        program::cargo()
            .args(["test", "-p", "rapport-flow", "--lib", "--"])
            .args(tests)
            .arg("--nocapture")
            .env("RAPPORT_MIXES", worlds),
    )
}
