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
use rapport_core::identity::ProfileNo;
use rapport_core::identity::journal::{MergeCause, Record, What};
use rapport_core::people::People;
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
    let component = component(writer, [survivor, absorbed].into()).await?;
    let undone = undone(&component.journal);
    if undone.contains(&merge) {
        return Err(CommandError::Contradicts {
            message: format!("mrg_{merge} is undone already"),
        });
    }
    forbid(writer, survivor_birth, absorbed_birth, writes);
    let rows = past_events(writer, &component.profiles).await?;
    let past = in_order(&rows, &component.journal, merge, &undone);
    let empty = People::whole(writer.people.next());
    let configuration = Arc::clone(&writer.configuration);
    let (place, now) = (entry.position, entry.received);
    let before = &component.profiles;
    let refolded = undo::refold(configuration.rules(), before, &past, empty, place, now);
    let profiles = replace(writer, before, refolded, writes).await?;
    let what = What::Undone { merge };
    let journalled = Record {
        place,
        received: now,
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

fn forbid(
    writer: &mut Writer,
    left: rapport_core::position::Position,
    right: rapport_core::position::Position,
    writes: &mut Vec<Write>,
) {
    let mut vetoes = rapport_core::identity::veto::Vetoes::clone(&writer.configuration.vetoes);
    vetoes.forbid(left, right);
    let change = |c: &mut Configuration| c.vetoes = Arc::new(vetoes.clone());
    configure_with(writer, "vetoes", &vetoes, change, writes);
}

/// Everybody an undo can concern: whoever is tied to the two by a merge or a refused merge.
struct Component {
    profiles: Vec<Profile>,
    journal: Vec<(u64, Record)>,
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
    Ok(Component {
        profiles: profiles.into_values().collect(),
        journal: journal.into_iter().collect(),
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

fn in_order<'a>(
    rows: &'a [Arc<Row>],
    journal: &'a [(u64, Record)],
    undoing: u64,
    undone: &BTreeSet<u64>,
) -> Vec<Past<'a>> {
    let events = rows.iter().filter_map(|row| {
        Some(Past::Event {
            event: &row.event,
            origin: row.origin?,
        })
    });
    let merges = journal
        .iter()
        .filter_map(|(number, record)| match &record.what {
            What::Merged {
                survivor_birth,
                absorbed_birth,
                cause: MergeCause::Member { actor },
                ..
            } if *number != undoing && !undone.contains(number) => Some(Past::Merge {
                place: record.place,
                received: record.received,
                left: *survivor_birth,
                right: *absorbed_birth,
                actor,
            }),
            _ => None,
        });
    let mut past: Vec<Past<'_>> = events.chain(merges).collect();
    past.sort_by_key(Past::place);
    past
}

/// Writes the component as folded again over what it was.
async fn replace(
    writer: &mut Writer,
    before: &[Profile],
    refolded: undo::Refolded,
    writes: &mut Vec<Write>,
) -> Result<Vec<ProfileNo>, CommandError> {
    let undo::Refolded {
        mut people,
        moved,
        changes,
        members,
    } = refolded;
    let now = people.take_changes();
    let numbers: Vec<ProfileNo> = now.profiles.iter().map(|profile| profile.number).collect();
    for profile in before {
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
    let effects = Effects {
        journal: Vec::new(),
        changes,
        members,
    };
    super::effects(writer, &effects, writes).await?;
    Ok(numbers)
}
