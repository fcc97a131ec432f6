//! A clock that jumps: timers wait until it is believed, stamps never go back, windows stay right.

use super::world::{BEGIN, World};
use crate::clock::AHEAD_MAX_MS;
use rapport_core::time::{HOUR_MS, Millis};
use rapport_store::history::Ask;
use std::time::Duration;

fn bought(user: &str, id: &str) -> String {
    format!(r#"{{"type":"track","userId":"{user}","event":"Milk Bought","messageId":"{id}"}}"#)
}

async fn with_a_fresh_buyer() -> World {
    let world = World::new().await;
    world
        .segment("fresh", r#"did "Milk Bought" within 1 hour"#)
        .await;
    world.server(&bought("u1", "m1")).await;
    assert_eq!(size(&world), 1);
    world
}

/// How many the segment has without anybody being read, which fires what is due.
fn size(world: &World) -> u64 {
    let segment = world.rapport.registry().get("fresh").unwrap().no;
    world.rapport.segment_size(segment)
}

/// Longer than the writer takes to look at the clock.
async fn a_tick() {
    tokio::time::sleep(Duration::from_millis(600)).await;
}

fn reasons(world: &World) -> String {
    world.rapport.health().reasons.join("; ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timers_hold_while_the_wall_clock_runs_ahead_and_health_says_so() {
    let world = with_a_fresh_buyer().await;
    world.clock.jump(2 * HOUR_MS);
    a_tick().await;
    assert_eq!(
        size(&world),
        1,
        "nobody leaves by a clock that is not believed"
    );
    assert!(reasons(&world).contains("clock"), "{}", reasons(&world));
    world.clock.jump(-2 * HOUR_MS);
    a_tick().await;
    assert_eq!(reasons(&world), "");
    assert_eq!(size(&world), 1);
    world.advance(HOUR_MS - 1).await;
    assert_eq!(size(&world), 1);
    world.advance(1).await;
    assert_eq!(size(&world), 0, "the window runs out at its own moment");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_lead_is_believed() {
    let world = with_a_fresh_buyer().await;
    world.advance(HOUR_MS - AHEAD_MAX_MS).await;
    world.clock.jump(AHEAD_MAX_MS);
    a_tick().await;
    assert_eq!(size(&world), 0);
    assert_eq!(reasons(&world), "");
    world.clock.jump(1);
    a_tick().await;
    assert!(reasons(&world).contains("clock"), "{}", reasons(&world));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn received_never_decreases_when_the_clock_goes_back() {
    let world = with_a_fresh_buyer().await;
    world.advance(30_000).await;
    world.server(&bought("u1", "m2")).await;
    for (id, back_ms) in [("m3", -20_000), ("m4", -HOUR_MS), ("m5", 5_000)] {
        world.clock.jump(back_ms);
        world.server(&bought("u1", id)).await;
    }
    let world = world.restart().await;
    world.server(&bought("u1", "m6")).await;
    let person = world.user("u1").await;
    let mut rows = world
        .rapport
        .timeline(&person, &Ask::default())
        .await
        .unwrap();
    rows.sort_by_key(|row| row.event.position);
    let ids: Vec<&str> = rows.iter().map(|row| &*row.event.message_id).collect();
    assert_eq!(ids, ["m1", "m2", "m3", "m4", "m5", "m6"]);
    let received: Vec<Millis> = rows.iter().map(|row| row.event.received).collect();
    let stands = BEGIN.plus(30_000);
    assert_eq!(received, [BEGIN, stands, stands, stands, stands, stands]);
    assert!(rows.iter().all(|row| row.event.at <= row.event.received));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn windows_are_right_after_the_clock_has_gone_back() {
    let world = with_a_fresh_buyer().await;
    world.clock.jump(-HOUR_MS);
    world.server(&bought("u2", "m2")).await;
    assert_eq!(size(&world), 2);
    world.clock.jump(HOUR_MS);
    world.advance(HOUR_MS - 1).await;
    assert_eq!(size(&world), 2, "both bought less than an hour before");
    world.advance(1).await;
    assert_eq!(size(&world), 0);
}
