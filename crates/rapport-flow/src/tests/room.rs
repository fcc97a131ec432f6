//! The working set stays within its bounds, and whoever was let go is found again.

use super::world::World;
use crate::Settings;
use crate::clock::Clock;
use std::sync::atomic::Ordering;

const ROOM: usize = 400;
const PEOPLE: usize = 6_000;
const A_REQUEST: usize = 20;

fn said(people: std::ops::Range<usize>, event: &str) -> String {
    let item = |n| {
        format!(r#"{{"type":"track","userId":"u{n}","event":"{event}","messageId":"{event}{n}"}}"#)
    };
    people.map(item).collect::<Vec<_>>().join(",")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_let_go_is_found_again_and_few_stay() {
    let world = World::with(Settings {
        cache_profiles: ROOM,
        ..Settings::default()
    })
    .await;
    let mut most = 0;
    for first in (0..PEOPLE).step_by(A_REQUEST) {
        world.server(&said(first..first + A_REQUEST, "Milk")).await;
        world.settle().await;
        most = most.max(world.rapport.stats().held.load(Ordering::Relaxed));
        world.clock.set(world.clock.now().plus(1));
    }
    let bound = (ROOM + ROOM / 4 + A_REQUEST) as u64;
    assert!((ROOM as u64 / 2..=bound).contains(&most), "{most} held");

    world.server(&said(0..PEOPLE, "Cheese")).await;
    world.settle().await;
    world
        .segment("both", r#"did "Milk" and did "Cheese""#)
        .await;
    let both = world.rapport.registry().get("both").unwrap().no;
    assert_eq!(world.rapport.segment_size(both), PEOPLE as u64);
}
