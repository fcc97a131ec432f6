//! Dedup: an event whose (source, message id) was accepted inside the window is a duplicate.
//!
//! The newest accepted ids are in memory; older ones in immutable runs. An event that happened
//! before the window began is looked up in history, too, so an import sent again changes nothing
//! however much later.

use crate::flow::{Fresh, Item};
use crate::rows::Hash;
use crate::writer::Writer;
use rapport_core::event::Event;
use rapport_core::outcome::Outcome;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::history::{File, MessageKey};
use rapport_store::seen::SeenKey;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The ids accepted since the last flush.
#[derive(Debug, Default)]
pub struct Recent {
    ids: HashMap<SeenKey, Millis>,
}

impl Recent {
    /// When the id was accepted last.
    #[must_use]
    pub fn accepted(&self, key: SeenKey) -> Option<Millis> {
        self.ids.get(&key).copied()
    }

    /// Notes ids that were accepted.
    pub fn extend(&mut self, accepted: impl IntoIterator<Item = (SeenKey, Millis)>) {
        self.ids.extend(accepted);
    }

    /// Drops the ids of entries that were flushed.
    pub fn forget<'a>(&mut self, flushed: impl Iterator<Item = &'a (SeenKey, Millis)>) {
        for (key, received) in flushed {
            if self.ids.get(key) == Some(received) {
                self.ids.remove(key);
            }
        }
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// Tells what was accepted before from events to be folded.
pub(crate) async fn step(writer: &mut Writer, items: Vec<Item>) -> Result<Vec<Fresh>> {
    let hash = writer.hash;
    let keys: Vec<Option<SeenKey>> = items.iter().map(|item| key_of(&hash, item)).collect();
    let older = older(writer, &keys).await?;
    let recorded = recorded(writer, &items, &keys, &older).await?;
    let window_ms = writer.shared.settings.dedup_window_ms;
    let judge = |(item, key): (Item, Option<SeenKey>)| match item {
        Item::Invalid(event, reason) => Fresh::Ended(event, Outcome::Invalid(reason)),
        Item::Filtered(event, reason) | Item::LeftOut(event, reason) => {
            Fresh::Ended(event, Outcome::Filtered(reason))
        }
        Item::Event(event) => {
            let key = key.expect("every event has an id");
            let accepted = writer
                .recent
                .accepted(key)
                .or_else(|| older.get(&key).copied());
            let is_recorded = is_import(&event, window_ms) && recorded.contains(&key);
            if is_recorded || accepted.is_some_and(|at| is_duplicate(at, &event, window_ms)) {
                Fresh::Ended(event, Outcome::Duplicate)
            } else {
                Fresh::Event(event, key)
            }
        }
    };
    Ok(items.into_iter().zip(keys).map(judge).collect())
}

/// Whether an event whose id was accepted at `accepted` is one too many: inside the window, or,
/// where the event itself is older than the window, ever.
pub(crate) fn is_duplicate(accepted: Millis, event: &Event, window_ms: i64) -> bool {
    is_import(event, window_ms) || event.received.since(accepted) < window_ms
}

/// Whether an event is older than the window: dedup is exact for ever for such ones.
fn is_import(event: &Event, window_ms: i64) -> bool {
    event.received.since(event.at) >= window_ms
}

fn key_of(hash: &Hash, item: &Item) -> Option<SeenKey> {
    match item {
        Item::Event(event) => Some(hash.seen(event.source.0, &event.message_id)),
        Item::Invalid(..) | Item::Filtered(..) | Item::LeftOut(..) => None,
    }
}

/// Looks ids up in the runs, which are asked once for the whole batch.
async fn older(writer: &Writer, keys: &[Option<SeenKey>]) -> Result<BTreeMap<SeenKey, Millis>> {
    let runs = writer.shared.files().runs.clone();
    if runs.is_empty() {
        return Ok(BTreeMap::new());
    }
    let unknown: Vec<SeenKey> = keys
        .iter()
        .flatten()
        .copied()
        .filter(|key| writer.recent.accepted(*key).is_none())
        .collect();
    let found = writer.shared.roles.seen.find(&runs, &unknown).await?;
    Ok(unknown
        .into_iter()
        .zip(found)
        .filter_map(|(key, at)| Some((key, at?)))
        .collect())
}

/// Looks imported ids up in history, where the runs no longer have all of them. A replay folds
/// into a directory whose runs have every id, so that it comes to the same answer.
async fn recorded(
    writer: &Writer,
    items: &[Item],
    keys: &[Option<SeenKey>],
    older: &BTreeMap<SeenKey, Millis>,
) -> Result<BTreeSet<SeenKey>> {
    let shared = &writer.shared;
    let listed = shared.files();
    let Some(forgotten) = listed.forgotten else {
        return Ok(BTreeSet::new());
    };
    let window_ms = shared.settings.dedup_window_ms;
    let mut asked: BTreeMap<SeenKey, MessageKey> = BTreeMap::new();
    for (item, key) in items.iter().zip(keys) {
        let (Item::Event(event), Some(key)) = (item, key) else {
            continue;
        };
        let is_known = writer.recent.accepted(*key).is_some() || older.contains_key(key);
        if !is_known && is_import(event, window_ms) {
            asked.insert(*key, (event.source, event.message_id.clone()));
        }
    }
    if asked.is_empty() {
        return Ok(BTreeSet::new());
    }
    let had = |file: &&File| file.received.0 < forgotten;
    let files: Vec<File> = listed.history.iter().filter(had).cloned().collect();
    let (keys, ids): (Vec<SeenKey>, Vec<MessageKey>) = asked.into_iter().unzip();
    let found = shared.roles.history.find(&files, &ids).await?;
    let accepted = keys.into_iter().zip(found).filter(|(_, found)| *found);
    Ok(accepted.map(|(key, _)| key).collect())
}
