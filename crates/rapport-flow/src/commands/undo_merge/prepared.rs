//! The long part of an undo, done beside the writer: everybody it concerns is found and folded
//! again up to where the fold stood when it began. The writer then folds only what came since.

use super::component::{Component, Theirs};
use crate::error::{CommandError, Error, Result};
use crate::shared::Shared;
use crate::{reads, revisions, rows};
use rapport_core::fold::rulebook::Revision;
use rapport_core::fold::undo::{PROVISIONAL, Past, Refold, Refolded, given};
use rapport_core::identity::journal::What;
use rapport_core::identity::veto::Vetoes;
use rapport_core::identity::{Identifier, ProfileNo, shared};
use rapport_core::people::People;
use rapport_core::position::Position;
use rapport_core::profile::contact::Edit;
use rapport_core::segment::error::Error as Contradiction;
use rapport_core::time::Millis;
use rapport_store::history::Row;
use rapport_store::state::{Table, number_key};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How often a component may turn out to be larger than it seemed.
const GROWTH: usize = 16;

/// A component folded again up to an entry.
pub(crate) struct Prepared {
    /// The last entry folded.
    cut: Position,
    /// Whose component it is: the two, and whoever has identifiers that these people had.
    seeds: BTreeSet<ProfileNo>,
    /// Numbers below it were given before that entry, or not long after.
    next: ProfileNo,
    origins: BTreeSet<ProfileNo>,
    /// The numbers that were given again where their entries came.
    given: BTreeSet<(ProfileNo, Position)>,
    undone: BTreeSet<u64>,
    vetoes: Vetoes,
    refold: Refold<Theirs>,
}

/// Where and when an undo stands.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub place: Position,
    pub received: Millis,
}

/// Prepares the undo of a merge; `None` where there is nothing to prepare, which the writer says
/// better.
pub(crate) async fn prepare(shared: &Arc<Shared>, merge: u64) -> Result<Option<Prepared>> {
    let record = reads::journal::entry(shared, merge).await?;
    let Some(What::Merged {
        survivor,
        survivor_birth,
        absorbed,
        absorbed_birth,
        ..
    }) = record.map(|record| record.what)
    else {
        return Ok(None);
    };
    // In this order: everything at or before the cut is there when it is looked for.
    let cut = Position {
        index: u32::MAX,
        ..shared.head().position
    };
    let next = crate::writer::next_profile(&*shared.roles.state).await?;
    let mut vetoes = Vetoes::clone(&shared.configuration().vetoes);
    vetoes.forbid(survivor_birth, absorbed_birth);
    let mut seeds = BTreeSet::from([survivor, absorbed]);
    for _ in 0..GROWTH {
        let mut component = Component::of(shared, seeds.clone()).await?;
        if !component.undone.insert(merge) {
            return Ok(None);
        }
        let (refold, back) = folded(shared, component, vetoes.clone(), cut).await?;
        let strangers = back.strangers(owners(shared, refold.people()).await?);
        if strangers.is_empty() {
            return Ok(Some(Prepared {
                cut,
                seeds,
                next,
                given: back.profiles.iter().flat_map(given).collect(),
                origins: back.origins,
                undone: back.undone,
                vetoes,
                refold,
            }));
        }
        seeds.extend(strangers);
    }
    Ok(None)
}

/// Folds everything up to the cut, on a thread where that may take long.
async fn folded(
    shared: &Arc<Shared>,
    component: Component,
    vetoes: Vetoes,
    cut: Position,
) -> Result<(Refold<Theirs>, Component)> {
    let mut events = component.events(shared, Position::default()).await?;
    events.retain(|row| row.event.position <= cut);
    let edits = component.edits(shared, Position::default()).await?;
    let revisions = revisions::read(shared, Position::default()).await?;
    let mut people = People::whole(PROVISIONAL);
    for (_, row) in crate::writer::all(&*shared.roles.state, Table::Shared).await? {
        let records: Vec<(Identifier, shared::Record)> = rows::unpack(Table::Shared, &row)?;
        for (identifier, record) in records.into_iter().filter(|(_, one)| one.has_marks()) {
            people.insert_loaded_shared(identifier, record.marks());
        }
    }
    let work = move || {
        let mut refold = Refold::begin(vetoes, people);
        refold.remember(&component.profiles);
        let past = (&events[..], &edits[..], &revisions[..]);
        let folded = enter(&mut refold, &component, past, |place| place <= cut);
        folded.map(|()| (refold, component))
    };
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|_| Error::Stopping)?;
    done.map_err(|error| Error::Store(revisions::damaged(&error.to_string())))
}

/// Events, edits of contacts and revisions of the rules, each in their order.
type Entries<'a> = (&'a [Arc<Row>], &'a [(ProfileNo, Edit)], &'a [Revision]);

fn enter(
    refold: &mut Refold<Theirs>,
    component: &Component,
    (events, edits, revisions): Entries<'_>,
    is_wanted: impl Fn(Position) -> bool,
) -> std::result::Result<(), Contradiction> {
    let past: Vec<Past<'_, Theirs>> = component.past(events, edits, revisions);
    let wanted = past.iter().filter(|entry| is_wanted(entry.place()));
    for entry in wanted {
        refold.enter(entry)?;
    }
    Ok(())
}

/// Whoever has an identifier of these people now.
async fn owners(shared: &Shared, people: &People) -> Result<BTreeSet<ProfileNo>> {
    let hash = shared.hash();
    let links = people.profiles().flat_map(|profile| &profile.links);
    let hashes: Vec<u128> = links
        .map(|link| hash.identifier(&link.identifier))
        .collect();
    let keys: Vec<_> = hashes
        .iter()
        .map(|hash| number_key(rows::cell_of(*hash)))
        .collect();
    let cells = shared.roles.state.load(Table::Identifier, &keys).await?;
    let mut owners = BTreeSet::new();
    for (hash, cell) in hashes.into_iter().zip(cells) {
        let entries = rows::cell_entries(Table::Identifier, cell.as_deref().unwrap_or_default())?;
        let of_hash = entries.iter().filter(|(entry, _)| *entry == hash);
        owners.extend(of_hash.map(|(_, number)| ProfileNo(*number)));
    }
    Ok(owners)
}

impl Prepared {
    /// Nothing yet: the writer folds everything.
    pub(super) fn nothing(vetoes: Vetoes) -> Prepared {
        Prepared {
            cut: Position::default(),
            seeds: BTreeSet::new(),
            next: ProfileNo(0),
            origins: BTreeSet::new(),
            given: BTreeSet::new(),
            undone: BTreeSet::new(),
            refold: Refold::begin(vetoes.clone(), People::whole(PROVISIONAL)),
            vetoes,
        }
    }

    /// Whose component it is.
    pub(super) fn seeds(&self) -> impl Iterator<Item = ProfileNo> + '_ {
        self.seeds.iter().copied()
    }

    /// Whether it is still what the component's first entries come to: nobody of before the cut
    /// came or went, nor was missed while people moved, and nothing else was taken back.
    pub(super) fn fits(&self, component: &Component, vetoes: &Vetoes) -> bool {
        let old = component
            .origins
            .iter()
            .filter(|number| **number < self.next);
        let known = self.origins.iter().filter(|number| **number < self.next);
        let given = component.profiles.iter().flat_map(given);
        let mut folded = given.filter(|(_, birth)| *birth <= self.cut);
        old.eq(known)
            && folded.all(|given| self.given.contains(&given))
            && self.undone == component.undone
            && self.vetoes == *vetoes
    }

    /// Folds what came since, and ends it at the undo. `marked` says when identifiers were shared,
    /// `next` which number is given next.
    pub(super) async fn finish<'a>(
        mut self,
        shared: &Shared,
        component: &Component,
        marked: impl Iterator<Item = (&'a Identifier, &'a shared::Record)>,
        next: ProfileNo,
        moment: Moment,
    ) -> std::result::Result<Refolded, CommandError> {
        let refold = &mut self.refold;
        for (identifier, record) in marked.filter(|(_, record)| record.has_marks()) {
            refold
                .people_mut()
                .shared_mut(identifier)
                .take_marks(record);
        }
        refold.remember(&component.profiles);
        let events = component.events(shared, self.cut).await?;
        let edits = component.edits(shared, self.cut).await?;
        let revisions = revisions::read(shared, self.cut).await?;
        let past = (&events[..], &edits[..], &revisions[..]);
        enter(refold, component, past, |place| place > self.cut)
            .map_err(|error| revisions::damaged(&error.to_string()))?;
        refold.renumber(next);
        Ok(self
            .refold
            .end(&component.profiles, moment.place, moment.received))
    }
}
