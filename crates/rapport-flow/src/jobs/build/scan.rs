//! The scan of a build: what leaves keep of everybody's past, every core reading a part.

use crate::configuration::Configuration;
use crate::shared::Shared;
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_core::segment::catalogue::{Collector, Touched, Wanted};
use rapport_core::segment::leaf::Leaves;
use rapport_core::segment::membership::SegmentNo;
use rapport_store::history::{Entry, File, History, Ownership, Row, Scan, Seen};
use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Origins that are worth a scan of their own.
const PART_MIN: u64 = 16 * 1_024;

/// What the leaves of a segment keep of the origins from `from` to `to`, of the entries up to
/// the one that put its rule. Every core reads a part of the origins.
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
    let collector = Arc::new(Collector::of(&configuration.registry, &leaves));
    if collector.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (files, tail) = snapshot(shared, from, to, definition.since);
    let (files, ownership) = (Arc::new(files), Arc::new(shared.ownership().clone()));
    let part = (to.0 - from.0).div_ceil(cores()).max(PART_MIN);
    let mut parts = JoinSet::new();
    for first in (from.0..to.0).step_by(part as usize) {
        let (from, to) = (ProfileNo(first), ProfileNo(to.0.min(first + part)));
        let mut collecting = Collecting::new(&collector, &ownership, from, to);
        let is_inside = |row: &&Arc<Row>| row.origin.is_some_and(|o| from <= o && o < to);
        for row in tail.iter().filter(is_inside) {
            collecting.take_row(row);
        }
        let scan = scan_of(collector.wanted(), from, to, definition.since);
        let (history, files) = (Arc::clone(&shared.roles.history), Arc::clone(&files));
        parts.spawn(async move { collecting.scan(&*history, &files, &scan).await });
    }
    let mut kept: BTreeMap<ProfileNo, Leaves> = BTreeMap::new();
    while let Some(part) = parts.join_next().await {
        let part = part.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        for (person, leaves) in part {
            match kept.entry(person) {
                Slot::Vacant(slot) => drop(slot.insert(leaves)),
                Slot::Occupied(mut slot) => {
                    let catalogue = &configuration.catalogue;
                    catalogue.unite(slot.get_mut(), &leaves, &mut Touched::default());
                }
            }
        }
    }
    Ok(kept)
}

fn cores() -> u64 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64)
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
        content: wanted.content,
    }
}

/// What leaves keep of a part of the origins.
struct Collecting {
    collector: Arc<Collector>,
    ownership: Arc<Ownership>,
    from: ProfileNo,
    /// By origin, from the first of the part.
    own: Vec<Leaves>,
    /// Of events that an undo gave to somebody outside the part.
    others: BTreeMap<ProfileNo, Leaves>,
}

impl Collecting {
    fn new(
        collector: &Arc<Collector>,
        ownership: &Arc<Ownership>,
        from: ProfileNo,
        to: ProfileNo,
    ) -> Collecting {
        Collecting {
            collector: Arc::clone(collector),
            ownership: Arc::clone(ownership),
            from,
            own: vec![Leaves::default(); (to.0 - from.0) as usize],
            others: BTreeMap::new(),
        }
    }

    fn take_row(&mut self, row: &Row) {
        if let Some(origin) = row.origin {
            self.take(&Seen {
                origin,
                position: row.event.position,
                event: row.event.sighting(),
            });
        }
    }

    fn take(&mut self, seen: &Seen<'_>) {
        let mut given = seen.origin;
        if !self.ownership.moved.is_empty() {
            let place = (seen.origin, seen.position);
            given = self.ownership.moved.get(&place).copied().unwrap_or(given);
        }
        let place = given.0.checked_sub(self.from.0).map(|place| place as usize);
        let into = match place.and_then(|place| self.own.get_mut(place)) {
            Some(into) => into,
            None => self.others.entry(given).or_default(),
        };
        self.collector.observe(into, &seen.event);
    }

    /// Adds what history has; a scan that nobody waits for any more ends soon.
    async fn scan(
        self,
        history: &dyn History,
        files: &[File],
        scan: &Scan,
    ) -> rapport_store::Result<Vec<(ProfileNo, Leaves)>> {
        let from = self.from;
        let (into, collected) = oneshot::channel();
        let mut lent = Lent {
            collecting: Some(self),
            into: Some(into),
        };
        let observer = Box::new(move |seen: &Seen<'_>| lent.take(seen));
        history.scan_people(files, scan, observer).await?;
        let collected = collected.await.map_err(|_| given_up())?;
        let own = (from.0..).map(ProfileNo).zip(collected.own);
        let all = own.chain(collected.others);
        Ok(all.filter(|(_, leaves)| !leaves.is_empty()).collect())
    }
}

/// Collecting while an engine scans; given back when the engine lets go of it.
struct Lent {
    collecting: Option<Collecting>,
    into: Option<oneshot::Sender<Collecting>>,
}

impl Lent {
    fn take(&mut self, seen: &Seen<'_>) -> rapport_store::Result<()> {
        match (&mut self.collecting, &self.into) {
            (Some(collecting), Some(into)) if !into.is_closed() => collecting.take(seen),
            _ => return Err(given_up()),
        }
        Ok(())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(collecting), Some(into)) = (self.collecting.take(), self.into.take()) {
            let _ = into.send(collecting);
        }
    }
}

fn given_up() -> rapport_store::Error {
    rapport_store::Error::Engine {
        what: "a scan for a build".to_owned(),
        detail: "nobody waits for it any more".to_owned(),
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
