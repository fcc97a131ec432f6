//! What follows from other values and from links: calculated properties, settled in the transaction
//! that moves what they follow from.

use super::contact::drawn;
use super::work::{Key, Moved, Work};
use crate::steps::load;
use crate::writer::Writer;
use rapport_core::crm::calculate::{self, RELATED_MAX, Related};
use rapport_core::crm::{Definitions, ObjectType, RecordNo, TypeId};
use rapport_core::identity::ProfileNo;
use rapport_store::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Records that one transaction settles because of others, at most: what more there is stays as it
/// was until something of it moves.
const SETTLED_MAX: usize = 20_000;

/// Settles what follows from everything that moved.
pub(crate) async fn settle(writer: &mut Writer, work: &mut Work) -> Result<()> {
    let definitions = Arc::clone(&work.definitions);
    let mut settled = 0;
    loop {
        let mut due: BTreeSet<Key> = BTreeSet::new();
        let mut asked: BTreeMap<Key, BTreeSet<TypeId>> = BTreeMap::new();
        for (key, moved) in work.take_moved() {
            // Whom a link was made for may have been merged into another since.
            let key = (key.0, writer.survivor_of(key.0, key.1));
            if is_due(&definitions, key.0, &moved) {
                due.insert(key);
            }
            let others = calculate::affected(&definitions, key.0, moved.change.as_ref());
            if !others.is_empty() {
                asked.entry(key).or_default().extend(others);
            }
        }
        work.foresee(writer, asked.keys().copied()).await?;
        for (key, others) in asked {
            for other in others {
                let linked = work.linked(writer, key, other, RELATED_MAX).await?;
                let linked = linked.unwrap_or_default().into_keys();
                due.extend(linked.map(|number| (other, number)));
            }
        }
        ahead(writer, work, &due).await?;
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

/// Whether what moved of a record may move what it calculates of others.
fn is_due(definitions: &Definitions, object: TypeId, moved: &Moved) -> bool {
    let Some(object) = definitions.types.get(&object) else {
        return false;
    };
    let related = calculate::related(definitions, object);
    let is_other = moved
        .change
        .as_ref()
        .is_none_or(|change| !change.is_empty());
    (is_other && !related.is_empty()) || !related.is_disjoint(&moved.linked)
}

/// Reads the records that are to be settled, and what their properties ask for, in one read for
/// each type.
async fn ahead(writer: &mut Writer, work: &mut Work, due: &BTreeSet<Key>) -> Result<()> {
    let definitions = Arc::clone(&work.definitions);
    let due = || due.iter().copied().take(SETTLED_MAX);
    work.foresee(writer, due()).await?;
    let mut wanted: BTreeMap<TypeId, BTreeSet<RecordNo>> = BTreeMap::new();
    for key in due() {
        wanted.entry(key.0).or_default().insert(key.1);
        let object = definitions.types.get(&key.0);
        let Some(object) = object.filter(|_| work.foresees(writer, key)) else {
            continue;
        };
        for other in calculate::related(&definitions, object) {
            let linked = work.linked(writer, key, other, RELATED_MAX).await?;
            let linked = linked.unwrap_or_default().into_keys();
            wanted.entry(other).or_default().extend(linked);
        }
    }
    for (object, numbers) in wanted {
        let numbers: Vec<RecordNo> = numbers.into_iter().collect();
        if let Some(object) = definitions.types.get(&object) {
            hold(writer, work, object, &numbers).await?;
        }
    }
    Ok(())
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
    hold(writer, work, object, &[key.1]).await?;
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

/// Reads records into the work; contacts as their profiles say they are by now.
async fn hold(
    writer: &mut Writer,
    work: &mut Work,
    object: &ObjectType,
    numbers: &[RecordNo],
) -> Result<()> {
    let id = object.id();
    let is_missing = |number: &RecordNo| !work.holds((id, *number));
    let numbers: Vec<RecordNo> = numbers.iter().copied().filter(is_missing).collect();
    if numbers.is_empty() {
        return Ok(());
    }
    work.load(&writer.shared, id, &numbers).await?;
    if id != TypeId::CONTACT {
        return Ok(());
    }
    let is_unknown = |number: &&RecordNo| work.get((id, **number)).is_none();
    let unknown = numbers.iter().filter(is_unknown);
    let unknown: BTreeSet<ProfileNo> = unknown.map(|number| ProfileNo(number.0)).collect();
    if !unknown.is_empty() {
        load::profiles(writer, unknown).await?;
    }
    let definitions = Arc::clone(&work.definitions);
    for number in numbers {
        let key = (id, number);
        if let Some(profile) = writer.people.profile(ProfileNo(number.0)) {
            let drawn = drawn(&definitions, object, profile, work.get(key));
            work.draw(key, drawn);
        }
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
        if let Some(object) = definitions.types.get(&other) {
            hold(writer, work, object, &numbers).await?;
        }
        let mut records = Vec::with_capacity(numbers.len());
        for number in numbers {
            let record = work.get((other, number));
            records.extend(record.filter(|record| record.archived.is_none()).cloned());
        }
        related.insert(other, records);
    }
    Ok(related)
}
