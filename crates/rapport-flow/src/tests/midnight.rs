//! A moment at which everybody is due: whoever has nothing to do with everybody does not wait for
//! them, and what comes of it is what would have come of it otherwise.

use super::replay::replay_equals_live;
use super::world::{BEGIN, World, in_memory, roles};
use crate::archive::Archive;
use crate::clock::{Clock, HandClock};
use crate::{CommandError, Rapport, Settings, commands};
use rapport_core::entry::{Command, Reference, Source};
use rapport_core::event::{Call, Dialect, KeyKind, Origin, SourceNo};
use rapport_core::identity::{IdKind, Identifier, ProfileNo};
use rapport_core::time::HOUR_MS;
use rapport_store::ledger::Submission;
use rapport_store::memory::{Call as Fallible, Fault, Memory};
use std::sync::Arc;
use std::time::Duration;

/// More than one transaction looks at.
const PEOPLE: usize = 2_600;

fn bought(people: std::ops::Range<usize>) -> String {
    let one = |n| {
        format!(r#"{{"type":"track","userId":"u{n}","event":"Milk Bought","messageId":"m{n}"}}"#)
    };
    people.map(one).collect::<Vec<_>>().join(",")
}

fn fresh() -> Command {
    Command::PutSegment {
        key: "fresh".to_owned(),
        name: "Fresh".to_owned(),
        rule: r#"did "Milk Bought" within 1 hour"#.to_owned(),
    }
}

/// Everybody is in `fresh` for an hour.
async fn crowd() -> World {
    let world = World::new().await;
    world
        .segment("fresh", r#"did "Milk Bought" within 1 hour"#)
        .await;
    for first in (0..PEOPLE).step_by(200) {
        let some = bought(first..PEOPLE.min(first + 200));
        world.send(KeyKind::Server, &some).await;
    }
    world.settle().await;
    assert_eq!(size(&world), PEOPLE as u64);
    world
}

fn size(world: &World) -> u64 {
    let segment = world.rapport.registry().get("fresh").unwrap().no;
    world.rapport.segment_size(segment)
}

fn till(no: u32) -> Command {
    Command::PutSource(Source {
        no: SourceNo(no),
        name: format!("Till {no}"),
        strict: false,
    })
}

fn calm() -> Command {
    Command::PutSegment {
        key: "calm".to_owned(),
        name: "Calm".to_owned(),
        rule: r#"did not "Milk Bought" within 1 hour and not in segment "fresh""#.to_owned(),
    }
}

fn merge(left: usize, right: usize) -> Command {
    let user = |n| Reference::Identifier(Identifier::new(IdKind::UserId, format!("u{n}").as_str()));
    Command::Merge {
        left: user(left),
        right: user(right),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_fires_the_timers_of_those_it_is_about() {
    let World {
        rapport,
        clock,
        directory,
        settings,
    } = crowd().await;
    rapport.kill().await;
    clock.set(clock.now().plus(2 * HOUR_MS));
    let now = clock.now();
    let opened = Archive::open(roles(directory.path()), settings, clock).await;
    let mut archive = opened.unwrap();
    let writer = &mut archive.writer;
    for command in [till(3), merge(0, 1)] {
        let applied = commands::apply(writer, "test", command.clone(), None).await;
        applied.unwrap();
        assert!(writer.are_many_due(now).await.unwrap(), "{command:?}");
    }
    let merged = writer.people.profile(ProfileNo(1)).unwrap();
    assert!(
        merged.memberships.iter().next().is_none(),
        "whoever it is about was looked at"
    );
    let applied = commands::apply(writer, "test", calm(), None).await;
    applied.unwrap();
    assert!(!writer.fire_some(now).await.unwrap(), "a rule is about all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_and_events_amid_a_crowd_that_is_due_replay_to_the_same_state() {
    let world = crowd().await;
    world.clock.set(world.clock.now().plus(2 * HOUR_MS));
    let put = world.command(calm());
    let others = async {
        world.command(till(3)).await.unwrap();
        world.send(KeyKind::Server, &bought(7..9)).await;
        world.command(merge(2, 3)).await.unwrap();
        let item = r#"{"type":"track","userId":"u9","event":"Milk Bought","messageId":"again"}"#;
        world.send(KeyKind::Server, item).await;
        world.command(till(4)).await.unwrap();
    };
    let (put, ()) = tokio::join!(put, others);
    put.unwrap();
    world.settle().await;
    world.advance(1).await;
    assert_eq!(size(&world), 1, "who bought again is the only one");
    let calm = world.rapport.registry().get("calm").unwrap().no;
    let everybody = PEOPLE as u64 - 1;
    assert_eq!(world.rapport.segment_size(calm), everybody - 1);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_waits_for_everybody_is_refused_where_the_disk_is_full() {
    let memory = Memory::new();
    let roles = in_memory(&memory);
    let clock = Arc::new(HandClock::at(BEGIN));
    let started = Rapport::start(roles, Settings::default(), clock.clone());
    let rapport = started.await.unwrap();
    for command in [till(1), fresh()] {
        rapport.command("test", command).await.unwrap();
    }
    let origin = Origin {
        source: SourceNo(1),
        key_kind: KeyKind::Server,
        dialect: Dialect::Segment,
        call: Call::Batch,
        ip: None,
        user_agent: None,
    };
    let body = format!("{{\"batch\":[{}]}}", bought(0..PEOPLE)).into_bytes();
    rapport.collect(Submission { origin, body }).await.unwrap();
    assert!(rapport.folded(1, Duration::from_secs(60)).await);

    // The first may be timers that were due before the command came, and notes of jobs.
    for nth in 1..=4 {
        memory.faults.inject(Fallible::Commit, nth, Fault::Full);
    }
    clock.set(clock.now().plus(2 * HOUR_MS));
    let refused = rapport.command("test", calm()).await;
    assert!(matches!(refused, Err(CommandError::Flow(_))), "{refused:?}");
    while rapport.command("test", calm()).await.is_err() {}
    let segment = |key: &str| rapport.registry().get(key).unwrap().no;
    assert_eq!(rapport.segment_size(segment("fresh")), 0);
    rapport.stop().await;
}
