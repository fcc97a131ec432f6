//! Lets the real `rapport doctor --verify` fold a directory again and compare.

use std::path::Path;
use std::process::Command;

/// Runs it on a directory that no process has open.
///
/// # Errors
/// What it found.
pub fn doctor(data: &Path) -> Result<(), String> {
    let ran = Command::new(env!("CARGO_BIN_EXE_rapport"))
        .args(["doctor", "--verify", "--data"])
        .arg(data)
        .output()
        .map_err(|error| format!("`rapport doctor` does not run: {error}"))?;
    let said = String::from_utf8_lossy(&ran.stdout);
    if ran.status.success() && said.lines().any(|line| line == "sound") {
        return Ok(());
    }
    let complained = String::from_utf8_lossy(&ran.stderr);
    Err(format!(
        "`rapport doctor --verify` ended with {}:\n{said}{complained}",
        ran.status
    ))
}
