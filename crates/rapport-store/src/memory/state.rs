//! The state as one sorted map.

use super::records::Shelf;
use super::{Call, Faults, lock};
use crate::records::Changes;
use crate::state::{Head, Key, Order, Page, State, Table, Value, Write};
use crate::{Error, Result};
use async_trait::async_trait;
use rapport_core::position::Position;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::Mutex;

/// A state in memory.
#[derive(Debug, Default)]
pub struct MemoryState {
    pub(super) kept: Mutex<Kept>,
    pub(super) faults: Faults,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    rows: BTreeMap<(Table, Key), Value>,
    pub(super) records: Shelf,
    head: Head,
}

impl MemoryState {
    /// An empty state that fails as planned.
    #[must_use]
    pub fn with_faults(faults: Faults) -> MemoryState {
        MemoryState {
            faults,
            ..MemoryState::default()
        }
    }

    /// Every key of every table, for comparing two states.
    #[must_use]
    pub fn dump(&self) -> BTreeMap<(Table, Key), Value> {
        lock(&self.kept).rows.clone()
    }
}

#[async_trait]
impl State for MemoryState {
    async fn head(&self) -> Result<Head> {
        Ok(lock(&self.kept).head)
    }

    async fn load(&self, table: Table, keys: &[Key]) -> Result<Vec<Option<Value>>> {
        let ending = self.faults.begin(Call::Load)?;
        keys.iter().try_for_each(|key| check_key(table, key))?;
        let kept = lock(&self.kept);
        let values = keys
            .iter()
            .map(|key| kept.rows.get(&(table, key.clone())).cloned())
            .collect();
        self.faults.end(Call::Load, &ending, values)
    }

    async fn scan(&self, page: Page) -> Result<Vec<(Key, Value)>> {
        let ending = self.faults.begin(Call::Load)?;
        let kept = lock(&self.kept);
        let within = |(table, key): &(Table, Key)| {
            *table == page.table && page.to.as_ref().is_none_or(|to| key < to)
        };
        let rows = kept
            .rows
            .range((
                Bound::Included((page.table, page.from.clone())),
                Bound::Unbounded,
            ))
            .take_while(|(place, _)| within(place))
            .map(|((_, key), value)| (key.clone(), value.clone()));
        let rows = match page.order {
            Order::Ascending => rows.take(page.limit).collect(),
            Order::Descending => {
                let mut rows: Vec<_> = rows.collect();
                rows.reverse();
                rows.truncate(page.limit);
                rows
            }
        };
        self.faults.end(Call::Load, &ending, rows)
    }

    async fn commit(&self, expected: u64, position: Position, changes: Changes) -> Result<Head> {
        let found = lock(&self.kept).head.version;
        let ending = match self.faults.begin(Call::Commit) {
            Err(Error::Conflict { .. }) => {
                return Err(Error::Conflict {
                    expected,
                    found: found.wrapping_add(1),
                });
            }
            begun => begun?,
        };
        let mut kept = lock(&self.kept);
        if kept.head.version != expected {
            return Err(Error::Conflict {
                expected,
                found: kept.head.version,
            });
        }
        changes
            .writes
            .iter()
            .try_for_each(|write| check_key(write.table, &write.key))?;
        if !changes.records.is_empty() {
            let mut records = kept.records.clone();
            records.apply(changes.records)?;
            kept.records = records;
        }
        for Write { table, key, value } in changes.writes {
            match value {
                Some(value) => kept.rows.insert((table, key), value),
                None => kept.rows.remove(&(table, key)),
            };
        }
        kept.head = Head {
            position,
            version: expected + 1,
        };
        self.faults.end(Call::Commit, &ending, kept.head)
    }

    async fn size_bytes(&self) -> Result<u64> {
        let kept = lock(&self.kept);
        Ok(kept
            .rows
            .iter()
            .map(|((_, key), value)| (key.len() + value.len()) as u64)
            .sum())
    }

    /// Memory has nothing to copy to a disk: this only answers.
    async fn back_up(&self, _target: &Path) -> Result<Head> {
        self.head().await
    }

    async fn check(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

fn check_key(table: Table, key: &Key) -> Result<()> {
    if table.is_numbered() && key.len() != 8 {
        return Err(Error::Engine {
            what: format!("a key of table {table:?}"),
            detail: format!("it has {} bytes instead of 8", key.len()),
        });
    }
    Ok(())
}
