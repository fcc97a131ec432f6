//! Load: everything the fold of a batch can touch, in a few set-based reads.

use crate::flow::Fresh;
use crate::rows::{self, cell_entries, cell_of};
use crate::writer::Writer;
use rapport_core::event::Event;
use rapport_core::identity::{Identifier, ProfileNo, resolve};
use rapport_core::profile::Profile;
use rapport_core::profile::company::{self, Company};
use rapport_store::Result;
use rapport_store::state::{Order, Page, Table, number_key};
use std::collections::{BTreeMap, BTreeSet};

/// Loads the people and companies of the events that will be folded.
pub(crate) async fn step(writer: &mut Writer, fresh: &[Fresh]) -> Result<()> {
    let events: Vec<&Event> = fresh
        .iter()
        .filter_map(|fresh| match fresh {
            Fresh::Event(event, _) => Some(&**event),
            Fresh::Ended(..) => None,
        })
        .collect();
    writer.make_room();
    writer.expect(&events);
    let policy = std::sync::Arc::clone(&writer.configuration.policy);
    let mut wanted = BTreeSet::new();
    for event in &events {
        for identifier in resolve::wanted(&policy, event) {
            if !writer.people.has_looked_up(&identifier) {
                wanted.insert(identifier);
            }
        }
    }
    identifiers(writer, wanted).await?;
    let groups = events
        .iter()
        .filter_map(|event| company::of(event))
        .collect();
    companies(writer, groups).await
}

/// Looks identifiers up and loads the profiles they lead to.
pub(crate) async fn identifiers(writer: &mut Writer, wanted: BTreeSet<Identifier>) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let hash = writer.hash;
    let hashed: Vec<(u128, Identifier)> = wanted
        .into_iter()
        .map(|identifier| (hash.identifier(&identifier), identifier))
        .collect();
    let keys: Vec<_> = hashed
        .iter()
        .map(|(hash, _)| number_key(cell_of(*hash)))
        .collect();
    let cells = writer.load(Table::Identifier, &keys).await?;
    let mut numbers = BTreeSet::new();
    for ((hash, identifier), cell) in hashed.into_iter().zip(cells) {
        let entries = match &cell {
            Some(cell) => cell_entries(Table::Identifier, cell)?,
            None => Vec::new(),
        };
        let owner = entries
            .iter()
            .find(|(entry, _)| *entry == hash)
            .map(|(_, no)| ProfileNo(*no));
        writer.note_cell(hash, entries);
        numbers.extend(owner);
        writer.people.insert_loaded_owner(identifier, owner);
    }
    profiles(writer, numbers).await
}

/// Loads everybody whose number is in a range, in one go: they lie side by side. Nothing is under
/// way.
pub(crate) async fn neighbours(writer: &mut Writer, from: ProfileNo, to: ProfileNo) -> Result<()> {
    debug_assert!(!writer.is_underway(), "a range is read from the disk");
    let page = Page {
        table: Table::Profile,
        from: rows::profile_key(from),
        to: Some(rows::profile_key(to)),
        limit: usize::MAX,
        order: Order::Ascending,
    };
    for (key, value) in writer.shared.roles.state.scan(page).await? {
        let number = ProfileNo(rows::number_of(Table::Profile, &key)?);
        if writer.people.profile(number).is_none() {
            writer.hold(rows::unpack(Table::Profile, &value)?);
        }
    }
    Ok(())
}

/// Loads profiles that are not in the working set yet.
pub(crate) async fn profiles(writer: &mut Writer, numbers: BTreeSet<ProfileNo>) -> Result<()> {
    let wanted: Vec<ProfileNo> = numbers
        .into_iter()
        .filter(|number| writer.people.profile(*number).is_none())
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = wanted
        .iter()
        .map(|number| rows::profile_key(*number))
        .collect();
    let values = writer.load(Table::Profile, &keys).await?;
    for value in values.into_iter().flatten() {
        let profile: Profile = rows::unpack(Table::Profile, &value)?;
        writer.hold(profile);
    }
    Ok(())
}

/// Loads companies that are not in the working set yet.
pub(crate) async fn companies(writer: &mut Writer, groups: BTreeSet<&str>) -> Result<()> {
    let hash = writer.hash;
    let wanted: BTreeMap<u64, &str> = groups
        .into_iter()
        .filter(|id| writer.people.company(id).is_none())
        .map(|id| (cell_of(hash.company(id)), id))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = wanted.keys().map(|cell| number_key(*cell)).collect();
    let values = writer.load(Table::Company, &keys).await?;
    for value in values.into_iter().flatten() {
        for company in rows::unpack::<Vec<Company>>(Table::Company, &value)? {
            writer.people.insert_loaded_company(company);
        }
    }
    Ok(())
}
