//! Takes a merge back: vetoes it for events, folds everybody it concerns again, and writes the
//! difference.

use super::{Outcome, Reply, configure_with};
use crate::configuration::Configuration;
use crate::error::CommandError;
use crate::reads;
use crate::rows;
use crate::writer::Writer;
use rapport_core::entry::CommandEntry;
use rapport_core::fold::Effects;
use rapport_core::fold::undo::{self, Past};
use rapport_core::identity::journal::{MergeCause, Record, What};
use rapport_core::identity::{Identifier, ProfileNo};
use rapport_core::people::People;
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_store::history::{Ask, Row};
use rapport_store::state::{Table, Write};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    let mut component = component(writer, [survivor, absorbed].into()).await?;
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
        component = grown(writer, component, strangers).await?;
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
    let mut vetoes = rapport_core::identity::veto::Vetoes::clone(&writer.configuration.vetoes);
    vetoes.forbid(left, right);
    let change = |c: &mut Configuration| c.vetoes = Arc::new(vetoes.clone());
    configure_with(writer, "vetoes", &vetoes, change, writes);
}

/// Everybody an undo can concern: whoever is tied to the two by a merge or a refused merge.
struct Component {
    profiles: Vec<Profile>,
    journal: Vec<(u64, Record)>,
    /// Journal numbers of merges that were taken back.
    undone: BTreeSet<u64>,
}

async fn refold(
    writer: &Writer,
    component: &Component,
    entry: &CommandEntry,
) -> Result<undo::Refolded, CommandError> {
    let rows = past_events(writer, &component.profiles).await?;
    let past = in_order(&rows, component);
    let mut empty = People::whole(writer.people.next());
    for (identifier, record) in writer.people.shared_records() {
        empty.insert_loaded_shared(identifier.clone(), record.clone());
    }
    let rules = writer.configuration.rules();
    let (place, now) = (entry.position, entry.received);
    Ok(undo::refold(
        rules,
        &component.profiles,
        &past,
        empty,
        place,
        now,
    ))
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
    let owners: BTreeSet<_> = held
        .iter()
        .filter_map(|held| writer.people.owner(held))
        .collect();
    let known = |owner: &ProfileNo| {
        component
            .profiles
            .iter()
            .any(|known| known.number == *owner)
    };
    Ok(owners.into_iter().filter(|owner| !known(owner)).collect())
}

async fn grown(
    writer: &mut Writer,
    small: Component,
    mut strangers: BTreeSet<ProfileNo>,
) -> Result<Component, CommandError> {
    strangers.extend(small.profiles.iter().map(|profile| profile.number));
    component(writer, strangers).await
}

fn undone(journal: &[(u64, Record)]) -> BTreeSet<u64> {
    let undone = |(_, record): &(u64, Record)| match record.what {
        What::Undone { merge } => Some(merge),
        _ => None,
    };
    journal.iter().filter_map(undone).collect()
}

async fn component(
    writer: &mut Writer,
    mut wanted: BTreeSet<ProfileNo>,
) -> Result<Component, CommandError> {
    let mut seen = BTreeSet::new();
    let mut profiles: BTreeMap<ProfileNo, Profile> = BTreeMap::new();
    let mut journal = BTreeMap::new();
    while let Some(number) = wanted.pop_first() {
        if !seen.insert(number) {
            continue;
        }
        let survivor = writer.shared.survivor(number);
        crate::steps::load::profiles(writer, BTreeSet::from([survivor])).await?;
        if let Some(profile) = writer.people.profile(survivor) {
            wanted.extend(profile.numbers());
            wanted.extend(&profile.moved_from);
            profiles.insert(survivor, profile.clone());
        }
        for (number, record) in reads::journal::of(&writer.shared, number).await? {
            match &record.what {
                What::Merged {
                    survivor, absorbed, ..
                } => wanted.extend([*survivor, *absorbed]),
                What::Refused { profiles, .. } => wanted.extend(profiles),
                _ => {}
            }
            journal.insert(number, record);
        }
    }
    let journal: Vec<(u64, Record)> = journal.into_iter().collect();
    Ok(Component {
        profiles: profiles.into_values().collect(),
        undone: undone(&journal),
        journal,
    })
}

async fn past_events(writer: &Writer, profiles: &[Profile]) -> Result<Vec<Arc<Row>>, CommandError> {
    let mut rows = BTreeMap::new();
    for profile in profiles {
        let ask = Ask::default();
        for row in reads::timeline::of(&writer.shared, profile, &ask).await? {
            rows.insert(row.event.position, row);
        }
    }
    Ok(rows.into_values().collect())
}

fn in_order<'a>(rows: &'a [Arc<Row>], component: &'a Component) -> Vec<Past<'a>> {
    let events = rows.iter().filter_map(|row| {
        Some(Past::Event {
            event: &row.event,
            origin: row.origin?,
        })
    });
    let taken_back = |(number, _): &&(u64, Record)| component.undone.contains(number);
    let taken_back: BTreeSet<Position> = component
        .journal
        .iter()
        .filter(taken_back)
        .map(|(_, record)| record.place)
        .collect();
    // An earlier undo may have journalled the same command once more, between other survivors.
    let mut merges: BTreeMap<Position, Past<'_>> = BTreeMap::new();
    for (_, record) in &component.journal {
        if let What::Merged { cause, .. } = &record.what
            && matches!(cause, MergeCause::Member { .. })
            && !taken_back.contains(&record.place)
        {
            let (place, received) = (record.place, record.received);
            let merge = Past::Merge {
                place,
                received,
                cause,
            };
            merges.insert(place, merge);
        }
    }
    let mut past: Vec<Past<'_>> = events.chain(merges.into_values()).collect();
    past.sort_by_key(Past::place);
    past
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
    refolded: undo::Refolded,
    writes: &mut Vec<Write>,
) -> Result<Vec<ProfileNo>, CommandError> {
    let undo::Refolded {
        mut people,
        moved,
        journal,
        changes,
        members,
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
        writer.list_with_companies(&profile, 0, writes);
        writer.take_in(profile);
    }
    writer.people.number_from(now.next);
    for (origin, position, person) in moved {
        writer.moved(origin, position, Some(person), writes);
    }
    let effects = Effects {
        journal: news(component, journal),
        changes,
        members,
    };
    super::effects(writer, &effects, writes).await?;
    Ok(numbers)
}
