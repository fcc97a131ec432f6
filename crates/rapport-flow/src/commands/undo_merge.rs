//! Takes a merge back: vetoes it for events, folds everybody it concerns again, and writes the
//! difference.

use self::component::Component;
use self::prepared::Moment;
use super::{Outcome, Reply, configure_with};
use crate::configuration::Configuration;
use crate::crm::undo::{Moved, relink};
use crate::error::CommandError;
use crate::writer::Writer;
use crate::{reads, revisions, rows};
use rapport_core::entry::CommandEntry;
use rapport_core::fold::Effects;
use rapport_core::fold::undo::Refolded;
use rapport_core::identity::journal::{Record, What};
use rapport_core::identity::veto::Vetoes;
use rapport_core::identity::{Identifier, ProfileNo};
use rapport_core::people::People;
use rapport_core::position::Position;
use rapport_core::segment::registry::Registry;
use rapport_store::state::{Table, Write};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod component;
mod prepared;

pub(crate) use prepared::{Prepared, prepare};

/// Undoes the merge with this journal number.
pub(super) async fn apply(
    writer: &mut Writer,
    entry: &CommandEntry,
    merge: u64,
    prepared: Option<Box<Prepared>>,
    writes: &mut Vec<Write>,
) -> Outcome {
    let missing = || CommandError::NotFound {
        what: format!("merge mrg_{merge}"),
    };
    let record = reads::journal::entry(&writer.shared, merge)
        .await?
        .ok_or_else(missing)?;
    let What::Merged {
        survivor,
        survivor_birth,
        absorbed,
        absorbed_birth,
        ..
    } = record.what
    else {
        return Err(missing());
    };
    let mut vetoes = Vetoes::clone(&writer.configuration.vetoes);
    vetoes.forbid(survivor_birth, absorbed_birth);
    let mut seeds = BTreeSet::from([survivor, absorbed]);
    let (component, refolded) = match prepared {
        Some(prepared) => {
            seeds.extend(prepared.seeds());
            prepared_before(writer, entry, merge, (seeds, &vetoes), *prepared).await?
        }
        None => from_nobody(writer, entry, merge, (seeds, &vetoes)).await?,
    };
    let change = |c: &mut Configuration| c.vetoes = Arc::new(vetoes.clone());
    configure_with(writer, "vetoes", &vetoes, change, writes);
    let profiles = replace(writer, &component, refolded, writes).await?;
    let what = What::Undone { merge };
    let journalled = Record {
        place: entry.position,
        received: entry.received,
        what,
    };
    let number = writer.journal(&journalled, writes);
    for person in [survivor, absorbed] {
        let key = rows::journal_of_key(person, number);
        writes.push(Write {
            table: Table::JournalOfProfile,
            key,
            value: Some(Vec::new()),
        });
    }
    writer.undos += 1;
    Ok(Reply::Undone { profiles })
}

/// Whom it concerns, the merge taken back.
async fn component(
    writer: &Writer,
    merge: u64,
    seeds: BTreeSet<ProfileNo>,
) -> Result<Component, CommandError> {
    let mut component = Component::of(&writer.shared, seeds).await?;
    if !component.undone.insert(merge) {
        return Err(CommandError::Contradicts {
            message: format!("mrg_{merge} is undone already"),
        });
    }
    Ok(component)
}

/// Goes on from what was folded beside the writer, which is what makes it quick: where people have
/// moved since, that is done once more.
async fn prepared_before(
    writer: &mut Writer,
    entry: &CommandEntry,
    merge: u64,
    (seeds, vetoes): (BTreeSet<ProfileNo>, &Vetoes),
    prepared: Prepared,
) -> Result<(Component, Refolded), CommandError> {
    let component = component(writer, merge, seeds).await?;
    if !prepared.fits(&component, vetoes) {
        return Err(CommandError::Moved);
    }
    let refolded = refold(writer, &component, prepared, entry).await?;
    let owners = owners(writer, &refolded.people).await?;
    match component.strangers(owners).is_empty() {
        true => Ok((component, refolded)),
        false => Err(CommandError::Moved),
    }
}

/// Folds everything here and now, as a replay does.
async fn from_nobody(
    writer: &mut Writer,
    entry: &CommandEntry,
    merge: u64,
    (mut seeds, vetoes): (BTreeSet<ProfileNo>, &Vetoes),
) -> Result<(Component, Refolded), CommandError> {
    loop {
        let component = component(writer, merge, seeds.clone()).await?;
        let nothing = Prepared::nothing(vetoes.clone());
        let refolded = refold(writer, &component, nothing, entry).await?;
        let owners = owners(writer, &refolded.people).await?;
        let strangers = component.strangers(owners);
        if strangers.is_empty() {
            return Ok((component, refolded));
        }
        seeds.extend(strangers);
    }
}

/// Folds the component again, from where it was prepared.
async fn refold(
    writer: &Writer,
    component: &Component,
    prepared: Prepared,
    entry: &CommandEntry,
) -> Result<Refolded, CommandError> {
    let configuration = &writer.configuration;
    let moment = Moment {
        place: entry.position,
        received: entry.received,
    };
    let (marked, next) = (writer.people.shared_records(), writer.people.next());
    let refolded = prepared.finish(&writer.shared, component, marked, next, moment);
    let refolded = refolded.await?;
    let rules = &refolded.rulebook;
    if *rules.policy() != *configuration.policy || !rules.registry().agrees(&configuration.registry)
    {
        return Err(revisions::damaged("they do not lead to those in force").into());
    }
    Ok(refolded)
}

/// Whoever has an identifier that somebody of the component has now that it is folded again: an
/// identifier once dropped for want of room, say, and taken by somebody else afterwards.
async fn owners(writer: &mut Writer, people: &People) -> Result<BTreeSet<ProfileNo>, CommandError> {
    let links = people.profiles().flat_map(|profile| &profile.links);
    let held: BTreeSet<Identifier> = links.map(|link| link.identifier.clone()).collect();
    let unknown = held
        .iter()
        .filter(|identifier| !writer.people.has_looked_up(identifier));
    crate::steps::load::identifiers(writer, unknown.cloned().collect()).await?;
    Ok(held
        .iter()
        .filter_map(|held| writer.people.owner(held))
        .collect())
}

/// What the journal does not say yet of merges and refusals, now that they are others.
fn news(component: &Component, refolded: Vec<Record>) -> Vec<Record> {
    let mut known: BTreeMap<Position, Vec<&Record>> = BTreeMap::new();
    for (_, record) in &component.journal {
        known.entry(record.place).or_default().push(record);
    }
    let is_news = |record: &Record| {
        let of_people = matches!(record.what, What::Merged { .. } | What::Refused { .. });
        let of_place = known.get(&record.place).map_or(&[][..], Vec::as_slice);
        of_people && !of_place.contains(&record)
    };
    refolded.into_iter().filter(is_news).collect()
}

/// Writes the component as folded again over what it was.
async fn replace(
    writer: &mut Writer,
    component: &Component,
    refolded: Refolded,
    writes: &mut Vec<Write>,
) -> Result<Vec<ProfileNo>, CommandError> {
    let Refolded {
        mut people,
        moved,
        journal,
        changes,
        members,
        late,
        ..
    } = refolded;
    // Whoever goes is in the working set first, and so is their timer.
    let gone = component.profiles.iter().map(|profile| profile.number);
    crate::steps::load::profiles(writer, gone.collect()).await?;
    let now = people.take_changes();
    let numbers: Vec<ProfileNo> = now.profiles.keys().copied().collect();
    for profile in &component.profiles {
        // Whoever absorbs or redirects now says so below, over this.
        writer.take_out(profile, writes);
    }
    // An identifier that nobody of them has any more was let go of above, or by an edit long ago:
    // then it may be somebody else's now.
    for (identifier, owner) in now.owners.iter().filter(|(_, owner)| owner.is_some()) {
        writer.people.set_owner(identifier, *owner);
    }
    for profile in now.profiles.into_values() {
        writer.list_with_companies(&profile, 0, writes);
        writer.take_in(*profile);
    }
    writer.people.number_from(now.next);
    let mut by_origin: BTreeMap<ProfileNo, Vec<(Position, ProfileNo)>> = BTreeMap::new();
    let mut now_of = Moved::new();
    for (origin, position, person) in moved {
        now_of.insert((origin, position), person);
        by_origin
            .entry(origin)
            .or_default()
            .push((position, person));
    }
    for origin in &component.origins {
        let events = by_origin.remove(origin).unwrap_or_default();
        writer.moved(*origin, events, writes);
    }
    if !late.is_empty() {
        let mut registry = Registry::clone(&writer.configuration.registry);
        for (segment, person) in late {
            registry.add_late(segment, [person]);
        }
        super::segment::install(writer, registry, writes);
    }
    let effects = Effects {
        journal: news(component, journal),
        changes,
        members,
        ..Effects::default()
    };
    super::effects(writer, &effects, writes).await?;
    relink(writer, &component.origins, &now_of, &numbers, writes).await?;
    Ok(numbers)
}
