//! One question: a snapshot that never lasts long, and the sets its filter is made of.

use super::Shelf;
use super::catalog::{Catalog, index_name};
use super::sets::Of;
use super::{select, test};
use rapport_store::records::Test;
use roaring::RoaringTreemap;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a snapshot lasts before another is begun, so that the log can start over.
const SNAPSHOT: Duration = Duration::from_millis(1_000);
/// Rows read between two looks at the clock.
pub(super) const SLICE: u32 = 20_000;
/// Fewer rows need no index.
const SMALL: u64 = 2_000;

/// A question under way on a reader's connection.
pub(super) struct Asking<'a> {
    pub(super) connection: &'a Connection,
    pub(super) shelf: &'a Shelf,
    pub(super) catalog: Arc<Catalog>,
    began: Instant,
    /// Indexes that would have helped.
    missed: BTreeSet<Missed>,
}

/// An index that is not there: the object and the columns of its table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Missed {
    pub(super) object: u32,
    pub(super) names: Vec<String>,
}

impl<'a> Asking<'a> {
    /// Begins a snapshot. What there is, is looked up before it: columns only come.
    pub(super) fn begin(connection: &'a Connection, shelf: &'a Shelf) -> rusqlite::Result<Self> {
        let catalog = shelf.catalog();
        connection.execute_batch("BEGIN")?;
        Ok(Asking {
            connection,
            shelf,
            catalog,
            began: Instant::now(),
            missed: BTreeSet::new(),
        })
    }

    /// Begins another snapshot where this one lasted long. No statement may be under way.
    pub(super) fn breathe(&mut self) -> rusqlite::Result<()> {
        if self.began.elapsed() < SNAPSHOT {
            return Ok(());
        }
        self.connection.execute_batch("COMMIT; BEGIN")?;
        self.began = Instant::now();
        Ok(())
    }

    /// Every row of an object.
    pub(super) fn everyone(&mut self, object: u32) -> rusqlite::Result<Arc<RoaringTreemap>> {
        self.set(object, Of::Everyone)
    }

    /// The rows whose value passes a test that no missing value passes.
    pub(super) fn passing(
        &mut self,
        object: u32,
        column: u16,
        test: Test,
    ) -> rusqlite::Result<Arc<RoaringTreemap>> {
        debug_assert!(test != Test::HasNot, "a missing value passes it");
        self.set(object, Of::Column(column, test))
    }

    fn set(&mut self, object: u32, of: Of) -> rusqlite::Result<Arc<RoaringTreemap>> {
        if let Some(ids) = self.shelf.sets.get(object, &of) {
            return Ok(ids);
        }
        if !self.catalog.objects.contains_key(&object) {
            return Ok(Arc::default());
        }
        let begun = self.shelf.sets.begin(object, &of);
        // A snapshot from before could miss a commit that was noted before the set was begun.
        self.connection.execute_batch("COMMIT; BEGIN")?;
        self.began = Instant::now();
        let read = match &of {
            Of::Everyone => select::everyone(self, object),
            Of::Column(column, test) => test::passing(self, object, *column, test),
        };
        match read {
            Ok(ids) => Ok(self.shelf.sets.publish(&begun, ids)),
            Err(error) => {
                self.shelf.sets.give_up(&begun);
                Err(error)
            }
        }
    }

    /// The index of these columns; where it is not there, that is remembered.
    pub(super) fn index(&mut self, object: u32, names: &[&str]) -> Option<String> {
        let index = index_name(object, &names.join("_"));
        if self.catalog.indexes.contains(&index) {
            return Some(index);
        }
        let names = names.iter().map(|&name| name.to_owned()).collect();
        self.missed.insert(Missed { object, names });
        None
    }

    /// Ends the question; says which indexes would have helped with a large table.
    pub(super) fn end(self) -> Vec<Missed> {
        let is_large = |missed: &Missed| {
            let everyone = self.shelf.sets.get(missed.object, &Of::Everyone);
            everyone.is_some_and(|ids| ids.len() > SMALL)
        };
        let missed = self.missed.iter().filter(|missed| is_large(missed));
        missed.cloned().collect()
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        // Nothing was written; a connection that cannot even do this is of no use to the next.
        let _ = self.connection.execute_batch("COMMIT");
    }
}
