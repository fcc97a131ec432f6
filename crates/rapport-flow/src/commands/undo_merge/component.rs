//! Everybody an undo can concern, and what they did.

use crate::error::CommandError;
use crate::reads;
use crate::shared::Shared;
use crate::writer::Writer;
use rapport_core::fold::rulebook::Revision;
use rapport_core::fold::undo::Past;
use rapport_core::identity::ProfileNo;
use rapport_core::identity::journal::{MergeCause, Record, What};
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_store::history::{Ask, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whoever is tied to two people by a merge or a refused merge.
pub(super) struct Component {
    pub profiles: Vec<Profile>,
    pub journal: Vec<(u64, Record)>,
    /// Journal numbers of merges that were taken back.
    pub undone: BTreeSet<u64>,
}

impl Component {
    /// Whoever is tied to these.
    pub async fn of(
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
                wanted.extend(profile.origins());
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

    /// The same with others, and whoever is tied to them.
    pub async fn grown(
        self,
        writer: &mut Writer,
        mut others: BTreeSet<ProfileNo>,
    ) -> Result<Component, CommandError> {
        others.extend(self.profiles.iter().map(|profile| profile.number));
        Component::of(writer, others).await
    }

    /// Every accepted event of everybody, in order.
    pub async fn events(&self, shared: &Shared) -> Result<Vec<Arc<Row>>, CommandError> {
        let mut rows = BTreeMap::new();
        for profile in &self.profiles {
            let ask = Ask::default();
            for row in reads::timeline::of(shared, profile, &ask).await? {
                rows.insert(row.event.position, row);
            }
        }
        Ok(rows.into_values().collect())
    }

    /// What happened to them, in order: events, merges by members that hold, changes of the rules.
    pub fn past<'a>(&'a self, rows: &'a [Arc<Row>], revisions: &'a [Revision]) -> Vec<Past<'a>> {
        let event = |row: &'a Arc<Row>| {
            Some(Past::Event {
                event: &row.event,
                origin: row.origin?,
            })
        };
        let mut past: Vec<Past<'a>> = rows.iter().filter_map(event).collect();
        past.extend(self.merges());
        past.extend(revisions.iter().map(Past::Revision));
        past.sort_by_key(Past::place);
        past
    }

    fn merges(&self) -> impl Iterator<Item = Past<'_>> {
        let is_taken_back = |(number, _): &&(u64, Record)| self.undone.contains(number);
        let taken_back = self.journal.iter().filter(is_taken_back);
        let taken_back: BTreeSet<Position> = taken_back.map(|(_, record)| record.place).collect();
        // An earlier undo may have journalled the same command once more, between other survivors.
        let mut merges: BTreeMap<Position, Past<'_>> = BTreeMap::new();
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

fn undone(journal: &[(u64, Record)]) -> BTreeSet<u64> {
    let undone = |(_, record): &(u64, Record)| match record.what {
        What::Undone { merge } => Some(merge),
        _ => None,
    };
    journal.iter().filter_map(undone).collect()
}
