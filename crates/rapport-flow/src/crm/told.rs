//! Records that follow what events say: companies that group calls describe, orders with their line
//! items. Everything an event says is done in its own place, so that it makes no difference which
//! events are folded together.

use super::work::{Cause, Work, calculate, differing};
use super::{company, order};
use crate::rows;
use crate::writer::Writer;
use rapport_core::crm::history::{Door, Origin};
use rapport_core::crm::{ObjectType, PropertyNo, Record, RecordNo, TypeId, Value};
use rapport_core::event::SourceNo;
use rapport_core::fold::told::{Of, Told};
use rapport_core::identity::ProfileNo;
use rapport_store::Result;
use rapport_store::state::{Table, Write};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Writer {
    /// Adds the writes of everything that events said of companies and orders.
    pub async fn told(&mut self, told: &[Told], writes: &mut Vec<Write>) -> Result<()> {
        if told.is_empty() {
            return Ok(());
        }
        let mut work = Work::new(&self.configuration.crm);
        for one in told {
            let cause = Cause {
                place: one.position,
                received: one.received,
                origin: origin(self, one.source),
            };
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
        super::follow::settle(self, &mut work).await?;
        work.finish(self, writes);
        Ok(())
    }
}

fn origin(writer: &Writer, source: SourceNo) -> Origin {
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
    let mut record = match &before {
        Some(before) => before.clone(),
        None => Record::new(writer.next_record(object.id()), cause.received),
    };
    let change = differing(&record, values(object, said));
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

/// What texts say of a type's properties.
fn values(
    object: &ObjectType,
    said: &BTreeMap<&str, Option<String>>,
) -> BTreeMap<PropertyNo, Option<Value>> {
    let value = |(name, text): (&&str, &Option<String>)| {
        let property = object.property(name)?;
        let value = match text {
            None => None,
            Some(text) => Some(Value::parse(property, text).ok()??),
        };
        Some((property.no, value))
    };
    said.iter().filter_map(value).collect()
}

/// Notes that an event linked a record to somebody: an undo takes it to whoever has the event.
pub(super) fn attach(work: &mut Work, person: ProfileNo, cause: &Cause, record: (TypeId, RecordNo)) {
    let record = (record.0.0, record.1.0);
    work.write(Write {
        table: Table::Attached,
        key: rows::attached_key(person, cause.place, record),
        value: Some(Vec::new()),
    });
}
