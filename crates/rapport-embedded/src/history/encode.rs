//! Entries to columns: a batch is filled row by row without an allocation per row.

use super::columns::{SCHEMA, identifier_fields};
use arrow_array::builder::{
    ArrayBuilder, StringBuilder, TimestampMillisecondBuilder, UInt32Builder, UInt64Builder,
};
use arrow_array::{ArrayRef, ListArray, RecordBatch, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, OffsetBufferBuilder};
use arrow_schema::{DataType, Field};
use rapport_core::entry::CommandEntry;
use rapport_core::event::{Event, KeyKind};
use rapport_core::identity::{Identifier, ProfileNo};
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::history::{Entry, Row};
use std::sync::Arc;

/// Rows of a batch.
const ROWS: usize = 8192;
/// Bytes of text of a batch: far below the two gigabytes that one column of text can hold.
const BYTES: usize = 32 * 1024 * 1024;

/// A batch of columns under construction.
pub(super) struct Batch {
    request: UInt64Builder,
    command: UInt32Builder,
    index: UInt32Builder,
    entry: StringBuilder,
    received: TimestampMillisecondBuilder,
    original: TimestampMillisecondBuilder,
    sent: TimestampMillisecondBuilder,
    at: TimestampMillisecondBuilder,
    source: UInt32Builder,
    key_kind: StringBuilder,
    kind: StringBuilder,
    event: StringBuilder,
    message_id: StringBuilder,
    previous_id: StringBuilder,
    group_id: StringBuilder,
    origin: UInt64Builder,
    profile: UInt64Builder,
    outcome: StringBuilder,
    reason: StringBuilder,
    reason_message: StringBuilder,
    traits: StringBuilder,
    properties: StringBuilder,
    context: StringBuilder,
    extra: StringBuilder,
    actor: StringBuilder,
    command_json: StringBuilder,
    identifiers: Identifiers,
    bytes: usize,
}

impl Batch {
    /// An empty batch.
    pub(super) fn new() -> Batch {
        let instants = || TimestampMillisecondBuilder::with_capacity(ROWS).with_timezone("UTC");
        let words = || StringBuilder::with_capacity(ROWS, ROWS * 8);
        let texts = || StringBuilder::with_capacity(ROWS, ROWS * 64);
        Batch {
            request: UInt64Builder::with_capacity(ROWS),
            command: UInt32Builder::with_capacity(ROWS),
            index: UInt32Builder::with_capacity(ROWS),
            entry: words(),
            received: instants(),
            original: instants(),
            sent: instants(),
            at: instants(),
            source: UInt32Builder::with_capacity(ROWS),
            key_kind: words(),
            kind: words(),
            event: words(),
            message_id: texts(),
            previous_id: words(),
            group_id: words(),
            origin: UInt64Builder::with_capacity(ROWS),
            profile: UInt64Builder::with_capacity(ROWS),
            outcome: words(),
            reason: words(),
            reason_message: words(),
            traits: words(),
            properties: texts(),
            context: texts(),
            extra: words(),
            actor: words(),
            command_json: words(),
            identifiers: Identifiers::new(),
            bytes: 0,
        }
    }

    /// Whether nothing has been added.
    pub(super) fn is_empty(&self) -> bool {
        self.request.is_empty()
    }

    /// Whether it is time to write it out.
    pub(super) fn is_full(&self) -> bool {
        self.request.len() >= ROWS || self.bytes >= BYTES
    }

    /// Adds an entry; `profile` is the survivor of its origin.
    pub(super) fn push(&mut self, entry: &Entry, profile: Option<ProfileNo>) {
        match entry {
            Entry::Event(row) => self.push_row(row, profile),
            Entry::Command(command) => self.push_command(command),
        }
    }

    fn push_row(&mut self, row: &Row, profile: Option<ProfileNo>) {
        let event = &row.event;
        self.push_place("event", event.position, event.received);
        self.push_event(event);
        self.origin.append_option(row.origin.map(|number| number.0));
        self.profile.append_option(profile.map(|number| number.0));
        self.outcome.append_value(row.outcome.word());
        let reason = row.outcome.reason();
        self.reason
            .append_option(reason.map(|reason| reason.code.as_str()));
        self.reason_message
            .append_option(reason.map(|reason| reason.message.as_str()));
        self.actor.append_null();
        self.command_json.append_null();
    }

    fn push_event(&mut self, event: &Event) {
        self.original
            .append_option(event.original.map(|instant| instant.0));
        self.sent.append_option(event.sent.map(|instant| instant.0));
        self.at.append_value(event.at.0);
        self.source.append_value(event.source.0);
        self.key_kind.append_value(key_kind_word(event.key_kind));
        self.kind.append_value(event.kind.word());
        self.event.append_value(&event.name);
        self.message_id.append_value(&event.message_id);
        self.previous_id.append_option(event.previous.as_deref());
        self.group_id.append_option(event.group.as_deref());
        self.traits.append_value(&event.traits);
        self.properties.append_value(&event.properties);
        self.context.append_value(&event.context);
        self.extra.append_value(&event.extra);
        self.identifiers.push(&event.identifiers);
        self.bytes += event.properties.len() + event.context.len();
        self.bytes += event.traits.len() + event.extra.len();
    }

    fn push_command(&mut self, entry: &CommandEntry) {
        self.push_place("command", entry.position, entry.received);
        for instant in [&mut self.original, &mut self.sent, &mut self.at] {
            instant.append_null();
        }
        self.source.append_null();
        for text in [
            &mut self.key_kind,
            &mut self.kind,
            &mut self.event,
            &mut self.message_id,
            &mut self.previous_id,
            &mut self.group_id,
            &mut self.outcome,
            &mut self.reason,
            &mut self.reason_message,
            &mut self.traits,
            &mut self.properties,
            &mut self.context,
            &mut self.extra,
        ] {
            text.append_null();
        }
        self.origin.append_null();
        self.profile.append_null();
        self.identifiers.push_null();
        let json = serde_json::to_string(&entry.command).unwrap_or_default();
        self.bytes += json.len();
        self.actor.append_value(&entry.actor);
        self.command_json.append_value(json);
    }

    fn push_place(&mut self, entry: &str, position: Position, received: Millis) {
        self.request.append_value(position.request);
        self.command.append_value(position.command);
        self.index.append_value(position.index);
        self.entry.append_value(entry);
        self.received.append_value(received.0);
    }

    /// The columns filled so far; the batch is empty again.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, arrow_schema::ArrowError> {
        self.bytes = 0;
        let builders: [&mut dyn ArrayBuilder; 26] = [
            &mut self.request,
            &mut self.command,
            &mut self.index,
            &mut self.entry,
            &mut self.received,
            &mut self.original,
            &mut self.sent,
            &mut self.at,
            &mut self.source,
            &mut self.key_kind,
            &mut self.kind,
            &mut self.event,
            &mut self.message_id,
            &mut self.previous_id,
            &mut self.group_id,
            &mut self.origin,
            &mut self.profile,
            &mut self.outcome,
            &mut self.reason,
            &mut self.reason_message,
            &mut self.traits,
            &mut self.properties,
            &mut self.context,
            &mut self.extra,
            &mut self.actor,
            &mut self.command_json,
        ];
        let mut columns: Vec<ArrayRef> = builders.map(|builder| builder.finish()).to_vec();
        columns.push(self.identifiers.finish()?);
        RecordBatch::try_new(SCHEMA.clone(), columns)
    }
}

/// The word that is stored for a kind of key.
pub(super) fn key_kind_word(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Browser => "browser",
        KeyKind::Server => "server",
    }
}

/// The nested column: a list of kinds and values per row.
struct Identifiers {
    kinds: StringBuilder,
    values: StringBuilder,
    offsets: OffsetBufferBuilder<i32>,
    present: NullBufferBuilder,
}

impl Identifiers {
    fn new() -> Identifiers {
        Identifiers {
            kinds: StringBuilder::with_capacity(ROWS * 2, ROWS * 16),
            values: StringBuilder::with_capacity(ROWS * 2, ROWS * 64),
            offsets: OffsetBufferBuilder::new(ROWS),
            present: NullBufferBuilder::new(ROWS),
        }
    }

    fn push(&mut self, identifiers: &[Identifier]) {
        for identifier in identifiers {
            self.kinds.append_value(identifier.kind.word());
            self.values.append_value(&identifier.value);
        }
        self.offsets.push_length(identifiers.len());
        self.present.append_non_null();
    }

    fn push_null(&mut self) {
        self.offsets.push_length(0);
        self.present.append_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, arrow_schema::ArrowError> {
        let texts: Vec<ArrayRef> = vec![
            Arc::new(self.kinds.finish()),
            Arc::new(self.values.finish()),
        ];
        let offsets = std::mem::replace(&mut self.offsets, OffsetBufferBuilder::new(ROWS));
        let offsets: OffsetBuffer<i32> = offsets.finish();
        let fields = identifier_fields();
        let items = StructArray::try_new(fields.clone(), texts, None)?;
        let item = Arc::new(Field::new("item", DataType::Struct(fields), false));
        let list = ListArray::try_new(item, offsets, Arc::new(items), self.present.finish())?;
        Ok(Arc::new(list))
    }
}
