//! Builds what the server embeds and Node makes: one npm package each, with a `build` script.

use std::path::PathBuf;

use anyhow::Result;

use crate::needs::{self, Need};
use crate::{places, program};

/// The folders that hold such a package, if they are there.
const PACKAGES: [&str; 2] = ["console", "console/sdk"];

/// Installs and builds every package whose folder is in this repository.
pub(crate) fn build() -> Result<()> {
    for folder in folders() {
        needs::check(&[Need::Node])?;
        program::run(
            program::command("npm")
                .args(["ci", "--no-audit", "--no-fund"])
                .current_dir(&folder),
        )?;
        program::run(
            program::command("npm")
                .args(["run", "build"])
                .current_dir(&folder),
        )?;
    }
    Ok(())
}

fn folders() -> Vec<PathBuf> {
    let all = PACKAGES.iter().map(|name| places::root().join(name));
    all.filter(|folder| folder.join("package.json").exists())
        .collect()
}
