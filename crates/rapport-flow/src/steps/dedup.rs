//! Dedup: an event whose (source, message id) was accepted inside the window is a duplicate.
//!
//! The newest accepted ids are in memory; older ones in immutable runs. An imported row, and an
//! event that happened before the window began, is looked up in history, too, so that sending it
//! again changes nothing however much later. An import's job looks its rows up before it sends
//! them ([`LookedUp`]), so that the writer seldom has to wait for files.

use crate::flow::{Fresh, Item, Source};
use crate::rows::Hash;
use crate::shared::Shared;
use crate::spread::BySpread;
use crate::writer::Writer;
use rapport_core::event::{Dialect, Event};
use rapport_core::outcome::Outcome;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::history::{File, MessageKey};
use rapport_store::seen::SeenKey;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The ids accepted since the last flush.
#[derive(Debug, Default)]
pub struct Recent {
    ids: HashMap<SeenKey, Millis, BySpread>,
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

/// Which events are told apart from all before them, not only from those inside the window.
struct Exact {
    window_ms: i64,
    /// Requests that hold rows of an import.
    imports: BTreeSet<u64>,
}

impl Exact {
    fn of(writer: &Writer, source: &Source) -> Exact {
        let imports = match source {
            Source::Ledger(requests, _) => requests
                .iter()
                .filter(|request| request.origin.dialect == Dialect::Import)
                .map(|request| request.number)
                .collect(),
            // A replayed event keeps the verdict it had.
            Source::Replay => BTreeSet::new(),
        };
        let window_ms = writer.shared.settings.dedup_window_ms;
        Exact { window_ms, imports }
    }

    fn has(&self, event: &Event) -> bool {
        self.imports.contains(&event.position.request) || is_old(event, self.window_ms)
    }
}

/// Ids that were looked up in history before their rows were sent.
#[derive(Debug, Default)]
pub struct LookedUp {
    /// What had left the runs at that time: later more of history would have to be asked.
    forgotten: Option<Millis>,
    found: HashMap<SeenKey, bool>,
}

impl LookedUp {
    /// Notes what a look-up found.
    pub fn note(
        &mut self,
        forgotten: Option<Millis>,
        found: impl Iterator<Item = (SeenKey, bool)>,
    ) {
        if self.forgotten != forgotten {
            self.found.clear();
            self.forgotten = forgotten;
        }
        self.found.extend(found);
    }

    /// What is known of these ids, as long as nothing more was forgotten; asked once.
    fn take(&mut self, forgotten: Option<Millis>, keys: &[Option<SeenKey>]) -> Known {
        if self.found.is_empty() {
            return Known::new();
        }
        let keys = keys.iter().flatten();
        let known: Known = keys
            .filter_map(|key| Some((*key, self.found.remove(key)?)))
            .collect();
        if self.forgotten == forgotten {
            known
        } else {
            Known::new()
        }
    }
}

type Known = BTreeMap<SeenKey, bool>;

/// Looks ids up in the files whose ids may be in no run any more.
pub(crate) async fn look_up(
    shared: &Shared,
    ids: Vec<(SeenKey, MessageKey)>,
) -> Result<(Option<Millis>, Vec<(SeenKey, bool)>)> {
    let listed = shared.files();
    let (keys, ids): (Vec<SeenKey>, Vec<MessageKey>) = ids.into_iter().unzip();
    let Some(forgotten) = listed.forgotten else {
        return Ok((None, Vec::new()));
    };
    let had = |file: &&File| file.received.0 < forgotten;
    let files: Vec<File> = listed.history.iter().filter(had).cloned().collect();
    let found = shared.roles.history.find(&files, &ids).await?;
    Ok((Some(forgotten), keys.into_iter().zip(found).collect()))
}

/// Tells what was accepted before from events to be folded.
pub(crate) async fn step(
    writer: &mut Writer,
    items: Vec<Item>,
    source: &Source,
) -> Result<Vec<Fresh>> {
    let hash = writer.hash;
    let exact = Exact::of(writer, source);
    let keys: Vec<Option<SeenKey>> = items.iter().map(|item| key_of(&hash, item)).collect();
    let older = older(writer, &keys).await?;
    let recorded = recorded(writer, &items, &keys, &older, &exact).await?;
    let window_ms = exact.window_ms;
    let judge = |(item, key): (Item, Option<SeenKey>)| match item {
        Item::Invalid(event, reason) => Fresh::Ended(event, Outcome::Invalid(reason)),
        Item::Filtered(event, reason) | Item::LeftOut(event, reason) => {
            Fresh::Ended(event, Outcome::Filtered(reason))
        }
        Item::Event(event) => {
            let key = key.expect("every event has an id");
            let accepted = writer.accepted(key).or_else(|| older.get(&key).copied());
            let is_exact = exact.has(&event);
            let is_known = is_exact && (accepted.is_some() || recorded.contains(&key));
            if is_known || accepted.is_some_and(|at| is_duplicate(at, &event, window_ms)) {
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
    is_old(event, window_ms) || event.received.since(accepted) < window_ms
}

/// Whether an event is older than the window: dedup is exact for ever for such ones.
fn is_old(event: &Event, window_ms: i64) -> bool {
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
        .filter(|key| writer.accepted(*key).is_none())
        .collect();
    let found = writer.shared.roles.seen.find(&runs, &unknown).await?;
    Ok(unknown
        .into_iter()
        .zip(found)
        .filter_map(|(key, at)| Some((key, at?)))
        .collect())
}

/// Looks ids up in history that must be told apart for ever, where the runs no longer have all of
/// them. A replay folds into a directory whose runs have every id, so that it comes to the same
/// answer.
async fn recorded(
    writer: &Writer,
    items: &[Item],
    keys: &[Option<SeenKey>],
    older: &BTreeMap<SeenKey, Millis>,
    exact: &Exact,
) -> Result<BTreeSet<SeenKey>> {
    let shared = &writer.shared;
    let forgotten = shared.files().forgotten;
    let known = shared.looked_up().take(forgotten, keys);
    if forgotten.is_none() {
        return Ok(BTreeSet::new());
    }
    let mut accepted = BTreeSet::new();
    let mut asked: BTreeMap<SeenKey, MessageKey> = BTreeMap::new();
    for (item, key) in items.iter().zip(keys) {
        let (Item::Event(event), Some(key)) = (item, key) else {
            continue;
        };
        let is_near = writer.accepted(*key).is_some() || older.contains_key(key);
        if is_near || !exact.has(event) {
            continue;
        }
        match known.get(key) {
            Some(true) => drop(accepted.insert(*key)),
            Some(false) => {}
            None => drop(asked.insert(*key, (event.source, event.message_id.clone()))),
        }
    }
    if asked.is_empty() {
        return Ok(accepted);
    }
    let (_, found) = look_up(shared, asked.into_iter().collect()).await?;
    accepted.extend(
        found
            .into_iter()
            .filter(|(_, found)| *found)
            .map(|(key, _)| key),
    );
    Ok(accepted)
}
