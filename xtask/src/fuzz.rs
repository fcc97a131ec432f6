//! `cargo xtask fuzz [minutes]`: broken input for every parser, for as long as you like.

use anyhow::{Context, Result};

use crate::program;

/// How long it runs without an argument.
const MINUTES: u64 = 5;

/// Runs the mutation loops in release; each minute begins with other seeds.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let minutes = match arguments.first() {
        Some(text) => text
            .parse()
            .with_context(|| format!("{text} is no number of minutes"))?,
        None => MINUTES,
    };
    let seconds = (minutes * 60).to_string();
    program::run(program::cargo().args(["run", "--release", "-p", "fuzz", "--", &seconds]))
}
