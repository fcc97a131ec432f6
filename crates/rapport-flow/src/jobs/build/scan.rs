//! The scan of a build: what leaves keep of some people's past, by the steps in which it is united.

use super::{Kept, RANGE};
use crate::configuration::Configuration;
use crate::shared::Shared;
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_core::segment::catalogue::{Collector, Wanted};
use rapport_core::segment::leaf::Leaves;
use rapport_core::segment::membership::SegmentNo;
use rapport_store::history::{Entry, File, History, Row, Scan, Seen};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::oneshot;

/// What the leaves of a segment keep of these origins, of the entries up to the one that put its
/// rule: what a step of a build unites, whatever else was scanned with it.
pub(crate) async fn scan_range(
    shared: &Arc<Shared>,
    configuration: &Arc<Configuration>,
    segment: SegmentNo,
    from: ProfileNo,
    to: ProfileNo,
) -> rapport_store::Result<Kept> {
    let scan = Collecting::of(shared, configuration, segment, from..to, to.0 - from.0);
    let found = scan.await?;
    Ok(found.into_iter().next().unwrap_or_default())
}

/// The same for several steps, each by itself.
pub(super) async fn steps(
    shared: Arc<Shared>,
    configuration: Arc<Configuration>,
    segment: SegmentNo,
    origins: Range<ProfileNo>,
) -> rapport_store::Result<Vec<Kept>> {
    Collecting::of(&shared, &configuration, segment, origins, RANGE).await
}

/// How many scans can go on at a time.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The events the leaves can want: a superset, told apart again where they are observed.
fn scan_of(wanted: &Wanted, origins: &Range<ProfileNo>, through: Position) -> Scan {
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
        from: origins.start,
        to: origins.end,
        through,
        names,
        kinds,
        content: wanted.content,
        positions: false,
    }
}

/// What leaves keep of some origins.
struct Collecting {
    collector: Collector,
    /// Events of these origins that an undo gave to somebody else.
    moved: BTreeMap<(ProfileNo, Position), ProfileNo>,
    origins: Range<ProfileNo>,
    /// Origins of a step.
    step: u64,
    /// By origin, from the first on.
    own: Vec<Leaves>,
    /// Of events that an undo gave to somebody outside the step of their origin: by that step.
    others: BTreeMap<(u64, ProfileNo), Leaves>,
}

impl Collecting {
    /// Scans history and its tail, in steps of so many origins.
    async fn of(
        shared: &Arc<Shared>,
        configuration: &Configuration,
        segment: SegmentNo,
        origins: Range<ProfileNo>,
        step: u64,
    ) -> rapport_store::Result<Vec<Kept>> {
        let registry = &configuration.registry;
        let steps = (origins.end.0 - origins.start.0).div_ceil(step.max(1)) as usize;
        let Some(definition) = registry.course(segment) else {
            return Ok(vec![Kept::default(); steps]);
        };
        let collector = Collector::of(registry, &registry.leaves_to_build(segment));
        if collector.is_empty() {
            return Ok(vec![Kept::default(); steps]);
        }
        let (files, tail) = snapshot(shared, &origins, definition.since);
        let moved = moved(shared, &origins);
        let mut scan = scan_of(collector.wanted(), &origins, definition.since);
        scan.positions = !moved.is_empty();
        let count = (origins.end.0 - origins.start.0) as usize;
        let mut collecting = Collecting {
            collector,
            moved,
            origins,
            step: step.max(1),
            own: vec![Leaves::default(); count],
            others: BTreeMap::new(),
        };
        tail.iter().for_each(|row| collecting.take_row(row));
        let collected = collecting
            .scan(&*shared.roles.history, &files, &scan)
            .await?;
        Ok(collected.by_step())
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
        if !self.moved.is_empty() {
            let place = (seen.origin, seen.position);
            given = self.moved.get(&place).copied().unwrap_or(given);
        }
        let (first, step) = (self.origins.start.0, self.step);
        let step_of = |number: ProfileNo| number.0.checked_sub(first).map(|place| place / step);
        let own = match step_of(given) == step_of(seen.origin) {
            true => self.own.get_mut((given.0 - first) as usize),
            false => None,
        };
        let into = match (own, step_of(seen.origin)) {
            (Some(own), _) => own,
            (None, Some(step)) => self.others.entry((step, given)).or_default(),
            // It was not asked for.
            (None, None) => return,
        };
        self.collector.observe(into, &seen.event);
    }

    /// Adds what history has; a scan that nobody waits for any more ends soon.
    async fn scan(
        self,
        history: &dyn History,
        files: &[File],
        scan: &Scan,
    ) -> rapport_store::Result<Collecting> {
        let (into, collected) = oneshot::channel();
        let mut lent = Lent {
            collecting: Some(self),
            into: Some(into),
        };
        let observer = Box::new(move |seen: &Seen<'_>| lent.take(seen));
        history.scan_people(files, scan, observer).await?;
        collected.await.map_err(|_| given_up())
    }

    fn by_step(self) -> Vec<Kept> {
        let first = self.origins.start.0;
        let mut own = (first..).map(ProfileNo).zip(self.own);
        let steps = (self.origins.end.0 - first).div_ceil(self.step);
        let mut others = self.others.into_iter().peekable();
        let kept = (0..steps).map(|step| {
            let of_step = own.by_ref().take(self.step as usize);
            let mut kept: Kept = of_step.filter(|(_, leaves)| !leaves.is_empty()).collect();
            while let Some(((_, person), leaves)) = others.next_if(|((of, _), _)| *of == step) {
                kept.insert(person, leaves);
            }
            kept
        });
        kept.collect()
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

fn moved(
    shared: &Shared,
    origins: &Range<ProfileNo>,
) -> BTreeMap<(ProfileNo, Position), ProfileNo> {
    let all = (origins.start, Position::default())..(origins.end, Position::default());
    let ownership = shared.ownership();
    let moved = ownership.moved.range(all);
    moved.map(|(event, person)| (*event, *person)).collect()
}

/// Files and tail as of one moment, so that no entry is in neither or in both.
fn snapshot(
    shared: &Shared,
    origins: &Range<ProfileNo>,
    through: Position,
) -> (Vec<File>, Vec<Arc<Row>>) {
    let recorded = shared.recorded();
    let wanted = |entry: &Entry| match entry {
        Entry::Event(row)
            if row.origin.is_some_and(|origin| origins.contains(&origin))
                && row.event.position <= through =>
        {
            Some(Arc::clone(row))
        }
        _ => None,
    };
    let tail = recorded.tail.entries().iter().filter_map(wanted).collect();
    (recorded.files.history.clone(), tail)
}
