//! Seen ids as one sorted map per run.

use super::{Call, Faults, lock, missing};
use crate::Result;
use crate::seen::{Run, Seen, SeenKey};
use async_trait::async_trait;
use rapport_core::time::Millis;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

/// Seen ids in memory.
#[derive(Debug, Default)]
pub struct MemorySeen {
    kept: Mutex<Kept>,
    faults: Faults,
}

#[derive(Debug, Default)]
struct Kept {
    runs: BTreeMap<String, BTreeMap<SeenKey, Millis>>,
    named: u64,
}

impl MemorySeen {
    /// No ids, and failures as planned.
    #[must_use]
    pub fn with_faults(faults: Faults) -> MemorySeen {
        MemorySeen {
            faults,
            ..MemorySeen::default()
        }
    }

    /// Names of every run there is, listed or not.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        lock(&self.kept).runs.keys().cloned().collect()
    }
}

impl Kept {
    fn keep(&mut self, ids: BTreeMap<SeenKey, Millis>) -> Run {
        self.named += 1;
        let moments = || ids.values().copied();
        let run = Run {
            name: format!("{:012}.memory", self.named),
            ids: ids.len() as u64,
            bytes: 20 * ids.len() as u64 + 1,
            received: (
                moments().min().unwrap_or(Millis(0)),
                moments().max().unwrap_or(Millis(0)),
            ),
        };
        self.runs.insert(run.name.clone(), ids);
        run
    }

    fn get(&self, run: &Run) -> Result<&BTreeMap<SeenKey, Millis>> {
        self.runs.get(&run.name).ok_or_else(|| missing(&run.name))
    }
}

#[async_trait]
impl Seen for MemorySeen {
    async fn find(&self, runs: &[Run], keys: &[SeenKey]) -> Result<Vec<Option<Millis>>> {
        let ending = self.faults.begin(Call::FindSeen)?;
        let kept = lock(&self.kept);
        let mut latest = vec![None; keys.len()];
        for run in runs {
            let ids = kept.get(run)?;
            for (key, latest) in keys.iter().zip(&mut latest) {
                *latest = (*latest).max(ids.get(key).copied());
            }
        }
        self.faults.end(Call::FindSeen, &ending, latest)
    }

    async fn write(&self, ids: Vec<(SeenKey, Millis)>) -> Result<Run> {
        let ending = self.faults.begin(Call::WriteSeen)?;
        let run = lock(&self.kept).keep(latest_of(ids));
        self.faults.end(Call::WriteSeen, &ending, run)
    }

    async fn merge(&self, runs: &[Run], oldest: Millis) -> Result<Run> {
        let ending = self.faults.begin(Call::WriteSeen)?;
        let mut kept = lock(&self.kept);
        let mut ids = Vec::new();
        for run in runs {
            ids.extend(kept.get(run)?.iter().map(|(key, moment)| (*key, *moment)));
        }
        ids.retain(|(_, moment)| *moment >= oldest);
        let run = kept.keep(latest_of(ids));
        self.faults.end(Call::WriteSeen, &ending, run)
    }

    async fn remove(&self, names: &[String]) -> Result<()> {
        let ending = self.faults.begin(Call::Remove)?;
        lock(&self.kept)
            .runs
            .retain(|name, _| !names.contains(name));
        self.faults.end(Call::Remove, &ending, ())
    }

    async fn sweep(&self, listed: &BTreeSet<String>) -> Result<u64> {
        let ending = self.faults.begin(Call::Remove)?;
        let mut kept = lock(&self.kept);
        let before = kept.runs.len();
        kept.runs.retain(|name, _| listed.contains(name));
        self.faults
            .end(Call::Remove, &ending, (before - kept.runs.len()) as u64)
    }

    /// Memory has nothing to copy to a disk: this only checks that the runs are there.
    async fn back_up(&self, runs: &[Run], _target: &Path) -> Result<()> {
        let kept = lock(&self.kept);
        runs.iter().try_for_each(|run| kept.get(run).map(|_| ()))
    }
}

fn latest_of(ids: Vec<(SeenKey, Millis)>) -> BTreeMap<SeenKey, Millis> {
    let mut latest: BTreeMap<SeenKey, Millis> = BTreeMap::new();
    for (key, moment) in ids {
        let kept = latest.entry(key).or_insert(moment);
        *kept = (*kept).max(moment);
    }
    latest
}
