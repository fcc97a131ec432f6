//! What is taken out of use opens nothing from that moment on, across restarts and replays.

use super::replay::replay_equals_live;
use super::world::World;
use crate::{CommandError, keys};
use rapport_core::entry::Command;
use rapport_core::event::{KeyKind, SourceNo};
use rapport_core::member::Scopes;

const SOURCE: SourceNo = SourceNo(1);

fn put_key(key: &str) -> Command {
    Command::PutKey {
        key_hash: keys::hash(key),
        hint: "hint".to_owned(),
        source: SOURCE,
        kind: KeyKind::Browser,
    }
}

fn put_token(token: &str) -> Command {
    Command::PutToken {
        token_hash: keys::hash(token),
        name: token.to_owned(),
        hint: "hint".to_owned(),
        scopes: Scopes::admin(),
        member: None,
    }
}

fn revoke_key(key: &str) -> Command {
    let key_hash = keys::hash(key);
    Command::RevokeKey { key_hash }
}

fn revoke_token(token: &str) -> Command {
    let token_hash = keys::hash(token);
    Command::RevokeToken { token_hash }
}

async fn refused(world: &World, command: Command) -> bool {
    let answer = world.command(command).await;
    matches!(answer, Err(CommandError::Contradicts { .. }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_or_token_opens_nothing_and_never_comes_back() {
    let world = World::new().await;
    for command in [
        put_key("k1"),
        put_key("k2"),
        put_token("t1"),
        put_token("t2"),
    ] {
        world.command(command).await.unwrap();
    }
    world.command(revoke_key("k1")).await.unwrap();
    world.command(revoke_token("t1")).await.unwrap();
    let ring = world.rapport.keys();
    assert!(ring.write_key("k1").is_none() && ring.write_key("k2").is_some());
    assert!(ring.token("t1").is_none() && ring.token("t2").is_some());
    let world = world.restart().await;
    for command in [put_key("k1"), put_token("t1"), put_key("t1")] {
        assert!(refused(&world, command).await, "what was revoked stays so");
    }
    let ring = world.rapport.keys();
    assert!(ring.write_key("k1").is_none() && ring.token("t1").is_none());
    assert!(ring.revoked(&keys::hash("k1")).is_some());
    let twice = world.command(revoke_key("k1")).await;
    assert!(
        matches!(twice, Err(CommandError::NotFound { .. })),
        "{twice:?}"
    );
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_token_stays_because_nobody_could_make_another() {
    let world = World::new().await;
    world.command(put_token("t1")).await.unwrap();
    assert!(refused(&world, revoke_token("t1")).await);
    assert!(world.rapport.keys().token("t1").is_some());
    world.command(put_token("t2")).await.unwrap();
    world.command(revoke_token("t1")).await.unwrap();
    assert!(refused(&world, revoke_token("t2")).await);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_source_s_keys_are_refused_and_its_past_stays() {
    let world = World::new().await;
    world.command(put_key("k1")).await.unwrap();
    world
        .browser(r#"{"type":"track","userId":"u1","event":"Milk Bought"}"#)
        .await;
    let source = SOURCE;
    world
        .command(Command::DisableSource { source })
        .await
        .unwrap();
    assert!(world.rapport.keys().write_key("k1").is_none());
    let world = world.restart().await;
    assert!(world.rapport.keys().write_key("k1").is_none());
    assert_eq!(world.user("u1").await.number.0, 1);
    assert_eq!(world.rapport.outcomes(Some(source)).words["accepted"], 1);
    world
        .command(Command::EnableSource { source })
        .await
        .unwrap();
    assert!(world.rapport.keys().write_key("k1").is_some());
    let other = SourceNo(9);
    let unknown = world
        .command(Command::DisableSource { source: other })
        .await;
    assert!(matches!(unknown, Err(CommandError::NotFound { .. })));
    replay_equals_live(world).await;
}
