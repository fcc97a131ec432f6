//! Bulks: begun, led on by a step, ended; each step together with what it changed.

use super::super::{Outcome, Reply};
use super::contacts::Edits;
use super::records::{Batch, finish, take};
use super::resolve;
use crate::configuration::{self, Configuration};
use crate::crm::contact::drawn;
use crate::error::CommandError;
use crate::rows;
use crate::writer::Writer;
use rapport_core::crm::bulk::{
    Act, Bulk, Course, Draft, Error, FORGOTTEN_MAX, KEPT_MS, Step, Stop, Touched, UNDER_WAY_MAX,
    UNDER_WAY_OF_ONE_MAX, Which,
};
use rapport_core::crm::history::{Door, Row, is_written};
use rapport_core::crm::write::INPUTS_MAX;
use rapport_core::crm::{
    ObjectType, PropertyNo, Record, RecordInput, RecordNo, RecordReference, Refused, TypeId,
};
use rapport_core::entry::CommandEntry;
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_core::time::DAY_MS;
use rapport_store::state::{Order, Page, Table, Write};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most later changes of a property that are looked at; of more it is certain that they are some.
const LATER_MAX: usize = 100;

/// Begins one.
pub(super) async fn start(
    writer: &mut Writer,
    entry: &CommandEntry,
    draft: &Draft,
    writes: &mut Vec<Write>,
) -> Outcome {
    let definitions = Arc::clone(&writer.configuration.crm);
    let object = definitions
        .get(draft.object)
        .ok_or_else(|| CommandError::NotFound {
            what: format!("object type {}", draft.object),
        })?;
    draft.check(object).map_err(refused)?;
    has_room(writer, draft).await?;
    let (id, began) = (entry.position, entry.received);
    let mut bulk = Bulk::new(id, object, draft, &entry.actor, began);
    if let Act::Undo(of) = draft.act {
        let mut undone = read(writer, of).await?;
        may_undo(writer, entry, &undone, draft).await?;
        bulk.take_back(&mut undone);
        writes.push(row(&undone));
    }
    writes.push(row(&bulk));
    writes.push(rows::put(Table::BulkDraft, rows::position_key(id), draft));
    writes.push(configuration::row(&key(bulk.id), &bulk.id));
    change(writer, |under_way| {
        under_way.insert(bulk.id);
    });
    Ok(Reply::Done)
}

/// Refuses one too many, of everybody or of whoever begins it.
async fn has_room(writer: &Writer, draft: &Draft) -> Result<(), CommandError> {
    let under_way = &writer.configuration.bulks;
    if under_way.len() >= UNDER_WAY_MAX {
        let message = format!("{UNDER_WAY_MAX} are under way: wait until one has ended");
        return Err(CommandError::Contradicts { message });
    }
    let mut own = 0;
    for id in under_way.iter() {
        own += usize::from(read(writer, *id).await?.by == draft.by);
    }
    if own >= UNDER_WAY_OF_ONE_MAX {
        let message =
            format!("{UNDER_WAY_OF_ONE_MAX} of yours are under way: wait until one has ended");
        return Err(CommandError::Contradicts { message });
    }
    Ok(())
}

/// Refuses what is undone already, goes on, or is past. What an undo left out can be undone again.
async fn may_undo(
    writer: &Writer,
    entry: &CommandEntry,
    undone: &Bulk,
    draft: &Draft,
) -> Result<(), CommandError> {
    let contradicts = |message: String| Err(CommandError::Contradicts { message });
    let id = undone.id.id();
    if undone.object != draft.object || draft.which != Which::Changed {
        return contradicts("an undo is of the records that were changed".to_owned());
    }
    if undone.is_running() {
        return contradicts(format!(
            "{id} is under way: stop it, or wait until it has ended"
        ));
    }
    if undone.is_past(entry.received) {
        let days = KEPT_MS / DAY_MS;
        return contradicts(format!("{id} ended more than {days} days ago"));
    }
    let Some(by) = undone.undone_by else {
        return Ok(());
    };
    let by = read(writer, by).await?;
    if by.is_running() || by.is_whole() || by.undone_by.is_some() {
        let by = by.id.id();
        return contradicts(format!(
            "{id} was undone by {by}: that can be undone in turn"
        ));
    }
    Ok(())
}

/// Forgets what one did to some records; the last of it takes the bulk along.
pub(super) async fn forget(
    writer: &mut Writer,
    entry: &CommandEntry,
    id: Position,
    writes: &mut Vec<Write>,
) -> Outcome {
    let bulk = read(writer, id).await?;
    let undo = match bulk.undone_by {
        Some(by) => crate::crm::bulk::one(&writer.shared, by).await?,
        None => None,
    };
    if !bulk.is_past(entry.received) || undo.is_some_and(|undo| undo.is_running()) {
        let message = format!("{} can still be undone", id.id());
        return Err(CommandError::Contradicts { message });
    }
    let keys = crate::crm::bulk::keys(&writer.shared, id, FORGOTTEN_MAX).await?;
    if keys.len() < FORGOTTEN_MAX {
        writes.push(rows::remove(Table::Bulk, rows::position_key(id)));
        writes.push(rows::remove(Table::BulkDraft, rows::position_key(id)));
    }
    let gone = keys.into_iter();
    writes.extend(gone.map(|key| rows::remove(Table::BulkRecord, key)));
    Ok(Reply::Done)
}

/// Ends one where it is.
pub(super) async fn stop(
    writer: &mut Writer,
    entry: &CommandEntry,
    stop: &Stop,
    writes: &mut Vec<Write>,
) -> Outcome {
    let mut bulk = running(writer, stop.bulk).await?;
    bulk.course = Course::Stopped(stop.reason.clone());
    end(writer, entry, &mut bulk, writes);
    writes.push(row(&bulk));
    Ok(Reply::Done)
}

/// Leads one on.
pub(super) async fn step(
    writer: &mut Writer,
    entry: &CommandEntry,
    step: &Step,
    writes: &mut Vec<Write>,
) -> Outcome {
    let mut bulk = running(writer, step.bulk).await?;
    if step.from != bulk.at || step.to < step.from {
        let message = format!("{} is at record {}", bulk.id.id(), bulk.at);
        return Err(CommandError::Contradicts { message });
    }
    if step.records.len() > INPUTS_MAX {
        let message = format!("{INPUTS_MAX} records at most are changed by one step");
        return Err(CommandError::Contradicts { message });
    }
    let definitions = Arc::clone(&writer.configuration.crm);
    let object = bulk
        .object_type(&definitions)
        .ok_or_else(|| CommandError::NotFound {
            what: format!("object type {}", bulk.object),
        })?;
    let draft = crate::crm::bulk::draft(&writer.shared, bulk.id).await?;
    let act = draft.ok_or_else(|| nothing(bulk.id))?.act;
    let mut batch = Batch::new(writer, object, entry);
    batch.door = Some(match bulk.takes_back {
        true => Door::Undo,
        false => Door::Bulk,
    });
    let mut edits = Edits::default();
    for (nth, record) in step.records.iter().enumerate() {
        let touched = one(writer, &mut batch, &act, (nth, *record), &mut edits).await?;
        note(&mut bulk, *record, &touched, writes);
    }
    finish(writer, batch, edits, writes).await?;
    for (record, why) in &step.denied {
        let touched = Touched {
            place: entry.position,
            refused: Some(why.clone()),
            ..Touched::default()
        };
        note(&mut bulk, *record, &touched, writes);
    }
    bulk.at = step.to;
    if step.is_last {
        bulk.course = Course::Done;
        end(writer, entry, &mut bulk, writes);
    }
    writes.push(row(&bulk));
    Ok(Reply::Done)
}

/// Changes one record; says what it was.
async fn one(
    writer: &mut Writer,
    batch: &mut Batch<'_>,
    act: &Act,
    (nth, number): (usize, RecordNo),
    edits: &mut Edits,
) -> rapport_store::Result<Touched> {
    let object = batch.object;
    let mut touched = Touched {
        place: batch.cause(nth).place,
        ..Touched::default()
    };
    let reference = RecordReference::Id(number);
    let found = resolve::find(writer, &mut batch.work, object, &reference).await?;
    let before = match found {
        Ok(Some((_, number))) => now(writer, batch, number),
        _ => None,
    };
    let Some(before) = before else {
        touched.refused = Some(resolve::missing(object.id(), &reference).to_string().into());
        return Ok(touched);
    };
    let input = match act {
        Act::Undo(of) => {
            let Some(done) = done(writer, *of, number).await? else {
                return Ok(touched);
            };
            let (input, kept) = match before.no == number {
                true => back(writer, object, &done, &before).await?,
                // It was merged: what it was is nothing to do with the one that is left.
                false => (None, done.all()),
            };
            touched.kept = kept;
            batch.takes_back = Some(done);
            input
        }
        act => act.input(number),
    };
    let Some(input) = input else {
        return Ok(touched);
    };
    match take(writer, batch, nth, &input, edits).await? {
        Err(refused) => touched.refused = Some(told(refused)),
        Ok(written) => {
            if let Some(after) = now(writer, batch, written.no) {
                let changed = Touched::between(object, touched.place, &before, &after);
                touched.fields = changed.fields;
                touched.archived = changed.archived;
                touched.followed = changed.followed;
            }
        }
    }
    Ok(touched)
}

/// Why a record was not changed. Which other record is in the way is not told: whoever reads this may
/// not be who may see that one.
fn told(refused: Refused) -> Box<str> {
    let refused = match refused {
        Refused::NotUnique { property, .. } => Refused::Taken { property },
        other => other,
    };
    refused.to_string().into()
}

/// A record as it is within this step.
fn now(writer: &Writer, batch: &Batch<'_>, number: RecordNo) -> Option<Record> {
    let object = batch.object;
    match object.id() {
        TypeId::CONTACT => {
            let profile = writer.people.profile(ProfileNo(number.0))?;
            drawn(&batch.work.definitions, object, profile, None)
        }
        id => batch.work.get((id, number)).cloned(),
    }
}

/// What a bulk did to a record.
async fn done(
    writer: &Writer,
    of: Position,
    number: RecordNo,
) -> rapport_store::Result<Option<Touched>> {
    let state = &writer.shared.roles.state;
    let key = rows::bulk_record_key(of, number);
    let stored = state.load(Table::BulkRecord, &[key]).await?.pop();
    let stored = stored.flatten();
    stored
        .map(|row| rows::unpack(Table::BulkRecord, &row))
        .transpose()
}

/// What takes it back, and what stays as it is.
async fn back(
    writer: &Writer,
    object: &ObjectType,
    done: &Touched,
    record: &Record,
) -> rapport_store::Result<(Option<RecordInput>, Vec<PropertyNo>)> {
    let mut later = BTreeSet::new();
    for no in done.all() {
        if is_later(writer, (object.id(), record.no), no, done.place).await? {
            later.insert(no);
        }
    }
    Ok(done.back(object, record, |no| later.contains(&no)))
}

/// Whether a property was written after an entry. What a contact is follows from its profile, and
/// has no such rows: there its value tells.
async fn is_later(
    writer: &Writer,
    (object, number): (TypeId, RecordNo),
    property: PropertyNo,
    place: Position,
) -> rapport_store::Result<bool> {
    let record = (object.0, number.0);
    let page = Page {
        table: Table::PropertyHistory,
        from: rows::property_history_key(record, property.0, place),
        to: Some(rows::property_history_key(
            record,
            property.0,
            Position::LAST,
        )),
        limit: LATER_MAX + 2,
        order: Order::Ascending,
    };
    let stored = writer.shared.roles.state.scan(page).await?;
    let mut later = Vec::new();
    for (key, row) in &stored {
        if rows::property_history_of(key).is_some_and(|(_, written)| written > place) {
            let row: Row = rows::unpack(Table::PropertyHistory, row)?;
            later.push(row.origin.door);
        }
    }
    Ok(later.len() > LATER_MAX || is_written(later.into_iter()))
}

/// Counts what became of a record, and keeps it where it is anything.
fn note(bulk: &mut Bulk, record: RecordNo, touched: &Touched, writes: &mut Vec<Write>) {
    bulk.count(record, touched);
    if touched.is_change() || touched.problem().is_some() {
        let key = rows::bulk_record_key(bulk.id, record);
        writes.push(rows::put(Table::BulkRecord, key, touched));
    }
}

fn end(writer: &mut Writer, entry: &CommandEntry, bulk: &mut Bulk, writes: &mut Vec<Write>) {
    bulk.ended = Some(entry.received);
    writes.push(configuration::removal(&key(bulk.id)));
    change(writer, |under_way| {
        under_way.remove(&bulk.id);
    });
}

fn change(writer: &mut Writer, change: impl FnOnce(&mut BTreeSet<Position>)) {
    let mut configuration = Configuration::clone(&writer.configuration);
    change(Arc::make_mut(&mut configuration.bulks));
    writer.configure(configuration);
}

async fn read(writer: &Writer, id: Position) -> Result<Bulk, CommandError> {
    let found = crate::crm::bulk::one(&writer.shared, id).await?;
    found.ok_or_else(|| nothing(id))
}

fn nothing(id: Position) -> CommandError {
    CommandError::NotFound {
        what: format!("bulk {}", id.id()),
    }
}

async fn running(writer: &Writer, id: Position) -> Result<Bulk, CommandError> {
    let bulk = read(writer, id).await?;
    match bulk.is_running() {
        true => Ok(bulk),
        false => Err(CommandError::Contradicts {
            message: format!("{} has ended", id.id()),
        }),
    }
}

fn row(bulk: &Bulk) -> Write {
    rows::put(Table::Bulk, rows::position_key(bulk.id), bulk)
}

fn key(id: Position) -> String {
    format!("bulk/{}", id.id())
}

fn refused(error: Error) -> CommandError {
    CommandError::Invalid {
        code: "invalid_body",
        message: error.to_string(),
        help: String::new(),
    }
}
