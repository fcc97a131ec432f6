//! What follows from other values and from links: calculated properties, settled in the transaction
//! that moves what they follow from.

use super::contact::drawn;
use super::work::{Key, Work};
use crate::steps::load;
use crate::writer::Writer;
use rapport_core::crm::calculate::{self, RELATED_MAX, Related};
use rapport_core::crm::{ObjectType, RecordNo, TypeId};
use rapport_core::identity::ProfileNo;
use rapport_store::Result;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Records that one transaction settles because of others, at most: what more there is stays as it
/// was until something of it moves.
const SETTLED_MAX: usize = 20_000;

/// Settles what follows from everything that moved.
pub(crate) async fn settle(writer: &mut Writer, work: &mut Work) -> Result<()> {
    let definitions = Arc::clone(&work.definitions);
    let mut settled = 0;
    loop {
        let moved = work.take_moved();
        let mut due: BTreeSet<Key> = BTreeSet::new();
        for (key, change) in &moved {
            let object = definitions.types.get(&key.0);
            if object.is_some_and(|object| !calculate::related(&definitions, object).is_empty()) {
                due.insert(*key);
            }
            for other in calculate::affected(&definitions, key.0, change.as_ref()) {
                let linked = work.linked(writer, *key, other, RELATED_MAX).await?;
                let linked = linked.unwrap_or_default().into_keys();
                due.extend(linked.map(|number| (other, number)));
            }
        }
        for key in due {
            settled += 1;
            if settled > SETTLED_MAX {
                return Ok(());
            }
            if let Some(object) = definitions.types.get(&key.0) {
                one(writer, work, object, key).await?;
            }
        }
        if work.is_settled() {
            return Ok(());
        }
    }
}

/// Settles these records, whatever moved.
pub(crate) async fn again(
    writer: &mut Writer,
    work: &mut Work,
    object: TypeId,
    numbers: &[RecordNo],
) -> Result<()> {
    let definitions = Arc::clone(&work.definitions);
    let Some(object) = definitions.types.get(&object) else {
        return Ok(());
    };
    if object.id() != TypeId::CONTACT {
        work.load(&writer.shared, object.id(), numbers).await?;
    }
    for number in numbers {
        one(writer, work, object, (object.id(), *number)).await?;
    }
    Ok(())
}

async fn one(writer: &mut Writer, work: &mut Work, object: &ObjectType, key: Key) -> Result<()> {
    hold(writer, work, object, key).await?;
    let Some(mut record) = work.get(key).cloned() else {
        return Ok(());
    };
    let related = related(writer, work, object, key).await?;
    let definitions = Arc::clone(&work.definitions);
    let change = calculate::settle(&definitions, object, &mut record, &related);
    if !change.is_empty() {
        work.settle(key, change);
    }
    Ok(())
}

/// Reads a record into the work; a contact as its profile says it is by now.
async fn hold(writer: &mut Writer, work: &mut Work, object: &ObjectType, key: Key) -> Result<()> {
    if work.holds(key) {
        return Ok(());
    }
    work.load(&writer.shared, key.0, &[key.1]).await?;
    if key.0 != TypeId::CONTACT {
        return Ok(());
    }
    let number = ProfileNo(key.1.0);
    if work.get(key).is_none() {
        load::profiles(writer, BTreeSet::from([number])).await?;
    }
    if let Some(profile) = writer.people.profile(number) {
        let definitions = Arc::clone(&work.definitions);
        let drawn = drawn(&definitions, object, profile, work.get(key));
        work.draw(key, drawn);
    }
    Ok(())
}

/// The records that a type's calculated properties ask for; types of which there are too many are
/// left out.
async fn related(
    writer: &mut Writer,
    work: &mut Work,
    object: &ObjectType,
    key: Key,
) -> Result<Related> {
    let definitions = Arc::clone(&work.definitions);
    let mut related = Related::new();
    for other in calculate::related(&definitions, object) {
        let Some(linked) = work.linked(writer, key, other, RELATED_MAX).await? else {
            continue;
        };
        let numbers: Vec<_> = linked.into_keys().collect();
        let contacts = definitions
            .types
            .get(&other)
            .filter(|_| other == TypeId::CONTACT);
        if contacts.is_none() {
            work.load(&writer.shared, other, &numbers).await?;
        }
        let mut records = Vec::with_capacity(numbers.len());
        for number in numbers {
            if let Some(object) = contacts {
                hold(writer, work, object, (other, number)).await?;
            }
            let record = work.get((other, number));
            records.extend(record.filter(|record| record.archived.is_none()).cloned());
        }
        related.insert(other, records);
    }
    Ok(related)
}
