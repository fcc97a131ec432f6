//! Build: finds in history what a new segment's leaves keep of everybody, range by range.
//!
//! From the moment its rule was put the live fold collects the leaves; this job scans what came
//! before, and the writer unites the two.

use crate::error::{Error, Result};
use crate::shared::Shared;
use crate::writer::WriterOrder;
use rapport_core::identity::ProfileNo;
use rapport_core::segment::leaf::Leaves;
use rapport_core::segment::membership::SegmentNo;
use rapport_core::segment::registry::Build;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

mod scan;

pub(crate) use self::scan::scan_range;

/// Origins united in one transaction.
const RANGE: u64 = 4_096;
/// Origins scanned in one pass over history.
const PASS: u64 = 32 * RANGE;

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
    pub kept: BTreeMap<ProfileNo, Leaves>,
    /// How many undos there were before the scan.
    pub undos: u64,
}

/// Builds one segment to its end.
pub(crate) async fn run(
    shared: &Arc<Shared>,
    orders: &mpsc::Sender<WriterOrder>,
    segment: SegmentNo,
    undos: u64,
) -> Result<()> {
    let mut ahead = None;
    loop {
        let configuration = shared.configuration();
        let Some(definition) = configuration.registry.course(segment) else {
            return Ok(());
        };
        let Build::Running { cursor: from, end } = definition.build else {
            return Ok(());
        };
        let behind = |from: ProfileNo| ProfileNo(end.0.min(from.0 + PASS));
        let to = behind(from);
        let scan = |from, to| scan_range(shared, &configuration, segment, from, to);
        let kept = match ahead.take() {
            Some(kept) => kept,
            None => scan(from, to).await?,
        };
        let found = Range {
            segment,
            version: definition.version,
            from,
            to,
            kept,
            undos,
        };
        // While the writer unites what was found, the next pass is read.
        let next = async {
            match to < end {
                true => scan(to, behind(to)).await.map(Some),
                false => Ok(None),
            }
        };
        let (united, next) = tokio::join!(unite(orders, found), next);
        if !united? {
            return Ok(());
        }
        ahead = next?;
    }
}

/// Hands what a pass found to the writer, step by step; false where it must be scanned again.
async fn unite(orders: &mpsc::Sender<WriterOrder>, found: Range) -> Result<bool> {
    let (mut start, to) = (found.from, found.to);
    let mut kept = found.kept;
    while start < to {
        let next = ProfileNo(to.0.min(start.0 + RANGE));
        // Events an undo gave to somebody in front of the range go with its first step.
        let rest = match next < to {
            true => kept.split_off(&next),
            // What an undo gave to somebody behind the pass goes with its last step.
            false => BTreeMap::new(),
        };
        let range = Range {
            from: start,
            to: next,
            kept,
            ..found
        };
        kept = rest;
        let (reply, answer) = oneshot::channel();
        orders
            .send(WriterOrder::Build { range, reply })
            .await
            .map_err(|_| Error::Stopping)?;
        if !answer.await.map_err(|_| Error::Stopping)?? {
            return Ok(false);
        }
        start = next;
    }
    Ok(true)
}
