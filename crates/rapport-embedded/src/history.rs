//! History as Parquet files: flushed in the order of the ledger, sorted by person inside a file.
//!
//! Rows are sorted by *origin* (the profile number given when folded), which never changes, so
//! that neither a merge of two people nor its undo moves a row, and a scan of everybody is a merge
//! of sorted files. The survivor at the last rewriting stands in the column `profile`, for those
//! who open the files with other tools.

mod batches;
mod bloom;
mod columns;
mod compact;
mod decode;
mod encode;
pub mod export;
mod fault;
mod find;
mod folder;
mod merge;
mod opened;
mod order;
mod pages;
mod people;
mod run;
mod timeline;

use async_trait::async_trait;
use folder::Folder;
use opened::Cache;
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_store::history::{
    Ask, Entry, File, History, MessageKey, Observer, Ownership, Row, Scan, Sink,
};
use rapport_store::{Error, Result};
use run::Run;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Entries of one flushed file at most; a larger flush makes several.
const FLUSH_ROWS: usize = 1024 * 1024;
/// Chunks that a scan may be ahead of its consumer.
const AHEAD: usize = 4;

/// History in a folder of Parquet files.
#[derive(Clone)]
pub struct ParquetHistory {
    folder: Arc<Folder>,
    cache: Arc<Cache>,
}

impl ParquetHistory {
    /// Opens the folder, made where it is not there.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn open(root: PathBuf) -> Result<ParquetHistory> {
        Ok(ParquetHistory {
            folder: Arc::new(Folder::open(root)?),
            cache: Arc::default(),
        })
    }

    /// Reads these files whole and says what is wrong with them; an empty list is a clean bill.
    ///
    /// # Errors
    /// Where a file cannot be read for a reason that may pass.
    pub async fn check(&self, files: &[File]) -> Result<Vec<String>> {
        let (history, files) = (self.clone(), files.to_vec());
        in_background("checking history", move || {
            let mut found = Vec::new();
            for file in &files {
                match history.folder.verify(&file.name) {
                    Err(damage @ Error::Damaged { .. }) => found.push(damage.to_string()),
                    other => other?,
                }
            }
            Ok(found)
        })
        .await
    }

    fn write_all(&self, mut entries: Vec<Entry>) -> Result<Vec<File>> {
        let mut files = Vec::new();
        for part in entries.chunks_mut(FLUSH_ROWS) {
            match self.write_one(part) {
                Ok(file) => files.push(file),
                Err(error) => {
                    let names: Vec<String> =
                        files.into_iter().map(|file: File| file.name).collect();
                    let _ = self.folder.remove(&names);
                    return Err(error);
                }
            }
        }
        Ok(files)
    }

    fn write_one(&self, entries: &mut [Entry]) -> Result<File> {
        entries.sort_by_cached_key(run::key);
        let mut run = Run::begin(&self.folder)?;
        for entry in entries {
            let profile = match entry {
                Entry::Event(row) => row.origin,
                Entry::Command(_) => None,
            };
            run.push(entry, profile)?;
        }
        run.finish(&self.folder, 0)
    }
}

#[async_trait]
impl History for ParquetHistory {
    async fn write(&self, entries: Vec<Entry>) -> Result<Vec<File>> {
        let history = self.clone();
        in_background("writing history", move || history.write_all(entries)).await
    }

    async fn compact(&self, files: &[File], ownership: &Ownership, level: u8) -> Result<Vec<File>> {
        let (history, files, ownership) = (self.clone(), files.to_vec(), ownership.clone());
        in_background("compacting history", move || {
            compact::merge(&history.cache, &history.folder, &files, &ownership, level)
        })
        .await
    }

    async fn remove(&self, names: &[String]) -> Result<()> {
        let (history, names) = (self.clone(), names.to_vec());
        in_background("removing history files", move || {
            history.cache.forget(&names);
            history.folder.remove(&names)
        })
        .await
    }

    async fn sweep(&self, listed: &BTreeSet<String>) -> Result<u64> {
        let (history, listed) = (self.clone(), listed.clone());
        in_background("sweeping history", move || {
            let mut names = history.folder.names()?;
            names.retain(|name| !listed.contains(name));
            history.cache.forget(&names);
            history.folder.remove(&names)?;
            Ok(names.len() as u64)
        })
        .await
    }

    async fn timeline(
        &self,
        files: &[File],
        origins: &[ProfileNo],
        ask: &Ask,
    ) -> Result<Vec<Arc<Row>>> {
        let (history, files) = (self.clone(), files.to_vec());
        let (origins, ask) = (origins.to_vec(), ask.clone());
        in_background("reading a timeline", move || {
            timeline::read(&history.cache, &history.folder, &files, &origins, &ask)
        })
        .await
    }

    async fn find(&self, files: &[File], ids: &[MessageKey]) -> Result<Vec<bool>> {
        let (history, files, ids) = (self.clone(), files.to_vec(), ids.to_vec());
        in_background("looking up message ids", move || {
            find::find(&history.cache, &history.folder, &files, &ids)
        })
        .await
    }

    async fn scan_people(&self, files: &[File], scan: &Scan, observer: Observer) -> Result<()> {
        let (history, files, scan) = (self.clone(), files.to_vec(), scan.clone());
        in_background("scanning people", move || {
            people::scan(&history.cache, &history.folder, &files, &scan, observer)
        })
        .await
    }

    async fn scan_order(
        &self,
        files: &[File],
        after: Position,
        sink: Sink<'_, Entry>,
    ) -> Result<()> {
        let (history, files) = (self.clone(), files.to_vec());
        in_step("scanning history", sink, move |emit| {
            order::scan(
                &history.cache,
                &history.folder,
                &files,
                after,
                order::BUDGET,
                emit,
            )
        })
        .await
    }

    async fn back_up(&self, files: &[File], target: &Path) -> Result<()> {
        let (history, files, target) = (self.clone(), files.to_vec(), target.to_owned());
        in_background("backing up history", move || {
            files
                .iter()
                .try_for_each(|file| history.folder.copy(&file.name, &target))
        })
        .await
    }
}

/// Runs blocking work off the threads that serve requests.
async fn in_background<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        Err(Error::Engine {
            what: what.to_owned(),
            detail: error.to_string(),
        })
    })
}

/// Runs a blocking scan in the background, a few chunks ahead of its consumer.
async fn in_step<T: Send + 'static>(
    what: &str,
    sink: Sink<'_, T>,
    scan: impl FnOnce(order::Emit<'_, T>) -> Result<()> + Send + 'static,
) -> Result<()> {
    let (chunks, mut read) = mpsc::channel::<Vec<T>>(AHEAD);
    let scanning = in_background(what, move || {
        scan(&mut |chunk| match chunks.blocking_send(chunk) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        })
    });
    let consuming = async move {
        while let Some(chunk) = read.recv().await {
            chunk.into_iter().try_for_each(&mut *sink)?;
        }
        Ok(())
    };
    let (scanned, consumed) = tokio::join!(scanning, consuming);
    consumed.and(scanned)
}

#[cfg(test)]
mod tests;
