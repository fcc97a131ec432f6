//! What an undo does to links: those that events and edits made go with them to whoever has these
//! now; all others stay with the number they were made for.

use super::told::Attachment;
use super::work::{Key, Work};
use super::{company, follow};
use crate::rows;
use crate::shared::Shared;
use crate::writer::Writer;
use rapport_core::crm::contact::GROUP_ID;
use rapport_core::crm::{RecordNo, TypeId, Value};
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_store::Result;
use rapport_store::state::{self, Order, Page, Table, Write};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whose the entries of some origins are now, where they are not the origin's own.
pub(crate) type Moved = BTreeMap<(ProfileNo, Position), ProfileNo>;

/// Moves links after their events and edits. `origins` are everybody's numbers, `people` who is
/// there now.
pub(crate) async fn relink(
    writer: &mut Writer,
    origins: &BTreeSet<ProfileNo>,
    moved: &Moved,
    people: &[ProfileNo],
    writes: &mut Vec<Write>,
) -> Result<()> {
    let mut work = Work::of(writer);
    for origin in origins {
        for (place, record, attachment) in attached(writer, *origin).await? {
            let before = {
                let ownership = writer.shared.ownership();
                ownership.moved.get(&(*origin, place)).copied()
            };
            let before = before.unwrap_or(*origin);
            let after = moved.get(&(*origin, place)).copied().unwrap_or(*origin);
            if before != after {
                let [before, after] = [before, after].map(contact);
                for kinds in attachment.kinds {
                    let is_there = kinds == flipped(company::PRIMARY)
                        && has_primary(writer, &work, after).await?;
                    let to = (!is_there).then_some(after);
                    work.redirect(writer, record, (before, to), kinds).await?;
                }
            }
        }
    }
    for person in people {
        companies(writer, &mut work, *person).await?;
        work.touch(contact(*person));
    }
    follow::settle(writer, &mut work).await?;
    work.finish(writer, writes);
    Ok(())
}

fn contact(number: ProfileNo) -> Key {
    (TypeId::CONTACT, RecordNo(number.0))
}

fn flipped((there, back): (u32, u32)) -> (u32, u32) {
    (back, there)
}

async fn has_primary(writer: &Writer, work: &Work, contact: Key) -> Result<bool> {
    let links = work
        .linked(writer, contact, TypeId::COMPANY, company::COMPANIES_MAX)
        .await?;
    let links = links.unwrap_or_default();
    let mut kinds = links.values();
    Ok(kinds.any(|kinds| kinds.contains(&company::PRIMARY.0)))
}

/// Everything that was linked to an origin, with the entry and the record.
async fn attached(writer: &Writer, origin: ProfileNo) -> Result<Vec<(Position, Key, Attachment)>> {
    let mut found = Vec::new();
    for (key, row) in attached_rows(&writer.shared, origin).await? {
        if let Some((place, (object, number))) = rows::attached_of(&key) {
            let record = (TypeId(object), RecordNo(number));
            let attachment = rows::unpack(Table::Attached, &row)?;
            found.push((place, record, attachment));
        }
    }
    Ok(found)
}

/// The rows of that.
pub(super) async fn attached_rows(
    shared: &Shared,
    origin: ProfileNo,
) -> Result<Vec<(state::Key, Vec<u8>)>> {
    let page = Page {
        table: Table::Attached,
        from: rows::edit_key(origin, Position::default()),
        to: Some(rows::edit_key(ProfileNo(origin.0 + 1), Position::default())),
        limit: usize::MAX >> 1,
        order: Order::Ascending,
    };
    shared.roles.state.scan(page).await
}

/// Links somebody to the companies they belong to by their own group calls, where they are not.
async fn companies(writer: &mut Writer, work: &mut Work, person: ProfileNo) -> Result<()> {
    let definitions = Arc::clone(&work.definitions);
    let object = definitions.types.get(&TypeId::COMPANY);
    let Some(property) = object.and_then(|object| object.property(GROUP_ID)) else {
        return Ok(());
    };
    let profile = writer.people.profile(person);
    let links = profile.map_or_else(Vec::new, |profile| profile.companies.clone());
    for link in links {
        let value = Value::Text(link.id);
        let shared = Arc::clone(&writer.shared);
        let known = work
            .owner(&shared, TypeId::COMPANY, property, &value)
            .await?;
        if let Some(number) = known {
            company::belong(writer, work, link.cause, person, number).await?;
        }
    }
    Ok(())
}
