//! One entry as one JSON object, its raw JSON put in as received.

use crate::history::encode::key_kind_word;
use rapport_core::entry::{Command, CommandEntry};
use rapport_core::identity::{Identifier, ProfileNo};
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::history::{Entry, Row};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A line of an export; the names are those of the columns.
#[derive(Serialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub(super) enum Line<'a> {
    /// An event.
    Event(Box<EventLine<'a>>),
    /// A command.
    Command(CommandLine<'a>),
}

#[derive(Serialize)]
pub(super) struct EventLine<'a> {
    #[serde(flatten)]
    place: Place,
    #[serde(serialize_with = "instant")]
    received: Millis,
    #[serde(serialize_with = "instants", skip_serializing_if = "Option::is_none")]
    original: Option<Millis>,
    #[serde(serialize_with = "instants", skip_serializing_if = "Option::is_none")]
    sent: Option<Millis>,
    #[serde(serialize_with = "instant")]
    at: Millis,
    source: u32,
    key_kind: &'static str,
    r#type: &'static str,
    event: &'a str,
    message_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<&'a str>,
    origin: Option<u64>,
    profile: Option<u64>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_message: Option<&'a str>,
    identifiers: Vec<IdentifierLine<'a>>,
    traits: Raw<'a>,
    properties: Raw<'a>,
    context: Raw<'a>,
    extra: Raw<'a>,
}

#[derive(Serialize)]
pub(super) struct CommandLine<'a> {
    #[serde(flatten)]
    place: Place,
    #[serde(serialize_with = "instant")]
    received: Millis,
    actor: &'a str,
    command_json: &'a Command,
}

#[derive(Serialize)]
struct Place {
    request: u64,
    command: u32,
    index: u32,
}

#[derive(Serialize)]
struct IdentifierLine<'a> {
    kind: &'a str,
    value: &'a str,
}

impl<'a> Line<'a> {
    /// The line of an entry that belongs to `owner`.
    pub(super) fn new(entry: &'a Entry, owner: Option<ProfileNo>) -> Line<'a> {
        match entry {
            Entry::Event(row) => Line::Event(Box::new(event(row, owner))),
            Entry::Command(entry) => Line::Command(command(entry)),
        }
    }
}

fn event(row: &Row, owner: Option<ProfileNo>) -> EventLine<'_> {
    let event = &row.event;
    let reason = row.outcome.reason();
    EventLine {
        place: place(event.position),
        received: event.received,
        original: event.original,
        sent: event.sent,
        at: event.at,
        source: event.source.0,
        key_kind: key_kind_word(event.key_kind),
        r#type: event.kind.word(),
        event: &event.name,
        message_id: &event.message_id,
        previous_id: event.previous.as_deref(),
        group_id: event.group.as_deref(),
        origin: row.origin.map(|number| number.0),
        profile: owner.map(|number| number.0),
        outcome: row.outcome.word(),
        reason: reason.map(|reason| reason.code.as_str()),
        reason_message: reason.map(|reason| reason.message.as_str()),
        identifiers: event.identifiers.iter().map(identifier).collect(),
        traits: Raw(&event.traits),
        properties: Raw(&event.properties),
        context: Raw(&event.context),
        extra: Raw(&event.extra),
    }
}

fn command(entry: &CommandEntry) -> CommandLine<'_> {
    CommandLine {
        place: place(entry.position),
        received: entry.received,
        actor: &entry.actor,
        command_json: &entry.command,
    }
}

fn identifier(identifier: &Identifier) -> IdentifierLine<'_> {
    IdentifierLine {
        kind: identifier.kind.word(),
        value: &identifier.value,
    }
}

fn place(position: Position) -> Place {
    Place {
        request: position.request,
        command: position.command,
        index: position.index,
    }
}

fn instant<S: Serializer>(instant: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(instant)
}

fn instants<S: Serializer>(instant: &Option<Millis>, serializer: S) -> Result<S::Ok, S::Error> {
    match instant {
        Some(instant) => serializer.collect_str(instant),
        None => serializer.serialize_none(),
    }
}

/// JSON as received. A line break can only stand between its tokens and becomes a space; what is
/// no JSON after all becomes a string.
struct Raw<'a>(&'a str);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.0.contains(['\n', '\r']) {
            return match serde_json::from_str::<&RawValue>(self.0) {
                Ok(raw) => raw.serialize(serializer),
                Err(_) => serializer.serialize_str(self.0),
            };
        }
        match RawValue::from_string(self.0.replace(['\n', '\r'], " ")) {
            Ok(raw) => raw.serialize(serializer),
            Err(_) => serializer.serialize_str(self.0),
        }
    }
}
