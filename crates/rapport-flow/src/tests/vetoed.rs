//! Undo equals a veto from the start, whatever the rules were meanwhile: a directory with undos,
//! against the same entries folded under all its vetoes from the first.

use super::mixes::{self, dice::Dice};
use super::world::{World, roles};
use crate::archive::Archive;
use crate::configuration::{self, Configuration};
use crate::error::CommandError;
use crate::flow;
use crate::reads::{profile::as_of, timeline};
use crate::rows;
use crate::writer::pages;
use crate::{commands, replay};
use rapport_core::entry::{Command, Reference};
use rapport_core::identity::ProfileNo;
use rapport_core::identity::journal::{MergeCause, Record, What};
use rapport_core::identity::veto::births;
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::segment::membership::SegmentNo;
use rapport_core::segment::registry::Build;
use rapport_core::time::Millis;
use rapport_store::history::{Ask, Entry};
use rapport_store::state::Table;
use std::collections::{BTreeMap, BTreeSet};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn undo_equals_a_veto_from_the_start() {
    for seed in mixes::seeds() {
        eprintln!("undo {seed}");
        let mut dice = Dice::new(seed);
        let mut world = mixes::begin(&mut dice).await;
        for key in mixes::said::SEGMENTS {
            let rule = mixes::said::rule(&mut dice);
            let put = Command::PutSegment {
                key: key.into(),
                name: key.into(),
                rule,
            };
            mixes::expect(&world, put).await;
        }
        let changes_rules = dice.one_in(2);
        for _ in 0..60 {
            world = match dice.below(13) {
                0..7 => mixes::send(world, &mut dice).await,
                7 => mixes::merge(world, &mut dice).await,
                8 => mixes::undo(world, &mut dice).await,
                11 => mixes::listed::work(world, &mut dice).await,
                9..11 if changes_rules => mixes::change_rules(world, &mut dice).await,
                _ => mixes::pass(world, &mut dice).await,
            };
        }
        world.settle().await;
        compare(world).await;
    }
}

async fn compare(world: World) {
    let World {
        rapport,
        clock,
        directory,
        settings,
    } = world;
    rapport.stop().await;
    drop(rapport);
    mixes::closed(directory.path()).await;
    let live = Archive::open(roles(directory.path()), settings.clone(), clock.clone())
        .await
        .unwrap();
    let fresh = tempfile::tempdir().unwrap();
    let mut vetoed = Archive::open(roles(fresh.path()), settings, clock)
        .await
        .unwrap();
    fold_vetoed(&live, &mut vetoed).await;
    let at = live.received().max(vetoed.received());
    assert_eq!(canonical(&live, at).await, canonical(&vetoed, at).await);
}

/// Folds what the live directory folded, but with its vetoes from the start, and without undos
/// and what they took back.
async fn fold_vetoed(live: &Archive, vetoed: &mut Archive) {
    let vetoes = live.writer.configuration.vetoes.clone();
    let row = configuration::row("vetoes", &*vetoes);
    let with_vetoes = Configuration {
        vetoes,
        ..Configuration::clone(&vetoed.writer.configuration)
    };
    vetoed.writer.configure(with_vetoes);
    vetoed
        .writer
        .commit(Position::default(), vec![row])
        .await
        .unwrap();
    let taken_back = taken_back(live).await;
    let births = births_of(live).await;
    let mut entries = live.entries();
    while let Some(entry) = entries.recv().await {
        match entry.unwrap() {
            // What named nobody stays filtered whatever is taken back.
            Entry::Event(row) if row.origin.is_none() => {}
            Entry::Event(row) => {
                let fresh = vec![replay::fresh(&vetoed.writer.hash, row)];
                flow::replayed(&mut vetoed.writer, fresh).await.unwrap();
            }
            Entry::Command(entry) if taken_back.contains(&entry.position) => {}
            Entry::Command(entry) => {
                let mut entry = (*entry).clone();
                renumber(&mut entry.command, &births, vetoed).await;
                match commands::replay(&mut vetoed.writer, entry.clone()).await {
                    Ok(_)
                    | Err(CommandError::Contradicts { .. } | CommandError::NotFound { .. }) => {}
                    Err(error) => panic!("{entry:?}: {error}"),
                }
            }
        }
    }
}

/// Numbers depend on the way: the same command means the same people under the numbers they have
/// in the other directory. Builds of so few people have one step.
async fn renumber(command: &mut Command, births: &Births, vetoed: &Archive) {
    match command {
        Command::BuildRange { segment, to, .. } => {
            let registry = &vetoed.writer.configuration.registry;
            let course = registry.course(SegmentNo(*segment)).unwrap();
            if let Build::Running { end, .. } = course.build {
                *to = end;
            }
        }
        Command::Merge { left, right } => {
            let there = births_of(vetoed).await;
            for reference in [left, right] {
                if let Reference::Number(number) = reference
                    && let Some(birth) = births.get(number)
                {
                    let same = there.iter().find(|(_, other)| *other == birth);
                    *number = same.map_or(ProfileNo(u64::MAX >> 1), |(number, _)| *number);
                }
            }
        }
        _ => {}
    }
}

type Births = BTreeMap<ProfileNo, Position>;

/// Every number with the entry that made whom it was given to.
async fn births_of(archive: &Archive) -> Births {
    let profiles = everybody(archive).await;
    let numbers = profiles.iter().flat_map(|profile| {
        let own = [(profile.number, profile.birth)];
        let all = own.into_iter().chain(profile.absorbed.iter().copied());
        all.chain(profile.vacated.iter().copied())
    });
    numbers.collect()
}

async fn everybody(archive: &Archive) -> Vec<Profile> {
    let rows = pages(&*archive.shared.roles.state, Table::Profile)
        .all()
        .await;
    let profile = |(_, row): &(_, Vec<u8>)| rows::unpack(Table::Profile, row).unwrap();
    rows.unwrap().iter().map(profile).collect()
}

/// Where the undos stand, and the merges by members that they took back.
async fn taken_back(live: &Archive) -> BTreeSet<Position> {
    let rows = pages(&*live.shared.roles.state, Table::Journal)
        .all()
        .await
        .unwrap();
    let record = |(_, row): &(_, Vec<u8>)| rows::unpack::<Record>(Table::Journal, row).unwrap();
    let journal: Vec<Record> = rows.iter().map(record).collect();
    let mut places = BTreeSet::new();
    for record in &journal {
        let What::Undone { merge } = record.what else {
            continue;
        };
        places.insert(record.place);
        let undone = &journal[merge as usize - 1];
        if matches!(
            undone.what,
            What::Merged {
                cause: MergeCause::Member { .. },
                ..
            }
        ) {
            places.insert(undone.place);
        }
    }
    places
}

/// Everybody with their timelines, by the entries that made them.
async fn canonical(
    archive: &Archive,
    at: Millis,
) -> BTreeMap<Vec<Position>, (Profile, Vec<Position>)> {
    let mut found = BTreeMap::new();
    let catalogue = &archive.writer.configuration.catalogue;
    for profile in everybody(archive).await {
        let rows = timeline::of(&archive.shared, &profile, &Ask::default())
            .await
            .unwrap();
        let mut born = births(&profile);
        born.sort_unstable();
        let mut canonical = Profile {
            number: ProfileNo(0),
            birth: born[0],
            absorbed: Vec::new(),
            moved_from: Vec::new(),
            vacated: Vec::new(),
            armed: None,
            ..as_of(&archive.shared, profile, at)
        };
        catalogue.forget_removed(&mut canonical.leaves, &mut canonical.memberships);
        // A leaf that was widened and not built since may know more than anybody asks of it.
        let leaves = archive.writer.configuration.registry.leaves();
        let is_complete = |no| leaves.iter().any(|leaf| leaf.no == no && leaf.complete);
        canonical.leaves.retain(is_complete);
        let theirs = rows.iter().map(|row| row.event.position).collect();
        found.insert(born, (canonical, theirs));
    }
    found
}
