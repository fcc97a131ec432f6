//! Discovery: adds up which events and properties each source sends, beside the flush, so that it
//! costs the writer nothing.
//!
//! The state has what flushed entries showed; the tail is looked at when somebody asks. A flush
//! and what it adds are one transaction, so every event is counted exactly once.

use crate::rows;
use crate::shared::Shared;
use rapport_core::event::{Event, Kind, SourceNo};
use rapport_core::outcome::Outcome;
use rapport_core::plan::discovered::Discovered;
use rapport_store::Result;
use rapport_store::history::Entry;
use rapport_store::state::{Key, Order, Page, State, Table, Write};
use std::collections::BTreeMap;

/// Of how many events of one name the properties are looked at in one flush, spread evenly.
const INSPECTED_MAX: u64 = 64;
/// The most events that are listed of one source.
pub const EVENTS_MAX: usize = 2_000;
/// The longest name that is listed, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// An event of a source: which source, which type of call, which name.
pub type Name = (SourceNo, Kind, Box<str>);
/// What is known of each event.
pub type Found = BTreeMap<Name, Discovered>;

/// What a number of entries show.
#[must_use]
pub fn look(entries: &[Entry]) -> Found {
    let mut totals: BTreeMap<(SourceNo, Kind, &str), u64> = BTreeMap::new();
    for event in entries.iter().filter_map(listed) {
        *totals.entry(name_of(event)).or_default() += 1;
    }
    let mut found = Found::new();
    for event in entries.iter().filter_map(listed) {
        let name = name_of(event);
        let every = totals[&name].div_ceil(INSPECTED_MAX);
        let key = (name.0, name.1, Box::from(name.2));
        let discovered = found.entry(key).or_default();
        if discovered.count.is_multiple_of(every) {
            discovered.inspect(event);
        }
        discovered.count(event.at);
    }
    found
}

/// The event of an entry that was taken, and whose name is no text.
fn listed(entry: &Entry) -> Option<&Event> {
    match entry {
        Entry::Event(row) if row.outcome == Outcome::Accepted => {
            let is_sent = |event: &&Event| event.kind != Kind::List;
            Some(&row.event)
                .filter(is_sent)
                .filter(|event| event.name.len() <= NAME_BYTES_MAX)
        }
        _ => None,
    }
}

fn name_of(event: &Event) -> (SourceNo, Kind, &str) {
    (event.source, event.kind, &event.name)
}

/// Adds what a flush showed to the rows of the state.
///
/// # Errors
/// Those of storage.
pub(crate) async fn add(state: &dyn State, found: &Found, writes: &mut Vec<Write>) -> Result<()> {
    let keys: Vec<Key> = found.keys().map(key).collect();
    let known = state.load(Table::Discovered, &keys).await?;
    let mut sizes: BTreeMap<SourceNo, usize> = BTreeMap::new();
    for (((name, seen), key), row) in found.iter().zip(keys).zip(known) {
        let mut whole = match &row {
            Some(row) => rows::unpack(Table::Discovered, row)?,
            None => {
                let size = match sizes.get(&name.0) {
                    Some(size) => *size,
                    None => size(state, name.0).await?,
                };
                sizes.insert(name.0, size + 1);
                if size >= EVENTS_MAX {
                    continue;
                }
                Discovered::default()
            }
        };
        whole.unite(seen);
        writes.push(rows::put(Table::Discovered, key, &whole));
    }
    Ok(())
}

async fn size(state: &dyn State, source: SourceNo) -> Result<usize> {
    Ok(state.scan(of_source(Some(source))).await?.len())
}

/// Everything known of one source's events, or of all.
pub(crate) async fn all(shared: &Shared, source: Option<SourceNo>) -> Result<Found> {
    let (mut found, tail) = flushed_and_tail(shared, source).await?;
    for (name, seen) in look(&tail) {
        if source.is_none_or(|source| source == name.0) {
            found.entry(name).or_default().unite(&seen);
        }
    }
    Ok(found)
}

/// What flushed entries showed, and the entries behind them, as of one moment: what a flush moves
/// from one to the other meanwhile is in neither twice, so it is looked at again then.
async fn flushed_and_tail(
    shared: &Shared,
    source: Option<SourceNo>,
) -> Result<(Found, Vec<Entry>)> {
    loop {
        let flushes = shared.files().history.last().map(|file| file.last);
        let mut found = Found::new();
        for (key, row) in shared.roles.state.scan(of_source(source)).await? {
            if let Some(name) = name(&key) {
                found.insert(name, rows::unpack(Table::Discovered, &row)?);
            }
        }
        let recorded = shared.recorded();
        if recorded.files.history.last().map(|file| file.last) == flushes {
            return Ok((found, recorded.tail.entries().to_vec()));
        }
    }
}

fn of_source(source: Option<SourceNo>) -> Page {
    let from = |no: u32| -> Key { no.to_be_bytes().into() };
    Page {
        table: Table::Discovered,
        from: source.map_or_else(Key::default, |source| from(source.0)),
        to: source.map(|source| from(source.0 + 1)),
        limit: usize::MAX >> 1,
        order: Order::Ascending,
    }
}

fn key((source, kind, name): &Name) -> Key {
    let mut key = source.0.to_be_bytes().to_vec();
    key.extend(kind.word().as_bytes());
    key.push(b'/');
    key.extend(name.as_bytes());
    key.into()
}

fn name(key: &[u8]) -> Option<Name> {
    let (source, rest) = key.split_at_checked(4)?;
    let source = SourceNo(u32::from_be_bytes(source.try_into().ok()?));
    let (kind, name) = std::str::from_utf8(rest).ok()?.split_once('/')?;
    Some((source, Kind::from_word(kind)?, name.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_sorts_by_source() {
        let one: Name = (SourceNo(1), Kind::Track, "a/b".into());
        let two: Name = (SourceNo(256), Kind::Page, "".into());
        for wanted in [&one, &two] {
            assert_eq!(name(&key(wanted)).as_ref(), Some(wanted));
        }
        assert!(key(&one) < key(&two));
        assert_eq!(name(b"\0\0"), None);
    }
}
