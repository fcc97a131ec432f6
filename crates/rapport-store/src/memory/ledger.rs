//! The ledger as a list of groups.

use super::{Call, Faults, lock};
use crate::Result;
use crate::ledger::{Ledger, Submission};
use async_trait::async_trait;
use rapport_core::event::Request;
use rapport_core::time::Millis;
use std::path::Path;
use std::sync::Mutex;

/// A ledger in memory.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    kept: Mutex<Kept>,
    faults: Faults,
}

#[derive(Debug, Default)]
struct Kept {
    groups: Vec<Vec<Request>>,
    last: (u64, Millis),
}

impl MemoryLedger {
    /// An empty ledger that fails as planned.
    #[must_use]
    pub fn with_faults(faults: Faults) -> MemoryLedger {
        MemoryLedger {
            faults,
            ..MemoryLedger::default()
        }
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn append(&self, group: Vec<Submission>, now: Millis) -> Result<Vec<Request>> {
        if group.is_empty() {
            return Ok(Vec::new());
        }
        let ending = self.faults.begin(Call::Append)?;
        let mut kept = lock(&self.kept);
        let received = kept.last.1.max(now);
        let requests: Vec<Request> = (kept.last.0 + 1..)
            .zip(group)
            .map(|(number, Submission { origin, body })| Request {
                number,
                received,
                origin,
                body,
            })
            .collect();
        kept.last = (kept.last.0 + requests.len() as u64, received);
        kept.groups.push(requests.clone());
        self.faults.end(Call::Append, &ending, requests)
    }

    async fn read(&self, after: u64, bytes_max: usize) -> Result<Vec<Request>> {
        let ending = self.faults.begin(Call::Read)?;
        let kept = lock(&self.kept);
        let mut requests: Vec<Request> = Vec::new();
        let mut bytes = 0;
        for group in &kept.groups {
            if bytes >= bytes_max && !requests.is_empty() {
                break;
            }
            for request in group.iter().filter(|request| request.number > after) {
                bytes += request.body.len();
                requests.push(request.clone());
            }
        }
        self.faults.end(Call::Read, &ending, requests)
    }

    async fn last(&self) -> Result<(u64, Millis)> {
        Ok(lock(&self.kept).last)
    }

    async fn skip_to(&self, number: u64, received: Millis) -> Result<()> {
        let mut kept = lock(&self.kept);
        if kept.last.0 < number {
            kept.last = (number, kept.last.1.max(received));
        }
        Ok(())
    }

    async fn forget(&self, through: u64, received_before: Millis) -> Result<()> {
        let ending = self.faults.begin(Call::Forget)?;
        lock(&self.kept).groups.retain(|group| {
            group
                .last()
                .is_some_and(|last| last.number > through || last.received >= received_before)
        });
        self.faults.end(Call::Forget, &ending, ())
    }

    async fn probe(&self, _bytes: usize) -> Result<()> {
        let ending = self.faults.begin(Call::Probe)?;
        self.faults.end(Call::Probe, &ending, ())
    }

    async fn size_bytes(&self) -> Result<u64> {
        let kept = lock(&self.kept);
        Ok(kept
            .groups
            .iter()
            .flatten()
            .map(|request| request.body.len() as u64)
            .sum())
    }

    /// Memory has nothing to copy to a disk: this only answers.
    async fn back_up(&self, _target: &Path) -> Result<()> {
        Ok(())
    }
}
