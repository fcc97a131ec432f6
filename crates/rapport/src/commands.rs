//! What the program can be asked to do, a file each.

use crate::config::Config;
use crate::wiring;
use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use rapport_embedded::Directory;
use rapport_embedded::history::ParquetHistory;
use rapport_flow::archive::Archive;
use rapport_flow::clock::SystemClock;
use std::path::Path;
use std::sync::Arc;

pub(crate) mod backup;
pub(crate) mod bench;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod member;
pub(crate) mod replay;
pub(crate) mod restore;
pub(crate) mod segment;
pub(crate) mod serve;

/// Opens the configured directory to be read, not run. It is there already: of a wrong name nobody
/// wants to hear that it is sound, or have a backup.
async fn at_rest(config: &Config) -> Result<(Archive, ParquetHistory)> {
    let data = &config.server.data;
    if !Directory::is_at(data) {
        let inside = std::fs::read_dir(data).into_iter().flatten().flatten();
        let meant = inside
            .map(|entry| entry.path())
            .find(|path| Directory::is_at(path));
        let help = match meant {
            Some(meant) => format!("did you mean `--data {}`?", meant.display()),
            None => "`--data` says where it is".to_owned(),
        };
        bail!("{} is no data directory: {help}", data.display());
    }
    open_at_rest(data, config).await
}

async fn open_at_rest(data: &Path, config: &Config) -> Result<(Archive, ParquetHistory)> {
    let (roles, history) = wiring::engines(data)?;
    let clock = Arc::new(SystemClock::start());
    let archive = Archive::open(roles, wiring::settings(&config.flow), clock).await?;
    Ok((archive, history))
}

/// A progress bar on the terminal; `None` where the length is not known yet.
fn progress(what: &'static str, of: Option<u64>) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} [{wide_bar}] {human_pos}/{human_len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(of.unwrap_or(0))
        .with_style(style)
        .with_message(what)
}
