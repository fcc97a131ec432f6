//! `rapport restore`: makes a data directory of a backup.

use super::at_rest;
use crate::cli::Place;
use anyhow::{Context, Result, bail};
use clap::Args;
use rapport_flow::check::check;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Makes a data directory of a backup and checks it. The backup stays as it is.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The backup's folder.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let config = arguments.place.config()?;
    let data = &config.server.data;
    let taken = std::fs::read_dir(data).is_ok_and(|mut inside| inside.next().is_some());
    if taken {
        bail!(
            "{} is not empty: restore into a fresh directory",
            data.display()
        );
    }
    if !arguments.from.join("state.db").is_file() {
        bail!(
            "{} is no backup: it has no state.db",
            arguments.from.display()
        );
    }
    copy(&arguments.from, data).context("copying the backup")?;
    let (mut archive, _) = at_rest(&config).await?;
    archive.sign_everybody_out().await?;
    let findings = check(&archive).await?;
    for finding in &findings {
        println!("{finding}");
    }
    println!(
        "{} holds everything up to entry {}",
        data.display(),
        archive.head()
    );
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
            std::fs::File::open(&target)?.sync_all()?;
        }
    }
    std::fs::File::open(to)?.sync_all()
}
