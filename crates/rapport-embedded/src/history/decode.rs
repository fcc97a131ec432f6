//! Columns back to entries: a whole batch is looked at once, rows are made one by one.

use super::columns as c;
use super::run::Key;
use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, TimestampMillisecondType, UInt32Type, UInt64Type};
use arrow_array::{Array, ListArray, PrimitiveArray, RecordBatch, StringArray};
use rapport_core::entry::CommandEntry;
use rapport_core::event::{Event, KeyKind, Kind, SourceNo};
use rapport_core::identity::{IdKind, Identifier, ProfileNo};
use rapport_core::outcome::{Outcome, Reason};
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::history::{Entry, Row};
use std::sync::Arc;

/// Why a batch cannot be read: a sentence for the error.
pub(super) type Detail = String;

/// The columns that place a row: enough to order rows without reading them.
#[derive(Clone)]
pub(super) struct Places {
    request: PrimitiveArray<UInt64Type>,
    command: PrimitiveArray<UInt32Type>,
    index: PrimitiveArray<UInt32Type>,
    received: PrimitiveArray<TimestampMillisecondType>,
    at: PrimitiveArray<TimestampMillisecondType>,
    origin: PrimitiveArray<UInt64Type>,
}

impl Places {
    /// Takes them out of a batch of at least these columns.
    pub(super) fn new(batch: &RecordBatch) -> Result<Places, Detail> {
        Ok(Places {
            request: numbers(batch, c::REQUEST)?,
            command: numbers(batch, c::COMMAND)?,
            index: numbers(batch, c::INDEX)?,
            received: numbers(batch, c::RECEIVED)?,
            at: numbers(batch, c::AT)?,
            origin: numbers(batch, c::ORIGIN)?,
        })
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.request.len()
    }

    /// The row's position.
    pub(super) fn position(&self, row: usize) -> Position {
        Position {
            request: self.request.value(row),
            command: self.command.value(row),
            index: self.index.value(row),
        }
    }

    /// When the row was received.
    pub(super) fn received(&self, row: usize) -> Millis {
        Millis(self.received.value(row))
    }

    /// The event's own time.
    pub(super) fn at(&self, row: usize) -> Option<Millis> {
        self.at.is_valid(row).then(|| Millis(self.at.value(row)))
    }

    /// Whom the event was folded into.
    pub(super) fn origin(&self, row: usize) -> Option<ProfileNo> {
        self.origin
            .is_valid(row)
            .then(|| ProfileNo(self.origin.value(row)))
    }

    /// Where the row stands in its file.
    pub(super) fn key(&self, row: usize) -> Key {
        let origin = self.origin(row).map_or(u64::MAX, |number| number.0);
        let at = self.at(row).unwrap_or_else(|| self.received(row));
        (origin, at.0, self.position(row))
    }
}

/// A batch of all columns, rows of which can be made into entries.
#[derive(Clone)]
pub(super) struct Rows {
    /// Where each row stands.
    pub(super) places: Places,
    entry: StringArray,
    original: PrimitiveArray<TimestampMillisecondType>,
    sent: PrimitiveArray<TimestampMillisecondType>,
    source: PrimitiveArray<UInt32Type>,
    key_kind: StringArray,
    kind: StringArray,
    event: StringArray,
    message_id: StringArray,
    previous_id: StringArray,
    group_id: StringArray,
    outcome: StringArray,
    reason: StringArray,
    reason_message: StringArray,
    traits: StringArray,
    properties: StringArray,
    context: StringArray,
    extra: StringArray,
    actor: StringArray,
    command_json: StringArray,
    identifiers: ListArray,
    identifier_kinds: StringArray,
    identifier_values: StringArray,
}

impl Rows {
    /// Takes the columns out of a batch of all of them.
    pub(super) fn new(batch: &RecordBatch) -> Result<Rows, Detail> {
        let identifiers: ListArray = column(batch, c::IDENTIFIERS)?
            .as_list_opt()
            .ok_or("identifiers are no list")?
            .clone();
        let items = identifiers
            .values()
            .as_struct_opt()
            .ok_or("identifiers have no fields")?;
        let field = |number: usize| -> Result<StringArray, Detail> {
            let text = items
                .columns()
                .get(number)
                .and_then(|column| column.as_string_opt());
            text.cloned()
                .ok_or_else(|| "an identifier is no text".to_owned())
        };
        Ok(Rows {
            places: Places::new(batch)?,
            entry: texts(batch, c::ENTRY)?,
            original: numbers(batch, c::ORIGINAL)?,
            sent: numbers(batch, c::SENT)?,
            source: numbers(batch, c::SOURCE)?,
            key_kind: texts(batch, c::KEY_KIND)?,
            kind: texts(batch, c::TYPE)?,
            event: texts(batch, c::EVENT)?,
            message_id: texts(batch, c::MESSAGE_ID)?,
            previous_id: texts(batch, c::PREVIOUS_ID)?,
            group_id: texts(batch, c::GROUP_ID)?,
            outcome: texts(batch, c::OUTCOME)?,
            reason: texts(batch, c::REASON)?,
            reason_message: texts(batch, c::REASON_MESSAGE)?,
            traits: texts(batch, c::TRAITS)?,
            properties: texts(batch, c::PROPERTIES)?,
            context: texts(batch, c::CONTEXT)?,
            extra: texts(batch, c::EXTRA)?,
            actor: texts(batch, c::ACTOR)?,
            command_json: texts(batch, c::COMMAND_JSON)?,
            identifier_kinds: field(0)?,
            identifier_values: field(1)?,
            identifiers,
        })
    }

    /// The entry of a row.
    pub(super) fn entry(&self, row: usize) -> Result<Entry, Detail> {
        match self.entry.value(row) {
            "event" => Ok(Entry::Event(Arc::new(self.row(row)?))),
            "command" => Ok(Entry::Command(Arc::new(self.command(row)?))),
            other => Err(format!("no entry is of kind {other:?}")),
        }
    }

    /// The event of a row, and how it ended.
    pub(super) fn row(&self, row: usize) -> Result<Row, Detail> {
        Ok(Row {
            event: self.event(row)?,
            origin: self.places.origin(row),
            outcome: self.outcome(row)?,
        })
    }

    fn event(&self, row: usize) -> Result<Event, Detail> {
        let key_kind = match self.key_kind.value(row) {
            "browser" => KeyKind::Browser,
            "server" => KeyKind::Server,
            other => return Err(format!("no key is of kind {other:?}")),
        };
        let word = self.kind.value(row);
        Ok(Event {
            position: self.places.position(row),
            received: self.places.received(row),
            original: instant(&self.original, row),
            sent: instant(&self.sent, row),
            at: self.places.at(row).ok_or("an event has no time")?,
            source: SourceNo(self.source.value(row)),
            key_kind,
            kind: Kind::from_word(word).ok_or_else(|| format!("no event is of type {word:?}"))?,
            name: self.event.value(row).into(),
            message_id: self.message_id.value(row).into(),
            identifiers: self.identifiers(row),
            previous: text(&self.previous_id, row).map(Into::into),
            group: text(&self.group_id, row).map(Into::into),
            traits: self.traits.value(row).into(),
            properties: self.properties.value(row).into(),
            context: self.context.value(row).into(),
            extra: self.extra.value(row).into(),
        })
    }

    fn identifiers(&self, row: usize) -> Vec<Identifier> {
        let offsets = self.identifiers.value_offsets();
        let range = offsets[row] as usize..offsets[row + 1] as usize;
        range
            .map(|item| {
                let word = self.identifier_kinds.value(item);
                let kind = IdKind::from_word(word).unwrap_or_else(|| IdKind::Custom(word.into()));
                Identifier::new(kind, self.identifier_values.value(item))
            })
            .collect()
    }

    fn outcome(&self, row: usize) -> Result<Outcome, Detail> {
        let reason = || {
            let code = text(&self.reason, row).ok_or("an outcome has no reason")?;
            let message = text(&self.reason_message, row).unwrap_or_default();
            Ok::<_, Detail>(Reason::new(code, message))
        };
        Ok(match self.outcome.value(row) {
            "accepted" => Outcome::Accepted,
            "duplicate" => Outcome::Duplicate,
            "filtered" => Outcome::Filtered(reason()?),
            "limited" => Outcome::Limited(reason()?),
            "invalid" => Outcome::Invalid(reason()?),
            other => return Err(format!("no outcome is called {other:?}")),
        })
    }

    fn command(&self, row: usize) -> Result<CommandEntry, Detail> {
        let json = text(&self.command_json, row).ok_or("a command has no content")?;
        Ok(CommandEntry {
            position: self.places.position(row),
            received: self.places.received(row),
            actor: text(&self.actor, row).unwrap_or_default().to_owned(),
            command: serde_json::from_str(json)
                .map_err(|error| format!("a command cannot be read: {error}"))?,
        })
    }
}

fn column(batch: &RecordBatch, number: usize) -> Result<&dyn Array, Detail> {
    let name = c::SCHEMA.field(number).name();
    let column = batch
        .column_by_name(name)
        .ok_or_else(|| format!("no column {name}"))?;
    Ok(column.as_ref())
}

/// A column of text.
pub(super) fn texts(batch: &RecordBatch, number: usize) -> Result<StringArray, Detail> {
    let text = column(batch, number)?.as_string_opt::<i32>();
    text.cloned()
        .ok_or_else(|| format!("column {number} is no text"))
}

/// A column of numbers or instants.
pub(super) fn numbers<T: ArrowPrimitiveType>(
    batch: &RecordBatch,
    number: usize,
) -> Result<PrimitiveArray<T>, Detail> {
    let found = column(batch, number)?.as_primitive_opt::<T>();
    found
        .cloned()
        .ok_or_else(|| format!("column {number} is no number"))
}

fn instant(column: &PrimitiveArray<TimestampMillisecondType>, row: usize) -> Option<Millis> {
    column.is_valid(row).then(|| Millis(column.value(row)))
}

fn text(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}
