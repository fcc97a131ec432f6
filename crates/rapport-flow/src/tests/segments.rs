//! Memberships that move with events, with time, and with rules that come later.

use super::world::World;
use rapport_core::identity::IdKind;
use rapport_core::time::{DAY_MS, HOUR_MS};

fn bought(user: &str, id: &str) -> String {
    format!(r#"{{"type":"track","userId":"{user}","event":"Milk Bought","messageId":"{id}"}}"#)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_enters_with_an_event_and_leaves_when_the_window_runs_out() {
    let world = World::new().await;
    world
        .segment("fresh", r#"did "Milk Bought" within 1 day"#)
        .await;
    world.server(&bought("u1", "m1")).await;
    assert_eq!(world.segments_of(&world.user("u1").await), ["fresh"]);
    assert_eq!(world.members("fresh").await, [1]);
    world.advance(DAY_MS - 1).await;
    assert_eq!(world.members("fresh").await, [1]);
    world.advance(1).await;
    assert_eq!(world.members("fresh").await, [0_u64; 0]);
    assert!(world.segments_of(&world.user("u1").await).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_segment_is_built_from_history_and_goes_on_live() {
    let world = World::new().await;
    for user in 0..20 {
        for time in 0..=user % 4 {
            let (user, id) = (format!("u{user}"), format!("m{user}-{time}"));
            world
                .send(rapport_core::event::KeyKind::Server, &bought(&user, &id))
                .await;
        }
    }
    world.settle().await;
    world
        .segment("often", r#"did "Milk Bought" at least 3 times"#)
        .await;
    assert_eq!(world.members("often").await.len(), 10);
    world.server(&bought("u1", "late")).await;
    assert_eq!(world.members("often").await.len(), 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_is_built_from_flushed_files_too() {
    let world = World::new().await;
    world
        .server(&format!("{},{}", bought("u1", "m1"), bought("u2", "m2")))
        .await;
    world.advance(HOUR_MS).await;
    assert!(
        !world.rapport.recorded().0.history.is_empty(),
        "nothing was flushed"
    );
    world.server(&bought("u1", "m3")).await;
    world
        .segment("twice", r#"did "Milk Bought" at least 2 times"#)
        .await;
    assert_eq!(world.members("twice").await, [1]);
    world
        .segment("never", r#"did "Milk Bought" at most 1 times"#)
        .await;
    assert_eq!(world.members("never").await, [2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_unites_what_both_did() {
    let world = World::new().await;
    world
        .segment(
            "twice",
            r#"did "Milk Bought" at least 2 times within 7 days"#,
        )
        .await;
    let anonymous = r#"{"type":"track","anonymousId":"a1","event":"Milk Bought","messageId":"m0"}"#;
    world.browser(anonymous).await;
    world.server(&bought("u1", "m1")).await;
    assert!(world.members("twice").await.is_empty());
    world
        .browser(r#"{"type":"identify","anonymousId":"a1","userId":"u1","messageId":"m2"}"#)
        .await;
    assert_eq!(world.members("twice").await, [1]);
    let one = world.user("u1").await;
    assert_eq!(
        world
            .profile(IdKind::AnonymousId, "a1")
            .await
            .unwrap()
            .number,
        one.number
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_compared_with_an_attribute_has_held_since_that_has_its_value() {
    let world = World::new().await;
    world
        .segment(
            "still",
            r#"for 1 hour did page "A" with distinct count of x = attribute x"#,
        )
        .await;
    world
        .server(r#"{"type":"identify","userId":"u1","traits":{"x":0},"messageId":"m1"}"#)
        .await;
    world.advance(HOUR_MS - 1).await;
    assert_eq!(world.members("still").await, [0_u64; 0]);
    world.advance(1).await;
    assert_eq!(world.members("still").await, [1]);
}
