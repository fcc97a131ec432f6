//! `rapport replay`: folds every entry of a directory into a fresh one.

use super::{at_rest, open_at_rest, progress};
use crate::cli::Place;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Folds every entry of a directory, in order, into a fresh one: the same profiles, merges and
/// memberships come out. Nothing is sent anywhere. The fresh directory can be served.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The fresh directory; made, or empty.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let config = arguments.place.config()?;
    let (from, _) = at_rest(&config).await?;
    let (mut into, _) = open_at_rest(&arguments.into, &config).await?;
    if into.head() != Default::default() {
        bail!(
            "{} is not empty: replay folds into a fresh directory",
            arguments.into.display()
        );
    }
    let rows = from
        .files()
        .history
        .iter()
        .map(|file| file.rows)
        .sum::<u64>();
    let bar = progress("replaying", Some(rows + from.tail().len() as u64));
    let shown = bar.clone();
    let done = move |done| shown.set_position(done);
    rapport_flow::replay::replay(&from, &mut into, &done)
        .await
        .context("replaying")?;
    bar.finish_and_clear();
    println!(
        "{} holds everything up to entry {}",
        arguments.into.display(),
        into.head()
    );
    Ok(ExitCode::SUCCESS)
}
