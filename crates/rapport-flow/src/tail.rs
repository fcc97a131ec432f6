//! The tail: entries that are folded but not in a history file yet, in memory and as small rows
//! of the state from which a restart rebuilds them.

use crate::flow::{Changes, Ended, Item};
use crate::rows::{self, Hash};
use crate::steps::validate;
use rapport_core::event::dialect::NoMaps;
use rapport_core::event::transform::change::Change;
use rapport_core::event::{Event, Request};
use rapport_core::identity::ProfileNo;
use rapport_core::outcome::Outcome;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::Error;
use rapport_store::history::{Ask, Entry, Row};
use rapport_store::ledger::Ledger;
use rapport_store::seen::SeenKey;
use rapport_store::state::{Key, Table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of memory an entry takes beside its texts, about.
const ENTRY_BYTES: usize = 400;

/// How the items of a batch of requests ended: with the ledger's bytes, all of history's rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ends {
    /// The last request of the batch; the first one is the row's key.
    pub last: u64,
    /// For every item of every request in order: how it ended, and in whom.
    pub items: Vec<(Outcome, Option<ProfileNo>)>,
    /// By request, the events of those whose bytes alone do not say them: the configuration that
    /// made them may be another one by the time they are read again.
    pub configured: Vec<(u64, Vec<Event>)>,
    /// What transformations made of some of the others: the ledger has them as they came.
    pub changes: Changes,
}

/// An item of a request that is read again.
enum Read {
    /// As it was when it ended.
    AsEnded(Box<Event>),
    /// As it came.
    AsItCame(Item),
}

impl Ends {
    /// The items of a request, in order.
    fn read(&mut self, request: &Request) -> Vec<Read> {
        if request.origin.dialect.is_configured() {
            let mut configured = self.configured.iter_mut();
            let found = configured.find(|(number, _)| *number == request.number);
            let events = found.map(|(_, events)| std::mem::take(events));
            let events = events.unwrap_or_default().into_iter().map(Box::new);
            return events.map(Read::AsEnded).collect();
        }
        validate::items(request, &NoMaps)
            .map(Read::AsItCame)
            .collect()
    }
}

/// Folded entries that wait to be flushed.
#[derive(Debug, Default)]
pub struct Tail {
    entries: Vec<Entry>,
    by_origin: BTreeMap<ProfileNo, Vec<usize>>,
    bytes: usize,
    oldest: Option<Millis>,
}

impl Tail {
    /// Adds an entry, in order.
    pub fn push(&mut self, entry: Entry) {
        let received = match &entry {
            Entry::Event(row) => {
                if let Some(origin) = row.origin {
                    self.by_origin
                        .entry(origin)
                        .or_default()
                        .push(self.entries.len());
                }
                self.bytes += event_bytes(&row.event);
                row.event.received
            }
            Entry::Command(command) => command.received,
        };
        self.bytes += ENTRY_BYTES;
        self.oldest.get_or_insert(received);
        self.entries.push(entry);
    }

    /// Entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Memory taken, about, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the oldest entry was received.
    #[must_use]
    pub fn oldest(&self) -> Option<Millis> {
        self.oldest
    }

    /// Drops everything at or before `through`: it is in history now.
    pub fn forget(&mut self, through: Position) {
        let kept = self
            .entries
            .split_off(self.entries.partition_point(|e| e.position() <= through));
        *self = Tail::default();
        for entry in kept {
            self.push(entry);
        }
    }

    /// Accepted events of these origins that `ask` asks for, newest first; its limit is not
    /// applied.
    #[must_use]
    pub fn timeline(&self, origins: &[ProfileNo], ask: &Ask) -> Vec<Arc<Row>> {
        let of = |origin: &ProfileNo| self.by_origin.get(origin).into_iter().flatten();
        let mut rows: Vec<_> = origins
            .iter()
            .flat_map(of)
            .filter_map(|&place| match &self.entries[place] {
                Entry::Event(row) if wanted(row, ask) => Some(Arc::clone(row)),
                _ => None,
            })
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.event.at, row.event.position)));
        rows
    }
}

fn wanted(row: &Row, ask: &Ask) -> bool {
    let event = &row.event;
    ask.before
        .is_none_or(|before| (event.at, event.position) < before)
        && (ask.names.is_empty() || ask.names.contains(&*event.name))
        && (ask.kinds.is_empty() || ask.kinds.contains(event.kind.word()))
}

fn event_bytes(event: &Event) -> usize {
    event.traits.len() + event.properties.len() + event.context.len() + event.extra.len()
}

/// Rebuilds the tail after a restart: the state's small rows say how every item ended, the
/// ledger's bytes say what it was. Returns the ids it accepted, too.
///
/// # Errors
/// [`Error::Damaged`] where the ledger no longer has what the rows speak of.
pub async fn rebuild(
    ledger: &dyn Ledger,
    ends: &[(Key, Vec<u8>)],
    commands: Vec<Entry>,
    hash: &Hash,
) -> Result<(Tail, Vec<(SeenKey, Millis)>), Error> {
    let mut entries = commands;
    let mut seen = Vec::new();
    for (key, value) in ends {
        let first = rows::number_of(Table::Tail, key)?;
        let mut ends: Ends = rows::unpack(Table::Tail, value)?;
        let mut items = std::mem::take(&mut ends.items).into_iter();
        let mut changes = std::mem::take(&mut ends.changes).into_iter().peekable();
        let mut place = 0;
        let (mut after, last) = (first - 1, ends.last);
        while after < last {
            let requests = ledger.read(after, 8 << 20).await?;
            if requests.is_empty() {
                return Err(missing(after + 1));
            }
            for request in requests
                .into_iter()
                .filter(|request| request.number <= last)
            {
                after = request.number;
                for read in ends.read(&request) {
                    let (outcome, origin) = items.next().ok_or_else(|| missing(request.number))?;
                    let change = changes.next_if(|(changed, _)| *changed == place);
                    place += 1;
                    let event = match read {
                        Read::AsEnded(event) => event,
                        Read::AsItCame(item) => {
                            as_ended(item, &outcome, change.map(|(_, change)| change))
                        }
                    };
                    let row = Ended {
                        event,
                        outcome,
                        origin,
                    }
                    .into_row();
                    if row.outcome == Outcome::Accepted {
                        let event = &row.event;
                        seen.push((hash.seen(event.source.0, &event.message_id), event.received));
                    }
                    entries.push(Entry::Event(Arc::new(row)));
                }
            }
        }
    }
    entries.sort_by_key(Entry::position);
    let mut tail = Tail::default();
    for entry in entries {
        tail.push(entry);
    }
    Ok((tail, seen))
}

/// An item as it was when it ended. Its transformations are not asked again: they may be others by
/// now.
fn as_ended(item: Item, outcome: &Outcome, change: Option<Change>) -> Box<Event> {
    match (item, outcome) {
        (Item::Event(event), Outcome::Invalid(reason)) => {
            Box::new(validate::failed(&event, reason))
        }
        (Item::Event(mut event), _) => {
            if let Some(change) = change {
                change.make(&mut event);
            }
            event
        }
        (Item::Invalid(event, _) | Item::Filtered(event, _) | Item::LeftOut(event, _), _) => event,
    }
}

fn missing(request: u64) -> Error {
    Error::Damaged {
        what: "the ledger".to_owned(),
        detail: format!("request {request} was folded and is not in history, but is not there"),
    }
}
