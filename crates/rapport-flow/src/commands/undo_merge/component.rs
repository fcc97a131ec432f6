//! Everybody an undo can concern, and what they did.

use crate::reads;
use crate::rows;
use crate::shared::Shared;
use rapport_core::event::Event;
use rapport_core::fold::rulebook::Revision;
use rapport_core::fold::undo::Past;
use rapport_core::identity::ProfileNo;
use rapport_core::identity::journal::{MergeCause, Record, What};
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::profile::contact::Edit;
use rapport_store::Result;
use rapport_store::history::Row;
use rapport_store::state::Table;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whoever is tied to two people by a merge or a refused merge.
pub(super) struct Component {
    pub profiles: Vec<Profile>,
    /// Every number under which history may hold events of theirs.
    pub origins: BTreeSet<ProfileNo>,
    pub journal: Vec<(u64, Record)>,
    /// Journal numbers of merges that were taken back.
    pub undone: BTreeSet<u64>,
}

/// An event of theirs, as history has it.
#[derive(Clone, Debug)]
pub(super) struct Theirs(Arc<Row>);

impl Borrow<Event> for Theirs {
    fn borrow(&self) -> &Event {
        &self.0.event
    }
}

impl Component {
    /// Whoever is tied to these.
    pub async fn of(shared: &Shared, mut wanted: BTreeSet<ProfileNo>) -> Result<Component> {
        let mut origins = BTreeSet::new();
        let mut profiles: BTreeMap<ProfileNo, Profile> = BTreeMap::new();
        let mut journal = BTreeMap::new();
        while let Some(number) = wanted.pop_first() {
            if !origins.insert(number) {
                continue;
            }
            let survivor = shared.survivor(number);
            if !profiles.contains_key(&survivor)
                && let Some(profile) = stored(shared, survivor).await?
            {
                wanted.extend(profile.origins());
                profiles.insert(survivor, profile);
            }
            for (number, record) in reads::journal::of(shared, number).await? {
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
            origins,
            undone: undone(&journal),
            journal,
        })
    }

    /// Which of these owners of identifiers are none of them.
    pub fn strangers(&self, mut owners: BTreeSet<ProfileNo>) -> BTreeSet<ProfileNo> {
        for known in &self.profiles {
            owners.remove(&known.number);
        }
        owners
    }

    /// Every accepted event of everybody behind `after`, in order.
    pub async fn events(&self, shared: &Shared, after: Position) -> Result<Vec<Arc<Row>>> {
        let origins: Vec<ProfileNo> = self.origins.iter().copied().collect();
        let mut rows = reads::timeline::behind(shared, &origins, after).await?;
        let ownership = shared.ownership();
        rows.retain(|row| {
            let origin = row.origin.expect("accepted events have an origin");
            let owner = ownership.owner(origin, row.event.position);
            self.origins.contains(&owner)
        });
        Ok(rows)
    }

    /// Every edit of everybody behind `after`, in order, with whom it was folded into first.
    pub async fn edits(&self, shared: &Shared, after: Position) -> Result<Vec<(ProfileNo, Edit)>> {
        let mut edits = Vec::new();
        for origin in &self.origins {
            let of_origin = reads::edits::of(shared, *origin).await?;
            edits.extend(of_origin.into_iter().map(|edit| (*origin, edit)));
        }
        let ownership = shared.ownership();
        edits.retain(|(origin, edit)| {
            let owner = ownership.owner(*origin, edit.place);
            edit.place > after && self.origins.contains(&owner)
        });
        Ok(edits)
    }

    /// What happened to them, in order: events, edits, merges by members that hold, changes of the
    /// rules.
    pub fn past<'a>(
        &'a self,
        rows: &[Arc<Row>],
        edits: &'a [(ProfileNo, Edit)],
        revisions: &'a [Revision],
    ) -> Vec<Past<'a, Theirs>> {
        let event = |row: &Arc<Row>| {
            Some(Past::Event {
                event: Theirs(Arc::clone(row)),
                origin: row.origin?,
            })
        };
        let mut past: Vec<Past<'a, Theirs>> = rows.iter().filter_map(event).collect();
        past.extend(edits.iter().map(|(origin, edit)| Past::Edit {
            edit,
            origin: *origin,
        }));
        past.extend(self.merges());
        past.extend(revisions.iter().map(Past::Revision));
        past.sort_by_key(Past::place);
        past
    }

    fn merges(&self) -> impl Iterator<Item = Past<'_, Theirs>> {
        let is_taken_back = |(number, _): &&(u64, Record)| self.undone.contains(number);
        let taken_back = self.journal.iter().filter(is_taken_back);
        let taken_back: BTreeSet<Position> = taken_back.map(|(_, record)| record.place).collect();
        // An earlier undo may have journalled the same command once more, between other survivors.
        let mut merges: BTreeMap<Position, Past<'_, Theirs>> = BTreeMap::new();
        for (_, record) in &self.journal {
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
        merges.into_values()
    }
}

/// A profile as stored, without what is of no segment any more.
async fn stored(shared: &Shared, number: ProfileNo) -> Result<Option<Profile>> {
    let state = &shared.roles.state;
    let row = state
        .load(Table::Profile, &[rows::profile_key(number)])
        .await?
        .remove(0);
    let Some(row) = row else {
        return Ok(None);
    };
    let mut profile: Profile = rows::unpack(Table::Profile, &row)?;
    let catalogue = &shared.configuration().catalogue;
    catalogue.forget_removed(&mut profile.leaves, &mut profile.memberships);
    Ok(Some(profile))
}

fn undone(journal: &[(u64, Record)]) -> BTreeSet<u64> {
    let undone = |(_, record): &(u64, Record)| match record.what {
        What::Undone { merge } => Some(merge),
        _ => None,
    };
    journal.iter().filter_map(undone).collect()
}
