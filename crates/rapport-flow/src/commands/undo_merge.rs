//! Takes a merge back: vetoes it for events, folds everybody it concerns again, and writes the
//! difference.

use self::component::Component;
use super::{Outcome, Reply, configure_with};
use crate::configuration::Configuration;
use crate::error::CommandError;
use crate::writer::Writer;
use crate::{reads, revisions, rows};
use rapport_core::entry::CommandEntry;
use rapport_core::fold::Effects;
use rapport_core::fold::undo::{self, Refolded};
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

/// Undoes the merge with this journal number.
pub(super) async fn apply(
    writer: &mut Writer,
    entry: &CommandEntry,
    merge: u64,
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
    let mut component = Component::of(writer, [survivor, absorbed].into()).await?;
    if component.undone.contains(&merge) {
        return Err(CommandError::Contradicts {
            message: format!("mrg_{merge} is undone already"),
        });
    }
    forbid(writer, survivor_birth, absorbed_birth, writes);
    let refolded = loop {
        component.undone.insert(merge);
        let refolded = refold(writer, &component, entry).await?;
        let strangers = strangers(writer, &component, &refolded.people).await?;
        if strangers.is_empty() {
            break refolded;
        }
        component = component.grown(writer, strangers).await?;
    };
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

fn forbid(writer: &mut Writer, left: Position, right: Position, writes: &mut Vec<Write>) {
    let mut vetoes = Vetoes::clone(&writer.configuration.vetoes);
    vetoes.forbid(left, right);
    let change = |c: &mut Configuration| c.vetoes = Arc::new(vetoes.clone());
    configure_with(writer, "vetoes", &vetoes, change, writes);
}

async fn refold(
    writer: &Writer,
    component: &Component,
    entry: &CommandEntry,
) -> Result<Refolded, CommandError> {
    let events = component.events(&writer.shared).await?;
    let revisions = revisions::read(&writer.shared).await?;
    let past = component.past(&events, &revisions);
    let mut empty = People::whole(writer.people.next());
    for (identifier, record) in writer.people.shared_records() {
        empty.insert_loaded_shared(identifier.clone(), record.marks());
    }
    let (place, now) = (entry.position, entry.received);
    let configuration = &writer.configuration;
    let before = &component.profiles;
    let refolded = undo::refold(&configuration.vetoes, before, &past, empty, place, now)
        .map_err(|error| revisions::damaged(&error.to_string()))?;
    let rules = &refolded.rulebook;
    if *rules.policy() != *configuration.policy || !rules.registry().agrees(&configuration.registry)
    {
        return Err(revisions::damaged("they do not lead to those in force").into());
    }
    Ok(refolded)
}

/// Whoever has an identifier that somebody of the component has now that it is folded again: an
/// identifier once dropped for want of room, say, and taken by somebody else afterwards.
async fn strangers(
    writer: &mut Writer,
    component: &Component,
    people: &People,
) -> Result<BTreeSet<ProfileNo>, CommandError> {
    let links = people.profiles().flat_map(|profile| &profile.links);
    let held: BTreeSet<Identifier> = links.map(|link| link.identifier.clone()).collect();
    let unknown = held
        .iter()
        .filter(|identifier| !writer.people.has_looked_up(identifier));
    crate::steps::load::identifiers(writer, unknown.cloned().collect()).await?;
    let owners = held.iter().filter_map(|held| writer.people.owner(held));
    let mut strangers: BTreeSet<_> = owners.collect();
    for known in &component.profiles {
        strangers.remove(&known.number);
    }
    Ok(strangers)
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
    let now = people.take_changes();
    let numbers: Vec<ProfileNo> = now.profiles.iter().map(|profile| profile.number).collect();
    for profile in &component.profiles {
        // Whoever absorbs or redirects now says so below, over this.
        writer.take_out(profile, writes);
    }
    for (identifier, owner) in &now.owners {
        writer.people.set_owner(identifier, *owner);
    }
    for profile in now.profiles {
        writer.take_in(profile);
    }
    writer.people.number_from(now.next);
    for (origin, position, person) in moved {
        writer.moved(origin, position, Some(person), writes);
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
    Ok(numbers)
}
