//! Counters of outcomes, per source and reason, since the directory was made.

use rapport_core::event::SourceNo;
use rapport_store::state::{Key, Table, Write};
use std::collections::{BTreeMap, BTreeSet};

/// What is counted: the source (0 where none is known), the outcome's word, the reason's code.
type Counted = (u32, String, String);

/// Counters of outcomes, and of what the door refused.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    counts: BTreeMap<Counted, u64>,
    changed: BTreeSet<Counted>,
}

/// How events ended since the directory was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Per outcome's word.
    pub words: BTreeMap<String, u64>,
    /// Per outcome's word and reason's code.
    pub reasons: BTreeMap<(String, String), u64>,
}

/// The word under which the door's refusals are counted: they are no events.
pub const REFUSED: &str = "refused";

impl Counters {
    /// Counts `count` of a word and code.
    pub fn add_many(&mut self, source: Option<SourceNo>, word: &str, code: &str, count: u64) {
        let counted = (
            source.map_or(0, |source| source.0),
            word.to_owned(),
            code.to_owned(),
        );
        *self.counts.entry(counted.clone()).or_default() += count;
        self.changed.insert(counted);
    }

    /// Adds what another has counted.
    pub fn absorb(&mut self, other: Counters) {
        for (counted, count) in other.counts {
            *self.counts.entry(counted.clone()).or_default() += count;
            self.changed.insert(counted);
        }
    }

    /// The rows that changed since the last call.
    pub fn take_writes(&mut self) -> Vec<Write> {
        let changed = std::mem::take(&mut self.changed);
        let write = |counted: Counted| Write {
            table: Table::Outcome,
            value: self
                .counts
                .get(&counted)
                .map(|count| count.to_be_bytes().to_vec()),
            key: key(&counted),
        };
        changed.into_iter().map(write).collect()
    }

    /// Whether nothing changed since the last [`Counters::take_writes`].
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.changed.is_empty()
    }

    /// Reads the rows back.
    #[must_use]
    pub fn from_rows(rows: &[(Key, Vec<u8>)]) -> Counters {
        let mut counters = Counters::default();
        for (key, value) in rows {
            let text = String::from_utf8_lossy(key);
            let mut parts = text.splitn(3, '/');
            let source = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
            let word = parts.next().unwrap_or_default().to_owned();
            let code = parts.next().unwrap_or_default().to_owned();
            let count = value.as_slice().try_into().map_or(0, u64::from_be_bytes);
            counters.counts.insert((source, word, code), count);
        }
        counters
    }

    /// What was counted, of one source or of all.
    #[must_use]
    pub fn outcomes(&self, source: Option<SourceNo>) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for word in [
            "accepted",
            "duplicate",
            "filtered",
            "limited",
            "invalid",
            REFUSED,
        ] {
            outcomes.words.insert(word.to_owned(), 0);
        }
        for ((from, word, code), count) in &self.counts {
            if source.is_some_and(|source| source.0 != *from) {
                continue;
            }
            *outcomes.words.entry(word.clone()).or_default() += count;
            if !code.is_empty() {
                *outcomes
                    .reasons
                    .entry((word.clone(), code.clone()))
                    .or_default() += count;
            }
        }
        outcomes
    }
}

fn key((source, word, code): &Counted) -> Key {
    format!("{source}/{word}/{code}").into_bytes().into()
}
