//! Build: finds in history what a new segment's leaves keep of everybody, range by range.
//!
//! From the moment its rule was put the live fold collects the leaves; this job scans what came
//! before, and the writer unites the two.

use crate::configuration::Configuration;
use crate::error::{Error, Result};
use crate::shared::Shared;
use crate::writer::WriterOrder;
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_core::segment::catalogue::{Catalogue, Wanted};
use rapport_core::segment::leaf::{LeafNo, Leaves};
use rapport_core::segment::membership::SegmentNo;
use rapport_core::segment::registry::Build;
use rapport_store::history::{Entry, File, Ownership, Row, Scan};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Origins united in one transaction.
const RANGE: u64 = 4_096;
/// Origins scanned in one pass over history.
const PASS: u64 = 64 * RANGE;

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
    loop {
        let configuration = shared.configuration();
        let Some(definition) = configuration.registry.course(segment) else {
            return Ok(());
        };
        let Build::Running { cursor: from, end } = definition.build else {
            return Ok(());
        };
        let version = definition.version;
        let to = ProfileNo(end.0.min(from.0 + PASS));
        let mut kept = scan_range(shared, &configuration, segment, from, to).await?;
        let mut start = from;
        while start < to {
            let next = ProfileNo(to.0.min(start.0 + RANGE));
            // Events an undo gave to somebody in front of the range go with its first step.
            let rest = match next < to {
                true => kept.split_off(&next),
                // What an undo gave to somebody behind the pass goes with its last step.
                false => BTreeMap::new(),
            };
            let range = Range {
                segment,
                version,
                from: start,
                to: next,
                kept,
                undos,
            };
            kept = rest;
            let (reply, answer) = oneshot::channel();
            orders
                .send(WriterOrder::Build { range, reply })
                .await
                .map_err(|_| Error::Stopping)?;
            if !answer.await.map_err(|_| Error::Stopping)?? {
                return Ok(());
            }
            start = next;
        }
    }
}

/// What the leaves of a segment keep of the origins from `from` to `to`, of the entries up to
/// the one that put its rule.
pub(crate) async fn scan_range(
    shared: &Shared,
    configuration: &Configuration,
    segment: SegmentNo,
    from: ProfileNo,
    to: ProfileNo,
) -> rapport_store::Result<BTreeMap<ProfileNo, Leaves>> {
    let Some(definition) = configuration.registry.course(segment) else {
        return Ok(BTreeMap::new());
    };
    let leaves = configuration.registry.leaves_to_build(segment);
    if leaves.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (files, tail) = snapshot(shared, from, to, definition.since);
    let wanted = configuration.catalogue.names_wanted(&leaves);
    let scan = scan_of(&wanted, from, to, definition.since);
    let ownership = shared.ownership().clone();
    let mut collecting = Collecting {
        catalogue: &configuration.catalogue,
        leaves: &leaves,
        ownership: &ownership,
        kept: BTreeMap::new(),
    };
    for row in &tail {
        collecting.take(row);
    }
    let sink = &mut |row: Row| {
        collecting.take(&row);
        Ok(())
    };
    shared
        .roles
        .history
        .scan_people(&files, &scan, sink)
        .await?;
    Ok(collecting.kept)
}

/// The events the leaves can want: a superset, told apart again where they are observed.
fn scan_of(wanted: &Wanted, from: ProfileNo, to: ProfileNo, through: Position) -> Scan {
    let mut kinds: BTreeSet<String> = wanted
        .kinds
        .iter()
        .map(|kind| kind.word().to_owned())
        .collect();
    kinds.extend(wanted.named.iter().map(|(kind, _)| kind.word().to_owned()));
    let names = match wanted.kinds.is_empty() {
        true => wanted
            .named
            .iter()
            .map(|(_, name)| name.to_string())
            .collect(),
        false => BTreeSet::new(),
    };
    Scan {
        from,
        to,
        through,
        names,
        kinds,
    }
}

struct Collecting<'a> {
    catalogue: &'a Catalogue,
    leaves: &'a BTreeSet<LeafNo>,
    ownership: &'a Ownership,
    kept: BTreeMap<ProfileNo, Leaves>,
}

impl Collecting<'_> {
    fn take(&mut self, row: &Row) {
        let Some(origin) = row.origin else { return };
        let place = (origin, row.event.position);
        let given = self.ownership.moved.get(&place).copied().unwrap_or(origin);
        let into = self.kept.entry(given).or_default();
        self.catalogue.observe_only(self.leaves, into, &row.event);
    }
}

/// Files and tail as of one moment, so that no entry is in neither or in both.
fn snapshot(
    shared: &Shared,
    from: ProfileNo,
    to: ProfileNo,
    through: Position,
) -> (Vec<File>, Vec<Arc<Row>>) {
    let recorded = shared.recorded();
    let wanted = |entry: &Entry| match entry {
        Entry::Event(row)
            if row
                .origin
                .is_some_and(|origin| from <= origin && origin < to)
                && row.event.position <= through =>
        {
            Some(Arc::clone(row))
        }
        _ => None,
    };
    let tail = recorded.tail.entries().iter().filter_map(wanted).collect();
    (recorded.files.history.clone(), tail)
}
