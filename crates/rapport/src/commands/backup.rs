//! `rapport backup`: a copy of a directory, as of one moment.

use super::at_rest;
use crate::cli::Place;
use anyhow::{Context, Result, bail};
use clap::Args;
use rapport_flow::Files;
use rapport_flow::backup::back_up;
use std::path::PathBuf;
use std::process::ExitCode;

/// Copies a directory that no server has open. One that is being served makes its own backup:
/// POST /api/v1/backups with an API token, and copy the folder it names.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The folder to make; must not exist yet.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let config = arguments.place.config()?;
    if arguments.to.exists() {
        bail!(
            "{} exists already: a backup is never written over",
            arguments.to.display()
        );
    }
    let (archive, _) = at_rest(&config).await?;
    let files = || Files::clone(&archive.files());
    let head = back_up(archive.roles(), &arguments.to, files)
        .await
        .context("backing up")?;
    println!(
        "{} holds everything up to entry {}",
        arguments.to.display(),
        head.position
    );
    Ok(ExitCode::SUCCESS)
}
