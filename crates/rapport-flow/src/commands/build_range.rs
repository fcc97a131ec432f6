//! One bounded step of a segment's build.

use super::{Outcome, Reply, record};
use crate::jobs::build::{self, Kept, Range};
use crate::writer::Writer;
use rapport_core::entry::{Command, CommandEntry};
use rapport_core::fold::{Effects, Fold};
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_core::segment::catalogue::Touched;
use rapport_core::segment::membership::SegmentNo;
use rapport_core::segment::registry::{Build, Registry};
use rapport_store::Result;
use rapport_store::state::Write;
use std::collections::BTreeSet;
use std::collections::btree_map::Entry as Slot;
use std::sync::Arc;

/// Applies a range that the build job scanned; false where it was scanned before an undo, or for
/// a rule that has changed since: then it must be scanned again.
pub(crate) async fn apply(writer: &mut Writer, range: Range) -> Result<bool> {
    let segment = writer.configuration.registry.course(range.segment);
    let current = segment.is_some_and(|s| s.version == range.version && at(s.build, range.from));
    if !current || range.undos != writer.undos {
        return Ok(false);
    }
    let entry = CommandEntry {
        position: super::next(writer),
        received: super::now(writer),
        actor: "rapport".to_owned(),
        command: Command::BuildRange {
            segment: range.segment.0,
            version: range.version,
            from: range.from,
            to: range.to,
        },
    };
    writer.make_room();
    writer.received = entry.received;
    let mut writes = Vec::new();
    unite(writer, &entry, range, &mut writes).await?;
    record(writer, entry, writes).await?;
    Ok(true)
}

/// Applies a range as its entry says, scanning history for it here and now.
pub(super) async fn replay(
    writer: &mut Writer,
    entry: &CommandEntry,
    writes: &mut Vec<Write>,
) -> Outcome {
    let Command::BuildRange {
        segment,
        version,
        from,
        to,
    } = entry.command
    else {
        unreachable!("only build steps come here");
    };
    let segment = SegmentNo(segment);
    let kept = build::scan_range(&writer.shared, &writer.configuration, segment, from, to).await?;
    let range = Range {
        segment,
        version,
        from,
        to,
        kept,
        undos: writer.undos,
    };
    unite(writer, entry, range, writes).await?;
    Ok(Reply::Done)
}

async fn unite(
    writer: &mut Writer,
    entry: &CommandEntry,
    mut range: Range,
    writes: &mut Vec<Write>,
) -> Result<()> {
    let mut registry = Registry::clone(&writer.configuration.registry);
    let late = late(&registry, &range);
    let kept = by_survivor(writer, std::mem::take(&mut range.kept));
    let mut people = survivors(writer, &range);
    people.extend(kept.keys());
    people.extend(moved_to(writer, &range));
    people.extend(late.into_iter().map(|n| writer.shared.survivor(n)));
    let held = |number: &ProfileNo| writer.people.profile(*number).is_some();
    let strangers: Vec<ProfileNo> = people.iter().copied().filter(|one| !held(one)).collect();
    crate::steps::load::neighbours(writer, range.from, range.to).await?;
    crate::steps::load::profiles(writer, people.clone()).await?;
    let people: Vec<ProfileNo> = people.into_iter().collect();
    let (segment, place, received) = (range.segment, entry.position, entry.received);
    // What was due of them before happened under the rules as they were.
    let mut effects = fold(writer, |fold| {
        fold.fire_of(people.iter().copied(), received)
    });
    registry.advance_build(range.segment, range.version, range.to);
    super::segment::install(writer, registry, writes);
    let built = fold(writer, |fold| {
        fold.build_range(segment, &kept, &people, place, received);
    });
    effects.changes.extend(built.changes);
    effects.members.extend(built.members);
    // A segment's first members were there before anybody asked: nobody is told they entered.
    effects
        .changes
        .retain(|change| change.why != rapport_core::fold::Why::Build);
    let messages = crate::steps::activate::step(writer, &effects);
    writer.effects(&effects, writes).await?;
    writer.messages(&messages, writes);
    // Whoever only the build asked for would push out those who come and go.
    writer.let_go(&strangers);
    Ok(())
}

/// Whoever the numbers of a range lead to.
fn survivors(writer: &Writer, range: &Range) -> BTreeSet<ProfileNo> {
    let ownership = writer.shared.ownership();
    let mut redirects = ownership.redirects.range(range.from..range.to).peekable();
    let numbers = (range.from.0..range.to.0).map(ProfileNo);
    let survivors = numbers.map(|number| {
        let redirect = redirects.next_if(|(from, _)| **from == number);
        redirect.map_or(number, |(_, to)| *to)
    });
    survivors.collect()
}

/// Folds something into the working set.
fn fold(writer: &mut Writer, act: impl FnOnce(&mut Fold<'_>)) -> Effects {
    let configuration = Arc::clone(&writer.configuration);
    let due = std::mem::take(&mut writer.due);
    let last = writer.head.position;
    let mut fold = Fold::resume(configuration.rules(), &mut writer.people, due, last);
    act(&mut fold);
    let (effects, due) = fold.finish();
    writer.due = due;
    effects
}

/// Whoever an undo gave a number that no step comes to: they come with the last one. The undo has
/// given them what history knows of them already.
fn late(registry: &Registry, range: &Range) -> Vec<ProfileNo> {
    let definition = registry.course(range.segment);
    let ends = definition.filter(|one| one.version == range.version && one.build.ends_at(range.to));
    ends.map(|one| one.late).unwrap_or_default()
}

fn at(build: Build, from: ProfileNo) -> bool {
    matches!(build, Build::Running { cursor, .. } if cursor == from)
}

/// Whoever an undo gave events of the range's origins.
fn moved_to(writer: &Writer, range: &Range) -> BTreeSet<ProfileNo> {
    let ownership = writer.shared.ownership();
    let first = (range.from, Position::default())..(range.to, Position::default());
    let moved = ownership.moved.range(first).map(|(_, person)| *person);
    moved
        .map(|person| ownership.redirects.get(&person).copied().unwrap_or(person))
        .collect()
}

/// What leaves keep, by whom each person is now.
fn by_survivor(writer: &Writer, kept: Kept) -> Kept {
    let catalogue = &writer.configuration.catalogue;
    let ownership = writer.shared.ownership();
    let first = kept
        .first_key_value()
        .map_or(ProfileNo(0), |(first, _)| *first);
    let mut redirects = ownership.redirects.range(first..).peekable();
    let mut by_survivor = Kept::new();
    for (given, leaves) in kept {
        while redirects.next_if(|(from, _)| **from < given).is_some() {}
        let redirect = redirects.next_if(|(from, _)| **from == given);
        match by_survivor.entry(redirect.map_or(given, |(_, to)| *to)) {
            Slot::Vacant(slot) => drop(slot.insert(leaves)),
            Slot::Occupied(mut slot) => {
                catalogue.unite(slot.get_mut(), &leaves, &mut Touched::default());
            }
        }
    }
    by_survivor
}
