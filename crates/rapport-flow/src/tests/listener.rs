//! Somebody who listens: what the outbox said of an identifier last is what its person is.

use super::mixes::{self, dice::Dice};
use super::world::World;
use rapport_core::entry::{Command, Destination, Reference, Shape};
use rapport_core::identity::journal::{Record, What};
use rapport_core::identity::{IdKind, Identifier};
use rapport_core::time::Millis;
use serde_json::Value;
use std::collections::BTreeMap;

/// What was last said of a segment and an identifier.
type Heard = BTreeMap<(String, Identifier), bool>;

async fn listen(world: &World) {
    let destination = Destination {
        key: "crm".into(),
        url: "https://crm.example.org/in".into(),
        secret: "s".into(),
        shape: Shape::Track,
        segments: Vec::new(),
        concurrency: None,
        created: Millis(0),
        updated: Millis(0),
    };
    let put = Command::PutDestination(destination);
    world.command(put).await.unwrap();
}

async fn heard(world: &World) -> Heard {
    let mut heard = Heard::new();
    for message in world.rapport.outbox(0, 100_000).await.unwrap() {
        let body: Value = serde_json::from_str(&message.body).unwrap();
        let segment = body["properties"]["audience_key"].as_str().unwrap();
        let entered = body["properties"][segment].as_bool().unwrap();
        for named in body["context"]["externalIds"].as_array().unwrap() {
            let kind = IdKind::from_word(named["type"].as_str().unwrap()).unwrap();
            let name = Identifier::new(kind, named["id"].as_str().unwrap());
            heard.insert((segment.to_owned(), name), entered);
        }
    }
    heard
}

/// Segments that were said to have this user, and those said not to.
async fn heard_of(world: &World, kind: IdKind, value: &str) -> BTreeMap<String, bool> {
    let name = Identifier::new(kind, value);
    let heard = heard(world).await.into_iter();
    heard
        .filter(|((_, of), _)| *of == name)
        .map(|((segment, _), entered)| (segment, entered))
        .collect()
}

async fn check(world: &World, when: &str) {
    for ((segment, name), entered) in heard(world).await {
        let no = world.rapport.registry().get(&segment).unwrap().no;
        let reference = Reference::Identifier(name.clone());
        let person = world.rapport.profile(&reference).await.unwrap();
        let is_in = person.is_some_and(|person| person.memberships.contains(no));
        assert_eq!(entered, is_in, "{when}: {name} in {segment}");
    }
}

const VISIT: &str = r#"{"type":"track","anonymousId":"a1","event":"Cheese Seen","messageId":"m1"}"#;
const USER: &str = r#"{"type":"identify","userId":"u1","messageId":"m2"}"#;
const BOTH: &str = r#"{"type":"identify","userId":"u1","anonymousId":"a1","messageId":"m3"}"#;

/// The first is merged into somebody who is older, so that the number with the segment goes.
async fn world() -> World {
    let world = World::new().await;
    world.segment("lookers", r#"did "Cheese Seen""#).await;
    world.segment("others", r#"did not "Cheese Seen""#).await;
    listen(&world).await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_survivor_is_said_to_be_where_only_the_absorbed_one_was() {
    for one_batch in [true, false] {
        let world = world().await;
        match one_batch {
            true => world.server(&[USER, VISIT, BOTH].join(",")).await,
            false => {
                for item in [USER, VISIT, BOTH] {
                    world.server(item).await;
                }
            }
        }
        let expected = [("lookers", true), ("others", false)];
        let expected = BTreeMap::from(expected.map(|(key, is)| (key.to_owned(), is)));
        for (kind, value) in [(IdKind::UserId, "u1"), (IdKind::AnonymousId, "a1")] {
            assert_eq!(heard_of(&world, kind, value).await, expected, "{one_batch}");
        }
        check(&world, "after the merge").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_tells_nobody_again_what_they_know() {
    let world = world().await;
    for item in [VISIT, USER] {
        world.server(item).await;
    }
    let seen = r#"{"type":"track","userId":"u1","event":"Cheese Seen","messageId":"m4"}"#;
    world.server(seen).await;
    let before = world.rapport.outbox(0, 1_000).await.unwrap().len();
    world.server(BOTH).await;
    let after = world.rapport.outbox(0, 1_000).await.unwrap().len();
    assert_eq!(after, before, "both were where they are");
    check(&world, "after the merge").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_members_merge_and_its_undo_are_heard_by_everybody_they_move() {
    let world = world().await;
    for item in [USER, VISIT] {
        world.server(item).await;
    }
    let named = |kind, value: &str| Reference::Identifier(Identifier::new(kind, value));
    let merge = Command::Merge {
        left: named(IdKind::UserId, "u1"),
        right: named(IdKind::AnonymousId, "a1"),
    };
    world.command(merge).await.unwrap();
    assert!(heard_of(&world, IdKind::UserId, "u1").await["lookers"]);
    check(&world, "after the merge").await;
    let numbers = world.user("u1").await.numbers();
    let journal = world.rapport.journal_of(&numbers, None, 10).await.unwrap();
    let is_merge = |(_, record): &&(u64, Record)| matches!(record.what, What::Merged { .. });
    let merge = journal.iter().find(is_merge).unwrap().0;
    world.command(Command::UndoMerge { merge }).await.unwrap();
    assert!(!heard_of(&world, IdKind::UserId, "u1").await["lookers"]);
    assert!(heard_of(&world, IdKind::AnonymousId, "a1").await["lookers"]);
    check(&world, "after the undo").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_said_of_an_identifier_last_is_so() {
    for seed in mixes::seeds() {
        eprintln!("listener {seed}");
        let mut dice = Dice::new(seed);
        let mut world = mixes::begin(&mut dice).await;
        for key in mixes::said::SEGMENTS {
            let put = Command::PutSegment {
                key: key.into(),
                name: key.into(),
                rule: mixes::said::rule(&mut dice),
            };
            mixes::expect(&world, put).await;
        }
        listen(&world).await;
        for _ in 0..60 {
            world = match dice.below(10) {
                0..7 => mixes::send(world, &mut dice).await,
                7 => mixes::merge(world, &mut dice).await,
                8 => mixes::undo(world, &mut dice).await,
                _ => mixes::pass(world, &mut dice).await,
            };
        }
        world.advance(1).await;
        check(&world, "at the end").await;
    }
}
