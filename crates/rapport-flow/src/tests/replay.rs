//! Replay equals live: every entry folded into a fresh directory gives the same state.

use super::world::{World, roles};
use crate::archive::Archive;
use crate::check::check;
use crate::dump::{difference, dump, spell};
use crate::replay::replay;
use crate::{Rapport, Settings};
use rapport_core::entry::{Command, Reference};
use rapport_core::identity::journal::What;
use rapport_core::identity::{IdKind, Identifier};
use rapport_core::time::HOUR_MS;
use std::sync::Arc;

/// A directory whose flow was killed, and another into which it was replayed.
pub(super) struct Replayed {
    pub live: Archive,
    pub again: Archive,
    _directories: [tempfile::TempDir; 2],
}

/// Replays the world's directory into a fresh one.
pub(super) async fn replayed(world: World) -> Replayed {
    // Killed, not stopped: what waits to be flushed is part of what must replay.
    world.settle().await;
    let World {
        rapport,
        clock,
        directory,
        settings,
    } = world;
    rapport.kill().await;
    let live = Archive::open(roles(directory.path()), settings.clone(), clock.clone());
    let live = live.await.unwrap();
    let fresh = tempfile::tempdir().unwrap();
    let again = Archive::open(roles(fresh.path()), settings, clock);
    let mut again = again.await.unwrap();
    replay(&live, &mut again, &|_| {}).await.unwrap();
    Replayed {
        live,
        again,
        _directories: [directory, fresh],
    }
}

/// Replays the world's directory and compares.
pub(super) async fn replay_equals_live(world: World) {
    let replayed = replayed(world).await;
    let (live, again) = (&replayed.live, &replayed.again);
    assert_eq!(again.head(), live.head());
    let at = live.received().max(again.received());
    let differing = difference(
        &dump(live, at).await.unwrap(),
        &dump(again, at).await.unwrap(),
    );
    assert!(
        differing.is_empty(),
        "live: {:#?}\nreplayed: {:#?}",
        spell(live, at, &differing).await.unwrap(),
        spell(again, at, &differing).await.unwrap(),
    );
    assert_eq!(check(live).await.unwrap(), Vec::<String>::new());
    assert_eq!(check(again).await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_rules_merges_undos_and_time_replay_to_the_same_state() {
    let world = World::new().await;
    world
        .segment("fresh", r#"did "Milk Bought" within 2 hours"#)
        .await;
    world
        .browser(r#"{"type":"page","anonymousId":"a1","messageId":"m1"}"#)
        .await;
    world
        .server(r#"{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m2"}"#)
        .await;
    world.advance(HOUR_MS).await;
    world
        .browser(r#"{"type":"identify","anonymousId":"a1","userId":"u1","messageId":"m3"}"#)
        .await;
    world
        .segment("calm", r#"did not "Milk Bought" within 1 hour"#)
        .await;
    world
        .server(r#"{"type":"track","userId":"u2","event":"Milk Bought","messageId":"m4"}"#)
        .await;
    world
        .server(r#"{"type":"track","userId":"u2","messageId":"m5"}"#)
        .await;
    world
        .server(r#"{"type":"group","userId":"u2","groupId":"dairy","messageId":"m6"}"#)
        .await;
    let user = |user: &str| Reference::Identifier(Identifier::new(IdKind::UserId, user));
    world
        .command(Command::Merge {
            left: user("u1"),
            right: user("u2"),
        })
        .await
        .unwrap();
    let one = world.user("u1").await;
    world.advance(3 * HOUR_MS).await;
    let journal = world
        .rapport
        .journal_of(&one.numbers(), None, 10)
        .await
        .unwrap();
    let merges = journal
        .iter()
        .filter(|(_, r)| matches!(r.what, What::Merged { .. }));
    let first = merges.map(|(number, _)| *number).min().unwrap();
    world
        .command(Command::UndoMerge { merge: first })
        .await
        .unwrap();
    world
        .server(r#"{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m2"}"#)
        .await;
    world
        .server(r#"{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m7"}"#)
        .await;
    world
        .segment(
            "fresh",
            r#"did "Milk Bought" at least 2 times within 9 hours"#,
        )
        .await;
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_due_before_a_rule_changed_happened_under_the_old_rule() {
    let world = World::new().await;
    world
        .segment("calm", r#"did not "Milk Bought" within 20 minutes"#)
        .await;
    world
        .server(r#"{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m1"}"#)
        .await;
    world.advance(HOUR_MS).await;
    let before = world.user("u1").await.memberships;
    world
        .segment("calm", r#"did not "Milk Bought" within 10 minutes"#)
        .await;
    assert_eq!(world.user("u1").await.memberships, before);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replayed_directory_can_be_served_and_goes_on() {
    let world = World::new().await;
    world
        .server(r#"{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m1"}"#)
        .await;
    let World {
        rapport,
        clock,
        directory,
        ..
    } = world;
    rapport.stop().await;
    drop(rapport);
    let fresh = tempfile::tempdir().unwrap();
    {
        let settings = Settings::default;
        let live = Archive::open(roles(directory.path()), settings(), clock.clone())
            .await
            .unwrap();
        let mut again = Archive::open(roles(fresh.path()), settings(), clock.clone())
            .await
            .unwrap();
        replay(&live, &mut again, &|_| {}).await.unwrap();
    }
    let rapport: Rapport = super::world::open(fresh.path(), &Settings::default(), &clock).await;
    let world = World {
        rapport,
        clock: Arc::clone(&clock),
        directory: fresh,
        settings: Settings::default(),
    };
    world
        .server(r#"{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m1"}"#)
        .await;
    world
        .server(r#"{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m2"}"#)
        .await;
    let outcomes = world.rapport.outcomes(None).words;
    assert_eq!((outcomes["accepted"], outcomes["duplicate"]), (2, 1));
    replay_equals_live(world).await;
}
