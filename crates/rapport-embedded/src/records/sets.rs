//! Which rows pass a test, kept in memory and in step with commits.
//!
//! Lists ask the same tests over and over: not archived, of this owner, in this stage. Each is a
//! bitmap of ids that a commit touches only where it changes that column, so a page of a list is
//! an intersection, and its total is exact. A set that is not asked for goes when room is needed.

use rapport_store::records::{Cell, Comparison, RecordWrite, Test};
use roaring::RoaringTreemap;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Memory that kept sets take at most.
const BYTES_MAX: usize = 48 << 20;
/// Sets kept at most: each change of a row looks at those of its object.
const KEPT_MAX: usize = 512;
/// A set read faster than this is the first to go: it is as soon read again.
const DEAR: Duration = Duration::from_millis(1);

/// What a set holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Every row.
    Everyone,
    /// Rows whose value passes a test, which no missing value passes.
    Column(u16, Test),
}

/// The sets of all objects.
#[derive(Default)]
pub(crate) struct Sets(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    kept: BTreeMap<u32, Vec<Kept>>,
    builds: Vec<Build>,
    /// Numbers of builds, and the clock by which sets grow old.
    ticks: u64,
}

struct Kept {
    of: Of,
    ids: Arc<RoaringTreemap>,
    bytes: usize,
    is_dear: bool,
    used: u64,
}

/// A set that somebody reads from the rows just now, and what commits changed meanwhile.
struct Build {
    number: u64,
    object: u32,
    of: Of,
    began: Instant,
    changes: Vec<(u64, bool)>,
    is_void: bool,
}

/// The right to publish a set: begun before its rows are read.
#[derive(Debug)]
pub(super) struct Begun(u64);

impl Sets {
    /// A kept set.
    pub(super) fn get(&self, object: u32, of: &Of) -> Option<Arc<RoaringTreemap>> {
        let mut inner = self.lock();
        inner.ticks += 1;
        let now = inner.ticks;
        let kept = inner.kept.get_mut(&object)?;
        let found = kept.iter_mut().find(|kept| kept.of == *of)?;
        found.used = now;
        Some(Arc::clone(&found.ids))
    }

    /// The kept set of the same comparison with the nearest other number.
    pub(super) fn near(
        &self,
        object: u32,
        column: u16,
        comparison: Comparison,
        number: f64,
    ) -> Option<(Cell, Arc<RoaringTreemap>)> {
        let inner = self.lock();
        let near = inner
            .kept
            .get(&object)?
            .iter()
            .filter_map(|kept| match &kept.of {
                Of::Column(of, Test::Compare(like, cell))
                    if (*of, *like) == (column, comparison) =>
                {
                    Some(((cell.as_number()? - number).abs(), cell, &kept.ids))
                }
                Of::Column(..) | Of::Everyone => None,
            });
        let (_, cell, ids) = near.min_by(|left, right| left.0.total_cmp(&right.0))?;
        Some((cell.clone(), Arc::clone(ids)))
    }

    /// Begins to read a set: to be called before the snapshot that it is read from.
    pub(super) fn begin(&self, object: u32, of: &Of) -> Begun {
        let mut inner = self.lock();
        inner.ticks += 1;
        let number = inner.ticks;
        inner.builds.push(Build {
            number,
            object,
            of: of.clone(),
            began: Instant::now(),
            changes: Vec::new(),
            is_void: false,
        });
        Begun(number)
    }

    /// Keeps a set that was read, with what commits changed since it was begun; gives it back.
    pub(super) fn publish(&self, begun: &Begun, mut ids: RoaringTreemap) -> Arc<RoaringTreemap> {
        let mut inner = self.lock();
        let Some(build) = inner.end(begun) else {
            return Arc::new(ids);
        };
        for (id, passes) in &build.changes {
            set(&mut ids, *id, *passes);
        }
        ids.optimize();
        let ids = Arc::new(ids);
        if build.is_void {
            return ids;
        }
        let used = inner.ticks;
        let kept = inner.kept.entry(build.object).or_default();
        kept.retain(|kept| kept.of != build.of);
        kept.push(Kept {
            bytes: ids.serialized_size() + build.of.bytes(),
            of: build.of,
            ids: Arc::clone(&ids),
            is_dear: build.began.elapsed() >= DEAR,
            used,
        });
        inner.make_room();
        ids
    }

    /// Gives up a set that could not be read.
    pub(super) fn give_up(&self, begun: &Begun) {
        self.lock().end(begun);
    }

    /// Takes over what a commit changed: after it is visible, before anybody is told.
    pub(crate) fn note(&self, records: &[RecordWrite]) {
        let mut inner = self.lock();
        for write in records {
            inner.note(write);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn end(&mut self, begun: &Begun) -> Option<Build> {
        let place = self
            .builds
            .iter()
            .position(|build| build.number == begun.0)?;
        Some(self.builds.swap_remove(place))
    }

    fn note(&mut self, write: &RecordWrite) {
        let (object, id) = match write {
            RecordWrite::Put { object, id, .. } | RecordWrite::Delete { object, id } => {
                (*object, *id)
            }
            RecordWrite::Undefine { object, column } => return self.forget(*object, *column),
            _ => return,
        };
        for kept in self.kept.get_mut(&object).into_iter().flatten() {
            let passes = kept.of.passes(write);
            if let Some(passes) = passes.filter(|passes| *passes != kept.ids.contains(id)) {
                set(Arc::make_mut(&mut kept.ids), id, passes);
            }
        }
        for build in self
            .builds
            .iter_mut()
            .filter(|build| build.object == object)
        {
            let passes = build.of.passes(write);
            build.changes.extend(passes.map(|passes| (id, passes)));
        }
    }

    fn forget(&mut self, object: u32, column: u16) {
        let is_of = |of: &Of| matches!(of, Of::Column(tested, _) if *tested == column);
        if let Some(kept) = self.kept.get_mut(&object) {
            kept.retain(|kept| !is_of(&kept.of));
        }
        let builds = self
            .builds
            .iter_mut()
            .filter(|build| build.object == object);
        builds
            .filter(|build| is_of(&build.of))
            .for_each(|build| build.is_void = true);
    }

    /// Lets sets go: those that are soon read again, then those not asked for the longest.
    fn make_room(&mut self) {
        loop {
            let all = || self.kept.values().flatten();
            let bytes: usize = all().map(|kept| kept.bytes).sum();
            if bytes <= BYTES_MAX && all().count() <= KEPT_MAX {
                return;
            }
            let next = all().map(|kept| (kept.is_dear, kept.used)).min();
            for kept in self.kept.values_mut() {
                kept.retain(|kept| Some((kept.is_dear, kept.used)) != next);
            }
        }
    }
}

impl Of {
    /// About what it takes itself.
    fn bytes(&self) -> usize {
        let of_cell = |cell: &Cell| match cell {
            Cell::Text(text) => 32 + text.len(),
            Cell::Null | Cell::Number(_) | Cell::Integer(_) => 32,
        };
        let of_texts = |texts: &[Box<str>]| texts.iter().map(|text| 16 + text.len()).sum();
        match self {
            Of::Everyone | Of::Column(_, Test::Has | Test::HasNot) => 0,
            Of::Column(_, Test::Compare(_, cell)) => of_cell(cell),
            Of::Column(_, Test::In(cells) | Test::NotIn(cells)) => cells.iter().map(of_cell).sum(),
            Of::Column(_, Test::Between(low, high)) => of_cell(low) + of_cell(high),
            Of::Column(_, Test::Prefix(text) | Test::Token(text) | Test::NoToken(text)) => {
                text.len()
            }
            Of::Column(_, Test::Option(options)) => of_texts(options),
        }
    }

    /// Whether the row of a change passes afterwards; `None` where that did not change.
    fn passes(&self, write: &RecordWrite) -> Option<bool> {
        match (self, write) {
            (_, RecordWrite::Delete { .. }) => Some(false),
            (Of::Everyone, RecordWrite::Put { .. }) => Some(true),
            (Of::Column(column, test), RecordWrite::Put { cells, .. }) => {
                let last = cells.iter().rev().find(|(put, _)| put == column);
                last.map(|(_, cell)| test.holds(cell))
            }
            _ => None,
        }
    }
}

fn set(ids: &mut RoaringTreemap, id: u64, passes: bool) {
    if passes {
        ids.insert(id);
    } else {
        ids.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(id: u64, stage: &str) -> RecordWrite {
        RecordWrite::Put {
            object: 3,
            id,
            cells: vec![(16, Cell::text(stage))],
        }
    }

    fn won() -> Of {
        let test = Test::Compare(Comparison::Equal, Cell::text("won"));
        Of::Column(16, test)
    }

    fn kept(sets: &Sets) -> Vec<u64> {
        sets.get(3, &won()).unwrap().iter().collect()
    }

    #[test]
    fn what_commits_change_while_a_set_is_read_is_in_it() {
        let sets = Sets::default();
        let begun = sets.begin(3, &won());
        sets.note(&[put(1, "lost"), put(2, "won"), put(2, "lost"), put(3, "won")]);
        let read = RoaringTreemap::from_iter([1, 2, 9]);
        assert_eq!(
            sets.publish(&begun, read).iter().collect::<Vec<_>>(),
            [3, 9]
        );
        sets.note(&[put(1, "won"), RecordWrite::Delete { object: 3, id: 9 }]);
        assert_eq!(kept(&sets), [1, 3]);
    }

    #[test]
    fn a_column_that_is_gone_takes_its_sets_along() {
        let sets = Sets::default();
        let begun = sets.begin(3, &won());
        let again = sets.begin(3, &won());
        sets.publish(&begun, RoaringTreemap::from_iter([1]));
        sets.note(&[RecordWrite::Undefine {
            object: 3,
            column: 16,
        }]);
        assert!(sets.get(3, &won()).is_none());
        sets.publish(&again, RoaringTreemap::from_iter([1]));
        assert!(sets.get(3, &won()).is_none(), "nor is it published later");
    }

    #[test]
    fn their_number_is_bounded() {
        let sets = Sets::default();
        for day in 0..2_000 {
            let of = Of::Column(17, Test::In(vec![Cell::Integer(day)]));
            let begun = sets.begin(3, &of);
            sets.publish(&begun, RoaringTreemap::new());
        }
        let kept = sets.lock().kept.values().flatten().count();
        assert_eq!(kept, KEPT_MAX);
    }

    #[test]
    fn memory_is_bounded() {
        let sets = Sets::default();
        let large: RoaringTreemap = (0..800_000).map(|id| id * 30).collect();
        let each = large.serialized_size();
        let of = |column| Of::Column(column, Test::Has);
        for column in 16..80 {
            let begun = sets.begin(3, &of(column));
            sets.publish(&begun, large.clone());
        }
        let here = (16..80).filter(|column| sets.get(3, &of(*column)).is_some());
        let here: Vec<u16> = here.collect();
        assert!(
            here.len() * each <= BYTES_MAX && here.len() > 20,
            "{here:?}"
        );
    }

    #[test]
    fn what_is_soon_read_again_goes_first_and_then_the_oldest() {
        let kept = |column, is_dear, used| Kept {
            of: Of::Column(column, Test::Has),
            ids: Arc::default(),
            bytes: BYTES_MAX / 2,
            is_dear,
            used,
        };
        let mut inner = Inner::default();
        let all = vec![
            kept(16, true, 1),
            kept(17, true, 3),
            kept(18, false, 4),
            kept(19, true, 2),
        ];
        inner.kept.insert(3, all);
        inner.make_room();
        let left: Vec<_> = inner.kept[&3].iter().map(|kept| kept.used).collect();
        assert_eq!(left, [3, 2]);
    }
}
