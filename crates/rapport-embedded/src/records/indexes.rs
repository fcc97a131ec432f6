//! Indexes made on demand: when questions have missed one a few times.

use super::asking::Missed;
use super::{Shelf, catalog};
use crate::sqlite::Queue;
use rapport_store::Result;
use rusqlite::Connection;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How often an index is missed before it is made.
const MISSES: u32 = 2;

/// What is missed, and what is being made.
#[derive(Default)]
pub(super) struct Indexes(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// How often an index would have helped; those ordered are beyond counting.
    missed: BTreeMap<Missed, u32>,
    waiting: VecDeque<Missed>,
    is_making: bool,
}

impl Indexes {
    /// Counts misses; says whether somebody must begin to make what is worth it by now.
    fn miss(&self, missed: Vec<Missed>) -> bool {
        let mut inner = self.lock();
        for one in missed {
            let count = inner.missed.entry(one.clone()).or_default();
            *count += 1;
            if *count == MISSES {
                inner.waiting.push_back(one);
            }
        }
        let begins = !inner.is_making && !inner.waiting.is_empty();
        inner.is_making |= begins;
        begins
    }

    /// The next to make; `None` ends the making.
    fn next(&self) -> Option<Missed> {
        let mut inner = self.lock();
        let next = inner.waiting.pop_front();
        inner.is_making = next.is_some();
        next
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes what a question missed, and has the writer make what is missed often.
pub(super) fn miss(
    shelf: &Arc<Shelf>,
    queue: &Queue,
    what: &str,
    missed: Vec<Missed>,
) -> Result<()> {
    if missed.is_empty() || !shelf.indexes.miss(missed) {
        return Ok(());
    }
    order(Arc::clone(shelf), queue.clone(), what.to_owned())
}

/// Puts the making of one index at the end of the writer's queue, in a transaction of its own. The
/// next is put behind it, and so behind whatever waits by then.
fn order(shelf: Arc<Shelf>, queue: Queue, what: String) -> Result<()> {
    let behind = queue.clone();
    queue.put(move |connection| {
        if let Some(wanted) = shelf.indexes.next() {
            make(connection, &shelf, &what, &wanted);
            // Where the queue is closed nobody misses anything any more.
            let _ = order(shelf, behind, what);
        }
    })
}

fn make(connection: &Connection, shelf: &Shelf, what: &str, wanted: &Missed) {
    let names: Vec<&str> = wanted.names.iter().map(String::as_str).collect();
    let index = catalog::index_name(wanted.object, &names.join("_"));
    let began = std::time::Instant::now();
    match connection.execute_batch(&catalog::index(wanted.object, &names)) {
        Ok(()) => {
            let mut catalog = shelf.catalog();
            Arc::make_mut(&mut catalog).indexes.insert(index.clone());
            shelf.note(catalog, &[]);
            let ms = began.elapsed().as_millis();
            tracing::info!(index, ms, "made an index for records");
        }
        // A column may be gone by now; questions do without.
        Err(error) => tracing::warn!(%error, what, index, "an index could not be made"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missed(name: &str) -> Missed {
        Missed {
            object: 3,
            names: vec![name.to_owned()],
        }
    }

    #[test]
    fn an_index_is_made_once_and_one_at_a_time() {
        let indexes = Indexes::default();
        assert!(!indexes.miss(vec![missed("a"), missed("b")]));
        assert!(indexes.miss(vec![missed("a")]), "the second miss");
        assert!(
            !indexes.miss(vec![missed("a"), missed("b")]),
            "somebody makes already"
        );
        assert_eq!(indexes.next(), Some(missed("a")));
        assert_eq!(indexes.next(), Some(missed("b")));
        assert_eq!(indexes.next(), None);
        assert!(!indexes.miss(vec![missed("a"), missed("c")]));
        assert!(indexes.miss(vec![missed("c")]), "the making begins again");
    }
}
