//! Seen ids in immutable sorted runs under `seen/`: about 21 bytes an id.
//!
//! A run holds its ids in pages sorted by key, a filter that knows most strangers, and an index of
//! the pages. Filters of the newest runs stay in memory up to a limit; of older runs single blocks
//! are read from disk. Every page and block carries a checksum.

mod filter;
pub(crate) mod format;
mod merge;
mod run;
#[cfg(test)]
mod tests;
mod write;

use crate::{Directory, disk};
use async_trait::async_trait;
use rapport_core::time::Millis;
use rapport_store::seen::{Run, Seen, SeenKey};
use rapport_store::{Error, Result};
use run::OpenRun;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use write::RunWriter;

/// What the filters in memory take at most.
const FILTER_BYTES_MAX: u64 = 64 << 20;

/// The embedded store of seen ids.
pub struct SeenRuns {
    runs: Arc<Runs>,
    _directory: Directory,
}

impl SeenRuns {
    /// Opens the seen ids of a directory.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn open(directory: &Directory) -> Result<SeenRuns> {
        let runs = Runs::open(directory.seen(), FILTER_BYTES_MAX)?;
        Ok(SeenRuns {
            runs: Arc::new(runs),
            _directory: directory.clone(),
        })
    }

    async fn work<T, J>(&self, job: J) -> Result<T>
    where
        T: Send + 'static,
        J: FnOnce(&Runs) -> Result<T> + Send + 'static,
    {
        let runs = Arc::clone(&self.runs);
        tokio::task::spawn_blocking(move || job(&runs))
            .await
            .unwrap_or_else(|error| {
                Err(Error::Engine {
                    what: "the seen ids".into(),
                    detail: error.to_string(),
                })
            })
    }
}

#[async_trait]
impl Seen for SeenRuns {
    async fn find(&self, runs: &[Run], keys: &[SeenKey]) -> Result<Vec<Option<Millis>>> {
        if runs.is_empty() || keys.is_empty() {
            return Ok(vec![None; keys.len()]);
        }
        let (listed, keys) = (runs.to_vec(), keys.to_vec());
        self.work(move |runs| runs.find(&listed, &keys)).await
    }

    async fn write(&self, ids: Vec<(SeenKey, Millis)>) -> Result<Run> {
        self.work(move |runs| runs.write(ids)).await
    }

    async fn merge(&self, runs: &[Run], oldest: Millis) -> Result<Run> {
        let listed = runs.to_vec();
        self.work(move |runs| runs.merge(&listed, oldest)).await
    }

    async fn remove(&self, names: &[String]) -> Result<()> {
        let names = names.to_vec();
        self.work(move |runs| names.iter().try_for_each(|name| runs.remove(name)))
            .await
    }

    /// Also removes what a write under way has on disk: for the start, before the first write.
    async fn sweep(&self, listed: &BTreeSet<String>) -> Result<u64> {
        let listed = listed.clone();
        self.work(move |runs| runs.sweep(&listed)).await
    }

    /// Gives the runs a second name in the folder `target`, or copies them.
    async fn back_up(&self, runs: &[Run], target: &Path) -> Result<()> {
        let (listed, target) = (runs.to_vec(), target.to_path_buf());
        self.work(move |runs| runs.back_up(&listed, &target)).await
    }
}

/// The files and what is kept of them in memory.
struct Runs {
    folder: PathBuf,
    filter_bytes_max: u64,
    next: AtomicU64,
    opened: Mutex<BTreeMap<String, Arc<OpenRun>>>,
}

impl Runs {
    fn open(folder: PathBuf, filter_bytes_max: u64) -> Result<Runs> {
        let highest = files_in(&folder)?
            .iter()
            .filter_map(|name| number_of(name))
            .max();
        Ok(Runs {
            folder,
            filter_bytes_max,
            next: AtomicU64::new(highest.map_or(1, |number| number + 1)),
            opened: Mutex::default(),
        })
    }

    fn find(&self, listed: &[Run], keys: &[SeenKey]) -> Result<Vec<Option<Millis>>> {
        let mut newest_first: Vec<&Run> = listed.iter().collect();
        newest_first.sort_by_key(|run| Reverse((run.received.1, &run.name)));
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_unstable_by_key(|&place| keys[place]);
        let sorted: Vec<SeenKey> = order.iter().map(|&place| keys[place]).collect();
        let mut latest = vec![None; keys.len()];
        let mut filter_bytes = 0;
        for listed in newest_first {
            let run = self.opened(listed)?;
            filter_bytes += run.filter_bytes();
            if filter_bytes <= self.filter_bytes_max {
                run.keep_filter()?;
            } else {
                run.drop_filter();
            }
            run.find(&sorted, &mut latest)?;
        }
        let mut found = vec![None; keys.len()];
        for (place, moment) in order.into_iter().zip(latest) {
            found[place] = moment;
        }
        Ok(found)
    }

    fn write(&self, mut ids: Vec<(SeenKey, Millis)>) -> Result<Run> {
        ids.sort_unstable_by_key(|(key, moment)| (*key, Reverse(*moment)));
        ids.dedup_by_key(|(key, _)| *key);
        let moments = ids.iter().map(|(_, moment)| *moment);
        let span = (
            moments.clone().min().unwrap_or_default(),
            moments.max().unwrap_or_default(),
        );
        self.write_sorted(ids.len() as u64, span, ids.into_iter().map(Ok))
    }

    fn merge(&self, listed: &[Run], oldest: Millis) -> Result<Run> {
        let runs = listed
            .iter()
            .map(|run| self.opened(run))
            .collect::<Result<Vec<_>>>()?;
        let ids_max = runs.iter().map(|run| run.ids()).sum();
        let first = listed
            .iter()
            .map(|run| run.received.0)
            .min()
            .unwrap_or_default();
        let last = listed
            .iter()
            .map(|run| run.received.1)
            .max()
            .unwrap_or_default();
        let young = |id: &Result<(SeenKey, Millis)>| !matches!(id, Ok((_, at)) if *at < oldest);
        let ids = merge::merge(&runs).filter(young);
        self.write_sorted(ids_max, (first.max(oldest).min(last), last), ids)
    }

    /// Writes at most `ids_max` ids of ascending keys, received within `span`.
    fn write_sorted(
        &self,
        ids_max: u64,
        span: (Millis, Millis),
        ids: impl Iterator<Item = Result<(SeenKey, Millis)>>,
    ) -> Result<Run> {
        let name = format!("{:012}.seen", self.next.fetch_add(1, Ordering::Relaxed));
        let path = self.folder.join(&name);
        let temporary = path.with_extension("tmp");
        let written = RunWriter::create(&temporary, ids_max, span).and_then(|mut writer| {
            ids.into_iter()
                .try_for_each(|id| id.and_then(|(key, at)| writer.push(key, at)))?;
            writer.finish(name)
        });
        match written.and_then(|run| disk::publish(&temporary, &path).map(|()| run)) {
            Ok(run) => Ok(run),
            Err(error) => {
                let _ = disk::remove(&temporary);
                Err(error)
            }
        }
    }

    fn opened(&self, run: &Run) -> Result<Arc<OpenRun>> {
        if let Some(opened) = self.lock().get(&run.name) {
            return Ok(Arc::clone(opened));
        }
        let opened = Arc::new(OpenRun::open(&self.path_of(&run.name)?, run)?);
        self.lock().insert(run.name.clone(), Arc::clone(&opened));
        Ok(opened)
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.path_of(name)?;
        self.lock().remove(name);
        disk::remove(&path)
    }

    fn sweep(&self, listed: &BTreeSet<String>) -> Result<u64> {
        let mut removed = 0;
        for name in files_in(&self.folder)? {
            if !listed.contains(&name) {
                self.remove(&name)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn back_up(&self, listed: &[Run], target: &Path) -> Result<()> {
        disk::make_folder(target)?;
        for run in listed {
            disk::link_or_copy(&self.path_of(&run.name)?, target)?;
        }
        disk::sync_folder(target)
    }

    /// A name is only ever one file of this folder.
    fn path_of(&self, name: &str) -> Result<PathBuf> {
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\']) {
            return Err(Error::Damaged {
                what: format!("the name of seen run {name:?}"),
                detail: "it is not the name of a file".into(),
            });
        }
        Ok(self.folder.join(name))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<OpenRun>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn files_in(folder: &Path) -> Result<Vec<String>> {
    let failed = |error| disk::failure(format!("folder {}", folder.display()), &error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    Ok(names)
}

fn number_of(name: &str) -> Option<u64> {
    name.split('.').next()?.parse().ok()
}
