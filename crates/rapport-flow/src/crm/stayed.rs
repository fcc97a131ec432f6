//! What an undone merge left where it was: records that were linked to the two while they were one,
//! by nothing that says which of them was meant. A member places them.

use super::{links, read};
use crate::reads;
use crate::rows;
use crate::shared::Shared;
use rapport_core::crm::{RecordNo, TypeId};
use rapport_core::identity::ProfileNo;
use rapport_core::identity::journal::{Record, What};
use rapport_core::time::Millis;
use rapport_store::Result;
use std::collections::BTreeSet;

/// Links of one contact to records of one type that are looked at.
const LINKS_MAX: usize = 10_000;

/// The contact they stayed with, and the records; `None` where the merge was not undone.
pub(crate) async fn of(
    shared: &Shared,
    merge: u64,
) -> Result<Option<(RecordNo, Vec<(TypeId, RecordNo)>)>> {
    let record = reads::journal::entry(shared, merge).await?;
    let Some((merged, survivor)) = record.as_ref().and_then(merged) else {
        return Ok(None);
    };
    let Some(undone) = undone(shared, merge, survivor).await? else {
        return Ok(None);
    };
    let definitions = shared.configuration().crm.clone();
    let contact = (TypeId::CONTACT, RecordNo(survivor.0));
    let followed = followed(shared, survivor).await?;
    let mut stayed = Vec::new();
    let types: BTreeSet<TypeId> = definitions
        .associations_from(TypeId::CONTACT)
        .map(|association| association.to)
        .collect();
    for to in types {
        let Some(object) = definitions.types.get(&to) else {
            continue;
        };
        let stored = links::stored(shared, contact, to, LINKS_MAX).await?;
        let mut numbers: Vec<u64> = stored
            .unwrap_or_default()
            .iter()
            .map(|(no, _)| no.0)
            .collect();
        numbers.dedup();
        for record in read::rows(shared, object, &numbers)
            .await?
            .into_iter()
            .flatten()
        {
            let since = merged <= record.created && record.created <= undone;
            if since && !followed.contains(&(to, record.no)) {
                stayed.push((to, record.no));
            }
        }
    }
    Ok(Some((contact.1, stayed)))
}

fn merged(record: &Record) -> Option<(Millis, ProfileNo)> {
    match record.what {
        What::Merged { survivor, .. } => Some((record.received, survivor)),
        _ => None,
    }
}

/// When a merge was undone, if it was.
async fn undone(shared: &Shared, merge: u64, survivor: ProfileNo) -> Result<Option<Millis>> {
    let journal = reads::journal::of(shared, survivor).await?;
    let undo = |(_, record): &&(u64, Record)| matches!(record.what, What::Undone { merge: of } if of == merge);
    Ok(journal.iter().find(undo).map(|(_, record)| record.received))
}

/// Records that an event or an edit linked to somebody.
async fn followed(shared: &Shared, person: ProfileNo) -> Result<BTreeSet<(TypeId, RecordNo)>> {
    let rows = super::undo::attached_rows(shared, person).await?;
    let records = rows.iter().filter_map(|(key, _)| rows::attached_of(key));
    Ok(records
        .map(|(_, (object, number))| (TypeId(object), RecordNo(number)))
        .collect())
}
