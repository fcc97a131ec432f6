//! Sweeps: what a new or changed definition means for the records there are, in bounded
//! transactions. A contact that changes meanwhile is drawn by the new definition anyway.

use super::follow;
use super::work::Work;
use crate::rows;
use crate::writer::Writer;
use rapport_core::crm::{RecordNo, TypeId};
use rapport_core::identity::ProfileNo;
use rapport_core::profile::Profile;
use rapport_store::Result;
use rapport_store::records::Changes;
use rapport_store::state::{Key, Order, Page, State, Table, Write};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The key of what is to be swept, in [`Table::Meta`].
const SWEEPS: &[u8] = b"sweeps";
/// Records looked at in one transaction.
const STEP: usize = 128;

/// Types whose records are to be looked at, and behind which number.
type Sweeps = BTreeMap<TypeId, u64>;

/// Adds the write that has every record of a type looked at, from the first.
pub(crate) async fn begin(writer: &Writer, object: TypeId, writes: &mut Vec<Write>) -> Result<()> {
    let mut sweeps = read(&*writer.shared.roles.state).await?;
    sweeps.insert(object, 0);
    writes.push(rows::put(Table::Meta, SWEEPS.into(), &sweeps));
    writer.shared.unswept.store(true, Ordering::Release);
    Ok(())
}

/// Looks at some records, in a transaction of its own; false where nothing is left to do.
pub(crate) async fn step(writer: &mut Writer) -> Result<bool> {
    let mut sweeps = read(&*writer.shared.roles.state).await?;
    let Some((&object, &after)) = sweeps.iter().next() else {
        return Ok(false);
    };
    let mut writes = Vec::new();
    writer.make_room();
    let last = match object {
        TypeId::CONTACT => contacts(writer, after, &mut writes).await?,
        _ => others(writer, object, after, &mut writes).await?,
    };
    match last {
        Some(last) => sweeps.insert(object, last),
        None => sweeps.remove(&object),
    };
    writes.push(match sweeps.is_empty() {
        true => rows::remove(Table::Meta, SWEEPS.into()),
        false => rows::put(Table::Meta, SWEEPS.into(), &sweeps),
    });
    writer
        .commit(writer.head.position, Changes::from(writes))
        .await?;
    Ok(true)
}

async fn read(state: &dyn State) -> Result<Sweeps> {
    let row = state.load(Table::Meta, &[SWEEPS.into()]).await?.remove(0);
    let sweeps = row.map(|row| rows::unpack(Table::Meta, &row)).transpose()?;
    Ok(sweeps.unwrap_or_default())
}

/// Draws contacts anew; the number of the last profile looked at, `None` behind the last there is.
async fn contacts(writer: &mut Writer, after: u64, writes: &mut Vec<Write>) -> Result<Option<u64>> {
    let page = Page {
        table: Table::Profile,
        from: rows::profile_key(ProfileNo(after + 1)),
        to: None,
        limit: STEP,
        order: Order::Ascending,
    };
    let page: Vec<(Key, Vec<u8>)> = writer.shared.roles.state.scan(page).await?;
    let mut last = None;
    let mut drawn = BTreeSet::new();
    for (_, row) in &page {
        let profile: Profile = rows::unpack(Table::Profile, row)?;
        last = Some(profile.number.0);
        if profile.contact.is_some() {
            drawn.insert(profile.number);
            if writer.people.profile(profile.number).is_none() {
                writer.hold(profile);
            }
        }
    }
    writer.contacts(&drawn, &[]).await?;
    let drawn = drawn.iter().map(|number| RecordNo(number.0));
    settle(writer, TypeId::CONTACT, drawn.collect(), writes).await?;
    Ok(last.filter(|_| page.len() == STEP))
}

/// Settles records anew; the number of the last one looked at, `None` behind the last there is.
async fn others(
    writer: &mut Writer,
    object: TypeId,
    after: u64,
    writes: &mut Vec<Write>,
) -> Result<Option<u64>> {
    let state = Arc::clone(&writer.shared.roles.state);
    let page = state.walk(object.0, Some(after), STEP).await?;
    let last = page.last().map(|row| row.id);
    let numbers: Vec<RecordNo> = page.iter().map(|row| RecordNo(row.id)).collect();
    let is_full = numbers.len() == STEP;
    settle(writer, object, numbers, writes).await?;
    Ok(last.filter(|_| is_full))
}

async fn settle(
    writer: &mut Writer,
    object: TypeId,
    numbers: Vec<RecordNo>,
    writes: &mut Vec<Write>,
) -> Result<()> {
    let mut work = Work::new(&writer.configuration.crm);
    follow::again(writer, &mut work, object, &numbers).await?;
    follow::settle(writer, &mut work).await?;
    work.finish(writer, writes);
    Ok(())
}
