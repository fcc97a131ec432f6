//! Computed traits over a real history: built, live, merged, undone, replayed.

use super::replay::replay_equals_live;
use super::world::World;
use rapport_core::entry::Command;
use rapport_core::identity::IdKind;
use rapport_core::profile::Profile;
use rapport_core::time::{DAY_MS, HOUR_MS};
use std::collections::BTreeMap;

fn bought(user: &str, id: &str, price: u32) -> String {
    format!(
        r#"{{"type":"track","userId":"{user}","event":"Milk Bought","messageId":"{id}","properties":{{"price":{price}}}}}"#
    )
}

async fn put(world: &World, key: &str, computed: &str) {
    let command = Command::PutTrait {
        key: key.to_owned(),
        name: key.to_owned(),
        computed: computed.to_owned(),
    };
    world.command(command).await.unwrap();
    world.settle().await;
}

fn traits_of(world: &World, profile: &Profile) -> BTreeMap<String, String> {
    use crate::clock::Clock;
    let catalogue = world.rapport.catalogue();
    let traits = catalogue.traits_of(profile, world.clock.now());
    traits
        .into_iter()
        .map(|(key, json)| (key.to_owned(), json))
        .collect()
}

#[track_caller]
fn is(traits: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
    let traits: Vec<(&str, &str)> = traits.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(traits, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trait_is_built_from_history_goes_on_live_and_survives_a_restart() {
    let world = World::new().await;
    let before = [bought("u1", "m1", 3), bought("u1", "m2", 4)].join(",");
    world.server(&before).await;
    world.advance(HOUR_MS).await;
    let flushed = &world.rapport.recorded().0.history;
    assert!(!flushed.is_empty(), "nothing was flushed");
    world.server(&bought("u1", "m3", 5)).await;
    put(&world, "spent", r#"sum of price of "Milk Bought""#).await;
    put(&world, "fresh", r#"count of "Milk Bought" within 1 day"#).await;
    is(
        &traits_of(&world, &world.user("u1").await),
        &[("fresh", "3"), ("spent", "12")],
    );
    // Once more the same, and once new.
    world.server(&before).await;
    world.server(&bought("u1", "m4", 1)).await;
    let world = world.restart().await;
    world.advance(DAY_MS - 1).await;
    is(
        &traits_of(&world, &world.user("u1").await),
        &[("fresh", "2"), ("spent", "13")],
    );
    world.advance(1).await;
    is(
        &traits_of(&world, &world.user("u1").await),
        &[("fresh", "0"), ("spent", "13")],
    );
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_that_asks_for_a_trait_flips_when_the_trait_does_and_is_built_anew_with_it() {
    let world = World::new().await;
    world
        .server(&[bought("u1", "m1", 3), bought("u2", "m2", 9)].join(","))
        .await;
    put(
        &world,
        "spent",
        r#"sum of price of "Milk Bought" within 1 day"#,
    )
    .await;
    world.segment("big", "trait spent >= 5").await;
    assert_eq!(world.members("big").await, [2]);
    world.server(&bought("u1", "m3", 3)).await;
    assert_eq!(world.members("big").await, [1, 2]);
    world.advance(DAY_MS).await;
    assert!(world.members("big").await.is_empty());
    put(
        &world,
        "spent",
        r#"sum of price of "Milk Bought" within 7 days"#,
    )
    .await;
    assert_eq!(world.members("big").await, [1, 2]);
    put(
        &world,
        "spent",
        r#"max of price of "Milk Bought" within 7 days"#,
    )
    .await;
    assert_eq!(world.members("big").await, [2]);
    let used = world.command(Command::DeleteTrait {
        key: "spent".into(),
    });
    assert!(used.await.is_err(), "a segment asks for it");
    let missing = Command::PutSegment {
        key: "bad".into(),
        name: "bad".into(),
        rule: "trait spnet > 1".into(),
    };
    let refused = world.command(missing).await.unwrap_err();
    assert!(format!("{refused:?}").contains("did you mean `spent`?"));
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_makes_one_trait_of_two_and_an_undo_makes_two_of_one() {
    let world = World::new().await;
    let anonymous = r#"{"type":"track","anonymousId":"a1","event":"Milk Bought","messageId":"m0","properties":{"price":2}}"#;
    world.browser(anonymous).await;
    put(&world, "spent", r#"sum of price of "Milk Bought""#).await;
    world.segment("big", "trait spent >= 5").await;
    world.server(&bought("u1", "m1", 3)).await;
    is(
        &traits_of(&world, &world.user("u1").await),
        &[("spent", "3")],
    );
    world
        .browser(r#"{"type":"identify","anonymousId":"a1","userId":"u1","messageId":"m2"}"#)
        .await;
    is(
        &traits_of(&world, &world.user("u1").await),
        &[("spent", "5")],
    );
    assert_eq!(world.members("big").await, [1]);
    let numbers = [world.user("u1").await.number];
    let journal = world.rapport.journal_of(&numbers, None, 100);
    let merge = journal
        .await
        .unwrap()
        .into_iter()
        .find(|(_, record)| {
            matches!(
                record.what,
                rapport_core::identity::journal::What::Merged { .. }
            )
        })
        .unwrap();
    let undo = Command::UndoMerge { merge: merge.0 };
    world.command(undo).await.unwrap();
    world.settle().await;
    is(
        &traits_of(&world, &world.user("u1").await),
        &[("spent", "3")],
    );
    let visitor = world.profile(IdKind::AnonymousId, "a1").await.unwrap();
    is(&traits_of(&world, &visitor), &[("spent", "2")]);
    assert!(world.members("big").await.is_empty());
    replay_equals_live(world).await;
}
