//! `rapport doctor`: whether a directory is sound.

use super::{at_rest, open_at_rest, progress};
use crate::cli::Place;
use anyhow::{Context, Result};
use clap::Args;
use rapport_flow::archive::Archive;
use rapport_flow::check::check;
use rapport_flow::dump::{difference, dump, spell};
use std::process::ExitCode;

/// Differences spelled out at most.
const SPELLED: usize = 5;

/// Checks a directory that no server has open: the engines' own structures, and whether profiles,
/// identifiers, redirects, member lists and timers agree. Ends with 1 where they do not.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Also folds every entry again into a temporary directory beside it, and compares what
    /// comes out with what is there.
    #[arg(long)]
    verify: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let config = arguments.place.config()?;
    let (archive, _) = at_rest(&config).await?;
    let waiting = archive
        .last_request()
        .await?
        .saturating_sub(archive.head().request);
    println!(
        "{}: entry {}, {} files of history, {} entries in the tail, {waiting} requests to fold",
        config.server.data.display(),
        archive.head(),
        archive.files().history.len(),
        archive.tail().len(),
    );
    let mut findings = check(&archive).await.context("checking")?;
    if arguments.verify {
        let beside = config.server.data.join("verify.tmp");
        let _ = std::fs::remove_dir_all(&beside);
        let verified = verify(&archive, &beside, &config).await;
        let _ = std::fs::remove_dir_all(&beside);
        findings.extend(verified?);
    }
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("sound");
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "{} findings; a backup and `rapport replay` are the way back",
        findings.len()
    );
    Ok(ExitCode::FAILURE)
}

async fn verify(
    live: &Archive,
    beside: &std::path::Path,
    config: &crate::config::Config,
) -> Result<Vec<String>> {
    let (mut again, _) = open_at_rest(beside, config).await?;
    let rows = live
        .files()
        .history
        .iter()
        .map(|file| file.rows)
        .sum::<u64>();
    let bar = progress("folding again", Some(rows + live.tail().len() as u64));
    let shown = bar.clone();
    let done = move |done| shown.set_position(done);
    rapport_flow::replay::replay(live, &mut again, &done)
        .await
        .context("folding again")?;
    bar.finish_and_clear();
    let at = live.received().max(again.received());
    let names = difference(&dump(live, at).await?, &dump(&again, at).await?);
    let some: Vec<String> = names.iter().take(SPELLED).cloned().collect();
    let (there, folded) = (
        spell(live, at, &some).await?,
        spell(&again, at, &some).await?,
    );
    let nothing = "nothing".to_owned();
    let mut findings: Vec<String> = some
        .iter()
        .map(|name| {
            let is = there.get(name).unwrap_or(&nothing);
            let folded = folded.get(name).unwrap_or(&nothing);
            format!("{name} is\n{is}\nand folds to\n{folded}")
        })
        .collect();
    findings.extend(
        names
            .iter()
            .skip(SPELLED)
            .map(|name| format!("{name} differs, too")),
    );
    Ok(findings)
}
