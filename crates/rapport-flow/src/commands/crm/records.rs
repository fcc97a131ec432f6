//! Records that are written, archived and restored, each input by itself.

use super::super::{Outcome, Reply};
use super::{contacts, link, resolve};
use crate::crm::company::attribute_of;
use crate::crm::timeline::by_actor;
use crate::crm::work::{Cause, Key, Work, calculate};
use crate::crm::{cells, follow};
use crate::error::CommandError;
use crate::steps::load;
use crate::writer::Writer;
use rapport_core::crm::association::Kind;
use rapport_core::crm::bulk::Touched;
use rapport_core::crm::contact::GROUP_ID;
use rapport_core::crm::history::{Door, Origin};
use rapport_core::crm::write::{self, Change, INPUTS_MAX};
use rapport_core::crm::{
    NewLink, ObjectType, Property, Record, RecordInput, RecordReference, Refused, TypeId, Value,
    Verb, Written,
};
use rapport_core::entry::CommandEntry;
use rapport_core::position::Position;
use rapport_core::profile::attributes::Writing;
use rapport_store::Result;
use rapport_store::state::Write;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What became of one input.
pub(super) type Done = std::result::Result<Written, Refused>;

/// Does what each input says.
pub(super) async fn apply(
    writer: &mut Writer,
    entry: &CommandEntry,
    object: TypeId,
    inputs: &[RecordInput],
    writes: &mut Vec<Write>,
) -> Outcome {
    let definitions = Arc::clone(&writer.configuration.crm);
    let Some(object) = definitions.get(object) else {
        return Err(CommandError::NotFound {
            what: format!("object type {object}"),
        });
    };
    if inputs.is_empty() || inputs.len() > INPUTS_MAX {
        return Err(CommandError::Invalid {
            code: "invalid_batch",
            message: format!(
                "{} inputs in one batch: 1 to {INPUTS_MAX} fit",
                inputs.len()
            ),
            help: "Send several batches.".to_owned(),
        });
    }
    let mut batch = Batch::new(writer, object, entry);
    let mut done = Vec::with_capacity(inputs.len());
    let mut edits = contacts::Edits::default();
    for (nth, input) in inputs.iter().enumerate() {
        done.push(take(writer, &mut batch, nth, input, &mut edits).await?);
    }
    finish(writer, batch, edits, writes).await?;
    Ok(Reply::Records(done))
}

/// Does what one input says, whatever the type.
pub(super) async fn take(
    writer: &mut Writer,
    batch: &mut Batch<'_>,
    nth: usize,
    input: &RecordInput,
    edits: &mut contacts::Edits,
) -> Result<Done> {
    let cause = batch.cause(nth);
    batch.work.stand(&cause);
    match batch.object.id() {
        TypeId::CONTACT => contacts::one(writer, batch, &cause, input, edits).await,
        _ => one(writer, batch, &cause, input).await,
    }
}

/// Hands over everything that the inputs changed, and what follows from it.
pub(super) async fn finish(
    writer: &mut Writer,
    batch: Batch<'_>,
    edits: contacts::Edits,
    writes: &mut Vec<Write>,
) -> Result<()> {
    edits.finish(writer, writes).await?;
    let mut work = batch.work;
    follow::settle(writer, &mut work).await?;
    work.finish(writer, writes);
    Ok(())
}

/// Inputs of one command under way.
pub(super) struct Batch<'a> {
    pub object: &'a ObjectType,
    pub work: Work,
    /// Records an earlier input was about.
    pub seen: BTreeSet<Key>,
    entry: &'a CommandEntry,
    /// By what kind of door they came, where it is not whoever asks by themselves.
    pub door: Option<Door>,
    /// What is taken back of the record at hand: else nothing follows.
    pub takes_back: Option<Touched>,
}

impl<'a> Batch<'a> {
    /// Nothing yet of a command that is about records of a type.
    pub fn new(writer: &Writer, object: &'a ObjectType, entry: &'a CommandEntry) -> Batch<'a> {
        Batch {
            object,
            work: Work::of(writer),
            seen: BTreeSet::new(),
            entry,
            door: None,
            takes_back: None,
        }
    }

    /// Where what an input changes comes from.
    pub fn cause(&self, nth: usize) -> Cause {
        let origin = by_actor(&self.entry.actor);
        Cause {
            place: Position {
                index: u32::try_from(nth).unwrap_or(u32::MAX),
                ..self.entry.position
            },
            received: self.entry.received,
            origin: Origin {
                door: self.door.unwrap_or(origin.door),
                ..origin
            },
        }
    }

    /// Notes that an input is about a record; refused where one was before.
    pub fn see(&mut self, key: Key) -> std::result::Result<(), Refused> {
        match self.seen.insert(key) {
            true => Ok(()),
            false => Err(Refused::Twice {
                reference: key.1.to_string().into(),
            }),
        }
    }
}

async fn one(
    writer: &mut Writer,
    batch: &mut Batch<'_>,
    cause: &Cause,
    input: &RecordInput,
) -> Result<Done> {
    let object = batch.object;
    let found = match resolve::find(writer, &mut batch.work, object, &input.reference).await? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    let found = match named(object, input, found) {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Some(key) = found
        && let Err(refused) = batch.see(key)
    {
        return Ok(Err(refused));
    }
    match (input.verb, found) {
        (Verb::Write, found) => {
            // What a later step refuses, no earlier one did.
            let before = (!input.associations.is_empty()).then(|| batch.work.clone());
            let written = write(writer, batch, cause, input, found).await?;
            if let (Err(_), Some(before)) = (&written, before) {
                batch.work = before;
            }
            Ok(written)
        }
        (verb, Some(key)) => Ok(Ok(bin(batch, cause, key, verb))),
        (_, None) => Ok(Err(resolve::missing(object.id(), &input.reference))),
    }
}

/// The record an input is about; refused where it must be there and is not.
pub(super) fn named(
    object: &ObjectType,
    input: &RecordInput,
    found: Option<Key>,
) -> std::result::Result<Option<Key>, Refused> {
    let may_make = match &input.reference {
        RecordReference::Create => input.verb == Verb::Write,
        RecordReference::Id(_) => false,
        RecordReference::Unique { .. } => input.upsert && input.verb == Verb::Write,
    };
    match found {
        None if !may_make => Err(resolve::missing(object.id(), &input.reference)),
        found => Ok(found),
    }
}

/// Puts a record into the bin or takes it out; one that is there already stays.
fn bin(batch: &mut Batch<'_>, cause: &Cause, key: Key, verb: Verb) -> Written {
    let is_archived = batch.work.get(key).is_some_and(|r| r.archived.is_some());
    let changed = is_archived != (verb == Verb::Archive);
    if changed {
        let at = (verb == Verb::Archive).then_some(cause.received);
        batch.work.bin(key, at, cause);
    }
    Written {
        no: key.1,
        created: false,
        changed,
    }
}

async fn write(
    writer: &mut Writer,
    batch: &mut Batch<'_>,
    cause: &Cause,
    input: &RecordInput,
    found: Option<Key>,
) -> Result<Done> {
    let definitions = Arc::clone(&batch.work.definitions);
    let object = batch.object;
    let before = found.and_then(|key| batch.work.get(key)).cloned();
    let is_archived = before.as_ref().is_some_and(|r| r.archived.is_some());
    if is_archived && !input.upsert {
        return Ok(Err(resolve::missing(object.id(), &input.reference)));
    }
    let change = match decide(batch, before.as_ref(), input, cause) {
        Ok(change) => change,
        Err(refused) => return Ok(Err(refused)),
    };
    let own = found.map(|(_, number)| number);
    for (no, value) in &change.values {
        let unique = object.properties.get(no).filter(|property| property.unique);
        let (Some(property), Some(value)) = (unique, value) else {
            continue;
        };
        let owner = resolve::owner(writer, &mut batch.work, object.id(), property, value).await?;
        if let Some(existing) = owner.filter(|owner| Some(*owner) != own) {
            return Ok(Err(not_unique(property, value, existing)));
        }
    }
    let created = before.is_none();
    let mut record = match before {
        Some(before) => before,
        None => Record::new(writer.next_record(object.id()), cause.received),
    };
    let number = record.no;
    let changed = created || is_archived || !change.is_empty();
    if changed {
        change.apply(&mut record);
        record.archived = None;
        record.updated = record.updated.max(cause.received);
        calculate(&definitions, object, &mut record);
        company(writer, object, &record, &change, cause).await?;
        batch.work.put(object, record, &change, cause);
        if created {
            batch.seen.insert((object.id(), number));
        }
    }
    let key = (object.id(), number);
    let linked = associate(writer, &mut batch.work, key, &input.associations).await?;
    Ok(linked.map(|linked| Written {
        no: number,
        created,
        changed: changed || !linked.is_empty(),
    }))
}

/// What an input makes of a record, by the rules of its type.
pub(super) fn decide(
    batch: &Batch<'_>,
    before: Option<&Record>,
    input: &RecordInput,
    cause: &Cause,
) -> std::result::Result<Change, Refused> {
    let mut properties = input.properties.clone();
    if let RecordReference::Unique { property, value } = &input.reference
        && before.is_none()
    {
        let named = properties
            .keys()
            .any(|name| name.eq_ignore_ascii_case(property));
        if !named {
            properties.insert(property.clone(), value.clone());
        }
    }
    let (object, at) = (batch.object, cause.received);
    let Some(before) = before else {
        return write::create(object, &properties, at, &cause.origin);
    };
    let mut change = write::update(object, before, &properties, at, &cause.origin)?;
    if let Some(taken) = &batch.takes_back {
        taken.narrow(object, before, input, &mut change);
    }
    Ok(change)
}

/// That a value is somebody else's.
pub(super) fn not_unique(
    property: &Property,
    value: &Value,
    existing: rapport_core::crm::RecordNo,
) -> Refused {
    Refused::NotUnique {
        property: property.name.clone(),
        value: value.spelled().into(),
        existing,
    }
}

/// A link that was made: to which record, and as what, there and back.
pub(super) type Made = (Key, Vec<(u32, u32)>);

/// Links a record as its input asks; returns the links that were not there before.
pub(super) async fn associate(
    writer: &mut Writer,
    work: &mut Work,
    from: Key,
    links: &[NewLink],
) -> Result<std::result::Result<Vec<Made>, Refused>> {
    let definitions = Arc::clone(&work.definitions);
    let mut made = Vec::new();
    for link in links {
        let object = match far(&definitions, from.0, link) {
            Ok(object) => object,
            Err(refused) => return Ok(Err(refused)),
        };
        let to = match resolve::existing(writer, work, object, &link.to).await? {
            Ok(to) => to,
            Err(refused) => return Ok(Err(refused)),
        };
        let before = work.kinds(writer, from, to).await?;
        let linked = link::together(writer, work, from, to, &link.kinds, false).await?;
        if let Err(refused) = linked {
            return Ok(Err(refused));
        }
        let after = work.kinds(writer, from, to).await?;
        let there = after.difference(&before);
        let both = there.filter_map(|kind| {
            let association = definitions.association(from.0, to.0, *kind)?;
            Some((association.type_id, association.inverse))
        });
        let both: Vec<(u32, u32)> = both.collect();
        if !both.is_empty() {
            made.push((to, both));
        }
    }
    Ok(Ok(made))
}

/// The type of the other record of a link: as it says, or as its kinds do.
fn far<'a>(
    definitions: &'a rapport_core::crm::Definitions,
    from: TypeId,
    link: &NewLink,
) -> std::result::Result<&'a ObjectType, Refused> {
    let of_kind = |kind: &Kind| {
        let mut all = definitions.associations_from(from);
        let found = all.find(|one| one.kind() == *kind);
        found.map(|found| found.to)
    };
    let to = link.object.or_else(|| link.kinds.first().and_then(of_kind));
    let unknown = Refused::UnknownAssociationType {
        from,
        to: link.object.unwrap_or_default(),
        type_id: link.kinds.first().map_or(0, |kind| kind.type_id),
    };
    to.and_then(|to| definitions.get(to)).ok_or(unknown)
}

/// Says of a company that group calls describe what was written to its record, by a member: a
/// browser does not take it back for a while.
async fn company(
    writer: &mut Writer,
    object: &ObjectType,
    record: &Record,
    change: &Change,
    cause: &Cause,
) -> Result<()> {
    if object.id() != TypeId::COMPANY {
        return Ok(());
    }
    let Some(Value::Text(id)) = record.named(object, GROUP_ID) else {
        return Ok(());
    };
    load::companies(writer, BTreeSet::from([&*id])).await?;
    let id_of_edit = format!("{}.{}", cause.place, cause.place.index);
    let writing = Writing::by_member(&writer.configuration.policy, cause.received, &id_of_edit);
    let mut said: BTreeMap<&str, String> = BTreeMap::new();
    for (no, value) in &change.values {
        let property = object.properties.get(no);
        let own = |property: &&Property| {
            property.fact.is_none() && property.calculated.is_none() && &*property.name != GROUP_ID
        };
        if let Some(property) = property.filter(own) {
            said.insert(attribute_of(&property.name), cells::json(value.as_ref()));
        }
    }
    let company = writer.people.company_mut(&id, cause.received);
    for (name, json) in said {
        company.attributes.write(name, &json, &writing);
    }
    Ok(())
}
