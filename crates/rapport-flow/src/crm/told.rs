//! Records that follow what events say: companies that group calls describe, orders with their line
//! items. Everything an event says is done in its own place, so that it makes no difference which
//! events are folded together.

use super::work::{Cause, Key, Work, calculate};
use super::{company, order};
use crate::rows;
use crate::writer::Writer;
use rapport_core::crm::contact::GROUP_ID;
use rapport_core::crm::history::{Door, Origin};
use rapport_core::crm::write::{Change, Draft, finish};
use rapport_core::crm::{ObjectType, Record, RecordNo, TypeId, Value};
use rapport_core::event::SourceNo;
use rapport_core::fold::told::{Of, Told};
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_store::Result;
use rapport_store::state::{Table, Write};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Writer {
    /// Adds the writes of everything that events said of companies and orders.
    /// The contacts in `joined` are two in one since.
    pub async fn told(
        &mut self,
        told: &[Told],
        joined: &[ProfileNo],
        writes: &mut Vec<Write>,
    ) -> Result<()> {
        if told.is_empty() && joined.is_empty() {
            return Ok(());
        }
        debug_assert!(!self.is_underway(), "records are read from the disk");
        let mut work = Work::of(self);
        ahead(self, &mut work, told).await?;
        for one in told {
            let cause = Cause {
                place: one.position,
                received: one.received,
                origin: origin(self, one.source),
            };
            work.stand(&cause);
            match &one.of {
                Of::Company {
                    id,
                    changed,
                    joined,
                } => {
                    let person = one.person.filter(|_| *joined);
                    company::told(self, &mut work, &cause, id, changed, person).await?;
                }
                Of::Order {
                    message_id,
                    properties,
                } => order::told(self, &mut work, &cause, one, message_id, properties).await?,
            }
        }
        for number in joined {
            let survivor = self.survivor_of(TypeId::CONTACT, RecordNo(number.0));
            work.touch((TypeId::CONTACT, survivor));
        }
        super::follow::settle(self, &mut work).await?;
        work.finish(self, writes);
        Ok(())
    }
}

/// Reads what events speak of in as few reads as there are kinds of it: which companies and orders
/// are known, their records, and what whoever joined is linked to.
async fn ahead(writer: &Writer, work: &mut Work, told: &[Told]) -> Result<()> {
    let mut ids: BTreeMap<TypeId, BTreeSet<Box<str>>> = BTreeMap::new();
    let mut people: BTreeSet<ProfileNo> = BTreeSet::new();
    for one in told {
        match &one.of {
            Of::Company { id, joined, .. } => {
                ids.entry(TypeId::COMPANY).or_default().insert(id.clone());
                people.extend(one.person.filter(|_| *joined));
            }
            Of::Order {
                message_id,
                properties,
            } => {
                let id = order::id(message_id, properties).into();
                ids.entry(TypeId::ORDER).or_default().insert(id);
            }
        }
    }
    let definitions = Arc::clone(&work.definitions);
    for (object, ids) in ids {
        let name = match object {
            TypeId::COMPANY => GROUP_ID,
            _ => order::ORDER_ID,
        };
        let property = definitions.types.get(&object);
        let Some(property) = property.and_then(|object| object.property(name)) else {
            continue;
        };
        let shared = &writer.shared;
        let known = work.foresee_owners(shared, object, property, ids).await?;
        work.load(shared, object, &known).await?;
        let known = known.into_iter().map(|number| (object, number));
        work.foresee(writer, known).await?;
    }
    let people = people
        .into_iter()
        .map(|person| (TypeId::CONTACT, RecordNo(person.0)));
    work.foresee(writer, people).await
}

pub(super) fn origin(writer: &Writer, source: SourceNo) -> Origin {
    let known = writer.configuration.sources.get(&source);
    Origin {
        door: Door::Tracking,
        id: source.0.to_string().into(),
        label: known.map_or("", |known| &known.name).into(),
        member: None,
    }
}

/// Gives a record these values, and makes it where there is none; `None` clears. Names of
/// properties that the type does not have, and texts that are no values of theirs, say nothing.
pub(super) async fn write(
    writer: &mut Writer,
    work: &mut Work,
    cause: &Cause,
    (object, existing): (TypeId, Option<RecordNo>),
    said: &BTreeMap<&str, Option<String>>,
) -> Result<Option<RecordNo>> {
    let definitions = Arc::clone(&work.definitions);
    let Some(object) = definitions.types.get(&object) else {
        return Ok(None);
    };
    if let Some(number) = existing {
        work.load(&writer.shared, object.id(), &[number]).await?;
    }
    let before = existing.and_then(|number| work.get((object.id(), number)).cloned());
    let change = change(object, before.as_ref(), said, cause);
    let mut record = match &before {
        Some(before) => before.clone(),
        None => Record::new(writer.next_record(object.id()), cause.received),
    };
    if before.is_some() && change.is_empty() && record.archived.is_none() {
        return Ok(Some(record.no));
    }
    change.apply(&mut record);
    // What is spoken of again is not in the bin any more.
    record.archived = None;
    record.updated = record.updated.max(cause.received);
    calculate(&definitions, object, &mut record);
    let number = record.no;
    work.put(object, record, &change, cause);
    Ok(Some(number))
}

/// What texts make of a record by the rules of its type. An event is not asked again, so what a
/// rule would refuse of an input is taken as it is said.
fn change(
    object: &ObjectType,
    before: Option<&Record>,
    said: &BTreeMap<&str, Option<String>>,
    cause: &Cause,
) -> Change {
    let mut draft = Draft::new(object, before, cause.received, &cause.origin);
    for (name, text) in said {
        let Some(property) = object.property(name) else {
            continue;
        };
        match text.as_deref().map(|text| Value::parse(property, text)) {
            None => draft.give(name, None),
            Some(Ok(Some(value))) => draft.give(name, Some(value)),
            Some(Ok(None) | Err(_)) => {}
        }
    }
    let as_said = draft.change();
    finish(draft).unwrap_or(as_said)
}

/// How an event or an edit linked a record to somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attachment {
    /// The kinds of the links, from the record to the contact and back.
    pub kinds: Vec<(u32, u32)>,
}

/// Notes that an entry linked a record to somebody: an undo takes the link to whoever has the
/// entry then.
pub(crate) fn attach(
    work: &mut Work,
    person: ProfileNo,
    place: Position,
    record: Key,
    kinds: Vec<(u32, u32)>,
) {
    let key = rows::attached_key(person, place, (record.0.0, record.1.0));
    work.write(rows::put(Table::Attached, key, &Attachment { kinds }));
}
