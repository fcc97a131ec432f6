//! One record of two: contacts as the profiles they are, all others by their values.

use super::super::{Outcome, Reply};
use crate::crm::follow;
use crate::crm::timeline::by_actor;
use crate::crm::work::{Cause, Work, calculate};
use crate::error::CommandError;
use crate::steps::load;
use crate::writer::Writer;
use rapport_core::crm::history::{Door, Origin};
use rapport_core::crm::subscription::Of;
use rapport_core::crm::{RecordNo, TypeId, merge};
use rapport_core::entry::{CommandEntry, Reference};
use rapport_core::identity::ProfileNo;
use rapport_store::state::Write;
use std::collections::BTreeSet;
use std::sync::Arc;

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
    let mut work = Work::of(writer);
    work.load(&writer.shared, object, &[primary, absorbed])
        .await?;
    let there = |number: RecordNo| {
        let record = work.get((object, number)).cloned();
        record.ok_or_else(|| missing(object, number))
    };
    let (mut kept, gone) = (there(primary)?, there(absorbed)?);
    if let Err(refused) = merge::check(&kept, &gone) {
        return Err(CommandError::Contradicts {
            message: refused.to_string(),
        });
    }
    let cause = Cause {
        place: entry.position,
        received: entry.received,
        origin: Origin {
            door: Door::Merge,
            ..by_actor(&entry.actor)
        },
    };
    let change = merge::records(definition, &kept, &gone, cause.received, &cause.origin);
    kept.created = merge::created(&kept, &gone);
    change.apply(&mut kept);
    kept.updated = kept.updated.max(entry.received);
    calculate(&definitions, definition, &mut kept);
    work.remove((object, absorbed));
    work.put(definition, kept, &change, &cause);
    work.hear((object, primary), Of::Merged { absorbed });
    writer.merged_record(object, absorbed, primary, writes);
    work.touch((object, primary));
    follow::settle(writer, &mut work).await?;
    work.finish(writer, writes);
    Ok(Reply::MergedRecords { survivor: primary })
}
