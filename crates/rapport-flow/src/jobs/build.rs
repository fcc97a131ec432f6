//! Build: finds in history what a new segment's leaves keep of everybody, range by range.
//!
//! From the moment its rule was put the live fold collects the leaves; this job scans what came
//! before, and the writer unites the two.

use crate::configuration::Configuration;
use crate::error::{Error, Result};
use crate::shared::Shared;
use crate::writer::WriterOrder;
use rapport_core::identity::ProfileNo;
use rapport_core::segment::leaf::Leaves;
use rapport_core::segment::membership::SegmentNo;
use rapport_core::segment::registry::Build;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

mod scan;

pub(crate) use self::scan::scan_range;

/// What leaves keep, by person.
pub(crate) type Kept = BTreeMap<ProfileNo, Leaves>;

/// Origins united in one transaction.
pub(crate) const RANGE: u64 = 4_096;
/// Steps whose origins are scanned in one go: fewer look into the same pages again and again, more
/// keep the writer waiting for the first.
const SCAN: u64 = 4;
/// Scans that are ahead of the writer beside those that every core is at.
const AHEAD: usize = 2;

/// What was found for a range of origins.
#[derive(Debug)]
pub struct Range {
    /// The segment.
    pub segment: SegmentNo,
    /// The version of its rule.
    pub version: u32,
    /// First origin.
    pub from: ProfileNo,
    /// The origin behind the last.
    pub to: ProfileNo,
    /// What the leaves keep, by the profile each event was given to.
    pub kept: Kept,
    /// How many undos there were before the scan.
    pub undos: u64,
}

/// Builds one segment to its end: while the writer unites what was found, every core scans what
/// comes next.
pub(crate) async fn run(
    shared: &Arc<Shared>,
    orders: &mpsc::Sender<WriterOrder>,
    segment: SegmentNo,
    undos: u64,
) -> Result<()> {
    let configuration = shared.configuration();
    let Some(definition) = configuration.registry.course(segment) else {
        return Ok(());
    };
    let Build::Running { cursor, end } = definition.build else {
        return Ok(());
    };
    let mut ahead = Ahead {
        shared: Arc::clone(shared),
        configuration,
        segment,
        next: cursor,
        end,
        scans: VecDeque::new(),
    };
    let mut from = cursor;
    while let Some(found) = ahead.found().await? {
        for kept in found {
            let range = Range {
                segment,
                version: definition.version,
                from,
                to: behind(from, end, RANGE),
                kept,
                undos,
            };
            from = range.to;
            if !unite(orders, range).await? {
                // What was scanned is of other rules, or of other people.
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The end of so many origins from here on.
fn behind(from: ProfileNo, end: ProfileNo, origins: u64) -> ProfileNo {
    ProfileNo(end.0.min(from.0.saturating_add(origins)))
}

/// Scans under way, in order of their origins.
struct Ahead {
    shared: Arc<Shared>,
    configuration: Arc<Configuration>,
    segment: SegmentNo,
    next: ProfileNo,
    end: ProfileNo,
    scans: VecDeque<Scanning>,
}

/// Ends with whoever waits for it.
struct Scanning(JoinHandle<rapport_store::Result<Vec<Kept>>>);

impl Drop for Scanning {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Ahead {
    /// What the next scan found, step by step; `None` behind the last.
    async fn found(&mut self) -> Result<Option<Vec<Kept>>> {
        while self.scans.len() < scan::cores() + AHEAD && self.next < self.end {
            let from = self.next;
            self.next = behind(from, self.end, SCAN * RANGE);
            let scan = scan::steps(
                Arc::clone(&self.shared),
                Arc::clone(&self.configuration),
                self.segment,
                from..self.next,
            );
            self.scans.push_back(Scanning(tokio::spawn(scan)));
        }
        let Some(mut scan) = self.scans.pop_front() else {
            return Ok(None);
        };
        let found = (&mut scan.0).await;
        let found = found.map_err(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Error::Stopping,
        })?;
        Ok(Some(found?))
    }
}

/// Hands what was found to the writer; false where it must be scanned again.
async fn unite(orders: &mpsc::Sender<WriterOrder>, range: Range) -> Result<bool> {
    let (reply, answer) = oneshot::channel();
    orders
        .send(WriterOrder::Build { range, reply })
        .await
        .map_err(|_| Error::Stopping)?;
    answer.await.map_err(|_| Error::Stopping)?
}
