//! `cargo xtask bench`: builds a release and measures it under load.

use anyhow::Result;

use crate::needs::{self, Need};
use crate::{places, program};

/// Runs `rapport bench` of a release build; `arguments` go to it.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    needs::check(&[Need::C])?;
    program::run(program::cargo().args(["build", "--release", "--package", "rapport"]))?;
    let rapport = places::target().join("release/rapport");
    program::run(
        program::command(&rapport.to_string_lossy())
            .arg("bench")
            .args(arguments),
    )
}
