//! One record of two: contacts as the profiles they are, all others by their values.

use super::super::{Outcome, Reply};
use crate::crm::follow;
use crate::crm::timeline::by_actor;
use crate::crm::work::{Cause, Work, calculate};
use crate::error::CommandError;
use crate::steps::load;
use crate::writer::Writer;
use rapport_core::crm::history::{Door, Origin};
use rapport_core::crm::write::Change;
use rapport_core::crm::{ObjectType, Record, RecordNo, TypeId, Value};
use rapport_core::entry::{CommandEntry, Reference};
use rapport_core::identity::ProfileNo;
use rapport_store::state::Write;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The property that lists the numbers of records merged into one.
const MERGED: &str = "hs_merged_object_ids";

/// Merges a record into another.
pub(super) async fn apply(
    writer: &mut Writer,
    entry: &CommandEntry,
    (object, primary, absorbed): (TypeId, RecordNo, RecordNo),
    writes: &mut Vec<Write>,
) -> Outcome {
    let primary = writer.survivor_of(object, primary);
    let absorbed = writer.survivor_of(object, absorbed);
    if primary == absorbed {
        let message = format!("both are record {primary} already");
        return Err(CommandError::Contradicts { message });
    }
    match object {
        TypeId::CONTACT => contacts(writer, entry, primary, absorbed, writes).await,
        _ => others(writer, entry, (object, primary, absorbed), writes).await,
    }
}

fn missing(object: TypeId, number: RecordNo) -> CommandError {
    CommandError::NotFound {
        what: format!("record {number} of type {object}"),
    }
}

async fn contacts(
    writer: &mut Writer,
    entry: &CommandEntry,
    primary: RecordNo,
    absorbed: RecordNo,
    writes: &mut Vec<Write>,
) -> Outcome {
    let both = [primary, absorbed].map(|number| ProfileNo(number.0));
    load::profiles(writer, BTreeSet::from(both)).await?;
    for number in both {
        let contact = writer.people.profile(number).and_then(|p| p.contact);
        if contact.is_none_or(|contact| contact.archived.is_some()) {
            return Err(missing(TypeId::CONTACT, RecordNo(number.0)));
        }
    }
    let [left, right] = both.map(Reference::Number);
    let merged = super::super::merge::apply(writer, entry, &left, &right, writes).await?;
    match merged {
        Reply::Merged { survivor, .. } => Ok(Reply::MergedRecords {
            survivor: RecordNo(survivor.0),
        }),
        other => Ok(other),
    }
}

async fn others(
    writer: &mut Writer,
    entry: &CommandEntry,
    (object, primary, absorbed): (TypeId, RecordNo, RecordNo),
    writes: &mut Vec<Write>,
) -> Outcome {
    let definitions = Arc::clone(&writer.configuration.crm);
    let Some(definition) = definitions.get(object) else {
        return Err(CommandError::NotFound {
            what: format!("object type {object}"),
        });
    };
    let mut work = Work::new(&definitions);
    work.load(&writer.shared, object, &[primary, absorbed]).await?;
    let there = |number: RecordNo| {
        let record = work.get((object, number)).cloned();
        let record = record.filter(|record| record.archived.is_none());
        record.ok_or_else(|| missing(object, number))
    };
    let (mut kept, gone) = (there(primary)?, there(absorbed)?);
    let change = united(definition, &kept, &gone);
    let cause = Cause {
        place: entry.position,
        received: entry.received,
        origin: Origin {
            door: Door::Merge,
            ..by_actor(&entry.actor)
        },
    };
    change.apply(&mut kept);
    kept.updated = kept.updated.max(entry.received);
    kept.created = kept.created.min(gone.created);
    calculate(&definitions, definition, &mut kept);
    work.remove((object, absorbed));
    work.put(definition, kept, &change, &cause);
    writer.merged_record(object, absorbed, primary, writes);
    work.touch((object, primary));
    follow::settle(writer, &mut work).await?;
    work.finish(writer, writes);
    Ok(Reply::MergedRecords { survivor: primary })
}

/// What the one that stays takes of the other: what it has not got itself.
fn united(object: &ObjectType, kept: &Record, gone: &Record) -> Change {
    let mut change = Change::default();
    for (no, value) in &gone.values {
        let property = object.properties.get(no);
        let own = property.is_some_and(|property| property.calculated.is_none());
        if own && !kept.values.contains_key(no) {
            change.values.insert(*no, Some(value.clone()));
        }
    }
    if let Some(property) = object.property(MERGED) {
        let listed = |record: &Record| match record.values.get(&property.no) {
            Some(value) => value.spelled(),
            None => String::new(),
        };
        let (ours, theirs) = (listed(kept), listed(gone));
        let number = gone.no.to_string();
        let all = [&ours, &theirs, &number];
        let all: Vec<&str> = all.iter().map(|one| one.as_str()).filter(|one| !one.is_empty()).collect();
        let all = Value::Text(all.join(";").into());
        change.values.insert(property.no, Some(all));
    }
    change
}
