//! One thing that happened, as a viewer is told of it.

use crate::native::spelled::raw;
use rapport_core::event::{self, KeyKind};
use rapport_core::fold::{Change, Member, Why};
use rapport_core::identity::journal::{Record, What};
use rapport_core::outcome::Reason;
use rapport_core::position::Position;
use rapport_core::segment::registry::Registry;
use rapport_flow::live::Happened;
use rapport_store::history::{Entry, Row};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Properties and traits up to this size are told, in bytes; larger ones are left to the timeline.
const PROPERTIES_BYTES_MAX: usize = 4 * 1024;

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// An event, however it ended.
    Event,
    /// Two profiles are one.
    Merged,
    /// A merge was taken back.
    Undone,
    /// Somebody entered a segment.
    Entered,
    /// Somebody left one.
    Exited,
}

impl Kind {
    /// The word of a stream.
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Event => "event",
            Kind::Merged => "merged",
            Kind::Undone => "undone",
            Kind::Entered => "entered",
            Kind::Exited => "exited",
        }
    }

    /// The kind behind a word.
    pub(super) fn from_word(word: &str) -> Option<Kind> {
        use Kind::{Entered, Event, Exited, Merged, Undone};
        [Event, Merged, Undone, Entered, Exited]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// One thing that happened.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    /// An event.
    Event(&'a Row),
    /// A line of the journal, with its number.
    Journal(u64, &'a Record),
    /// A membership that moved.
    Change(&'a Change),
}

impl<'a> Item<'a> {
    /// Everything a batch holds, with its events or without, the last first.
    pub(super) fn newest(
        happened: &'a Happened,
        with_events: bool,
    ) -> impl Iterator<Item = Item<'a>> {
        let entries: &[Entry] = match with_events {
            true => &happened.entries,
            false => &[],
        };
        let changes = happened.changes.iter().rev().map(Item::Change);
        let journal = happened.journal.iter().rev();
        let journal = journal.map(|(number, record)| Item::Journal(*number, record));
        let events = entries.iter().rev().filter_map(Item::of_entry);
        changes.chain(journal).chain(events)
    }

    /// The event an entry is, where it is one.
    pub(super) fn of_entry(entry: &'a Entry) -> Option<Item<'a>> {
        match entry {
            Entry::Event(row) => Some(Item::Event(row)),
            Entry::Command(_) => None,
        }
    }

    /// What kind of thing it is; `None` for what no stream tells of.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Item::Event(_) => Some(Kind::Event),
            Item::Journal(_, record) => match record.what {
                What::Merged { .. } => Some(Kind::Merged),
                What::Undone { .. } => Some(Kind::Undone),
                _ => None,
            },
            Item::Change(change) => Some(match change.member {
                Member::In => Kind::Entered,
                Member::Out => Kind::Exited,
            }),
        }
    }

    /// The entry it happened in, and what of the same entry it comes behind.
    pub(super) fn place(&self) -> (Position, u8) {
        match self {
            Item::Event(row) => (row.event.position, 0),
            Item::Journal(_, record) => (record.place, 1),
            Item::Change(change) => (change.cause, 2),
        }
    }

    /// Whether time did it, so that its place is only the last entry before.
    pub(super) fn is_of_time(&self) -> bool {
        matches!(self, Item::Change(change) if change.why == Why::Timer)
    }

    /// Writes it as a message of a stream. With `id` whoever comes back goes on behind it.
    pub(super) fn write(&self, registry: &Registry, id: Option<Position>, out: &mut String) {
        let (Some(kind), Some(data)) = (self.kind(), self.data(registry)) else {
            return;
        };
        if let Some(id) = id {
            // Writing into a `String` cannot fail.
            let _ = writeln!(out, "id: {id}");
        }
        let _ = writeln!(out, "event: {}", kind.word());
        out.push_str("data: ");
        // Properties are as they came, line breaks between their members included.
        match data.contains(['\n', '\r']) {
            true => out.push_str(&data.replace(['\n', '\r'], " ")),
            false => out.push_str(&data),
        }
        out.push_str("\n\n");
    }

    fn data(&self, registry: &Registry) -> Option<String> {
        match self {
            Item::Event(row) => serde_json::to_string(&Told::of(row)).ok(),
            Item::Journal(number, record) => merge(*number, record),
            Item::Change(change) => flip(change, registry),
        }
    }
}

#[derive(Serialize)]
struct Told<'a> {
    kind: Kind,
    position: String,
    received_at: String,
    timestamp: String,
    source: u32,
    key: KeyKind,
    #[serde(rename = "type")]
    type_: event::Kind,
    event: Option<&'a str>,
    message_id: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Reason>,
    profile_id: Option<String>,
    identifiers: BTreeMap<&'a str, Vec<&'a str>>,
    properties: &'a RawValue,
}

impl<'a> Told<'a> {
    fn of(row: &'a Row) -> Told<'a> {
        let event = &row.event;
        let mut identifiers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for identifier in &event.identifiers {
            let kind = identifiers.entry(identifier.kind.word()).or_default();
            kind.push(&identifier.value);
        }
        let said = match event.kind {
            event::Kind::Identify | event::Kind::Group => &event.traits,
            _ => &event.properties,
        };
        Told {
            kind: Kind::Event,
            position: event.position.to_string(),
            received_at: event.received.to_string(),
            timestamp: event.at.to_string(),
            source: event.source.0,
            key: event.key_kind,
            type_: event.kind,
            event: Some(&*event.name).filter(|name| !name.is_empty()),
            message_id: &event.message_id,
            outcome: row.outcome.word(),
            reason: row.outcome.reason(),
            profile_id: row.origin.map(|origin| origin.to_string()),
            identifiers,
            properties: match said.len() > PROPERTIES_BYTES_MAX {
                true => RawValue::NULL,
                false => raw(said),
            },
        }
    }
}

#[derive(Serialize)]
struct Joined {
    kind: Kind,
    id: String,
    position: String,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    survivor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    absorbed: Option<String>,
}

fn merge(number: u64, record: &Record) -> Option<String> {
    let (kind, merge, survivor, absorbed) = match &record.what {
        What::Merged {
            survivor, absorbed, ..
        } => (Kind::Merged, number, Some(survivor), Some(absorbed)),
        What::Undone { merge } => (Kind::Undone, *merge, None, None),
        _ => return None,
    };
    let joined = Joined {
        kind,
        id: format!("mrg_{merge}"),
        position: record.place.to_string(),
        at: record.received.to_string(),
        survivor: survivor.map(ToString::to_string),
        absorbed: absorbed.map(ToString::to_string),
    };
    serde_json::to_string(&joined).ok()
}

#[derive(Serialize)]
struct Flipped<'a> {
    kind: Kind,
    segment: &'a str,
    name: &'a str,
    profile_id: String,
    at: String,
    cause: String,
    why: &'static str,
}

fn flip(change: &Change, registry: &Registry) -> Option<String> {
    let segment = registry.by_no(change.segment)?;
    let flipped = Flipped {
        kind: match change.member {
            Member::In => Kind::Entered,
            Member::Out => Kind::Exited,
        },
        segment: &segment.key,
        name: &segment.name,
        profile_id: change.person.to_string(),
        at: change.at.to_string(),
        cause: change.cause.to_string(),
        why: change.why.word(),
    };
    serde_json::to_string(&flipped).ok()
}
