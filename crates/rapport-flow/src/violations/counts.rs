//! Counts of violations by source, event, field and what is wrong with it, since the directory was
//! made.

use super::Broken;
use rapport_core::event::SourceNo;
use rapport_store::state::{Key, Table, Write};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most different violations that are counted apart; further ones count as of any field.
const APART_MAX: usize = 5_000;
/// Names longer than this are counted under their beginning, in characters.
const NAME_CHARS_MAX: usize = 60;

/// What is counted apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Counted {
    /// The source.
    pub source: SourceNo,
    /// The event's name.
    pub event: String,
    /// The field.
    pub field: String,
    /// What is wrong with it.
    pub kind: String,
}

/// How often something was violated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The event's name.
    pub event: String,
    /// The field; empty for the event as a whole.
    pub field: String,
    /// What is wrong with it.
    pub kind: String,
    /// How often.
    pub count: u64,
}

/// Counts, and which of them are not in the state yet.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    counts: BTreeMap<Counted, u64>,
    changed: BTreeSet<Counted>,
}

impl Counts {
    /// Counts what was wrong with an event.
    pub fn add(&mut self, broken: &Broken) {
        for violation in &broken.violations {
            let mut counted = Counted {
                source: broken.source,
                event: broken.name.chars().take(NAME_CHARS_MAX).collect(),
                field: violation.field.chars().take(NAME_CHARS_MAX).collect(),
                kind: violation.kind.to_string(),
            };
            if self.counts.len() >= APART_MAX && !self.counts.contains_key(&counted) {
                counted.event.clear();
                counted.field.clear();
            }
            *self.counts.entry(counted.clone()).or_default() += 1;
            self.changed.insert(counted);
        }
    }

    /// The rows that changed since the last call.
    pub fn take_writes(&mut self) -> Vec<Write> {
        let changed = std::mem::take(&mut self.changed);
        let write = |counted: Counted| Write {
            table: Table::Violations,
            value: self
                .counts
                .get(&counted)
                .map(|count| count.to_be_bytes().to_vec()),
            key: key(&counted),
        };
        changed.into_iter().map(write).collect()
    }

    /// Reads the rows back.
    #[must_use]
    pub fn from_rows(rows: &[(Key, Vec<u8>)]) -> Counts {
        let read = |(key, value): &(Key, Vec<u8>)| {
            let counted = serde_json::from_slice(key).ok()?;
            Some((
                counted,
                u64::from_be_bytes(value.as_slice().try_into().ok()?),
            ))
        };
        Counts {
            counts: rows.iter().filter_map(read).collect(),
            changed: BTreeSet::new(),
        }
    }

    /// What was counted of a source.
    #[must_use]
    pub fn of(&self, source: SourceNo) -> Vec<Count> {
        let own = self
            .counts
            .iter()
            .filter(|(counted, _)| counted.source == source);
        own.map(|(counted, count)| Count {
            event: counted.event.clone(),
            field: counted.field.clone(),
            kind: counted.kind.clone(),
            count: *count,
        })
        .collect()
    }
}

fn key(counted: &Counted) -> Key {
    serde_json::to_vec(counted).expect("plain data").into()
}
