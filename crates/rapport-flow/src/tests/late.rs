//! Late events: however late, they correct memberships, and the outbox says that they were late.

use super::world::World;
use crate::clock::Clock;
use rapport_core::entry::{Command, Destination, Shape};
use rapport_core::time::{DAY_MS, Millis};
use serde_json::Value;

const SEGMENTS: [(&str, &str); 4] = [
    ("silent", r#"did not "Milk Bought" within 7 days"#),
    (
        "loyal",
        r#"did "Milk Bought" at least 2 times within 60 days"#,
    ),
    (
        "lookers",
        r#"sequence "Milk Seen" then "Milk Bought" within 60 days"#,
    ),
    ("early", r#"did "Milk Bought" more than 300 days ago"#),
];

fn event(name: &str, id: &str, at: Millis) -> String {
    format!(
        r#"{{"type":"track","userId":"u1","event":"{name}","messageId":"{id}","timestamp":"{at}"}}"#
    )
}

async fn world() -> World {
    let world = World::new().await;
    for (key, rule) in SEGMENTS {
        world.segment(key, rule).await;
    }
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
    world
}

/// What the outbox says from a message on: the segment, whether it was entered, whether late.
async fn said(world: &World, from: usize) -> Vec<(String, bool, bool)> {
    let messages = world.rapport.outbox(0, 1_000).await.unwrap();
    let of = |body: &str| {
        let body: Value = serde_json::from_str(body).unwrap();
        let segment = body["properties"]["audience_key"]
            .as_str()
            .unwrap()
            .to_owned();
        let entered = body["properties"][&segment].as_bool().unwrap();
        (
            segment,
            entered,
            body["context"]["late"] == Value::Bool(true),
        )
    };
    let mut said: Vec<_> = messages
        .iter()
        .skip(from)
        .map(|one| of(&one.body))
        .collect();
    said.sort();
    said
}

fn of(segment: &str, entered: bool, late: bool) -> (String, bool, bool) {
    (segment.to_owned(), entered, late)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_event_corrects_memberships_and_is_said_to_be_late() {
    let world = world().await;
    let begin = world.clock.now();
    world.server(&event("Milk Seen", "m1", begin)).await;
    assert_eq!(said(&world, 0).await, [of("silent", true, false)]);
    world.advance(40 * DAY_MS).await;
    world
        .server(&event("Milk Bought", "m2", world.clock.now()))
        .await;
    let on_time = [of("lookers", true, false), of("silent", false, false)];
    assert_eq!(said(&world, 1).await, on_time);
    // Nine days late, and ten months.
    world
        .server(&event("Milk Bought", "m3", begin.plus(31 * DAY_MS)))
        .await;
    assert_eq!(said(&world, 3).await, [of("loyal", true, true)]);
    world
        .server(&event("Milk Bought", "m4", begin.plus(-270 * DAY_MS)))
        .await;
    assert_eq!(said(&world, 4).await, [of("early", true, true)]);
    // The window of what came late runs out at a moment of its own, which is not late.
    world.advance(52 * DAY_MS).await;
    let ran_out = [
        of("lookers", false, false),
        of("loyal", false, false),
        of("silent", true, false),
    ];
    assert_eq!(said(&world, 5).await, ran_out);
    // Somebody who was silent was not: corrected from now on.
    let three_days_ago = world.clock.now().plus(-3 * DAY_MS);
    world
        .server(&event("Milk Bought", "m5", three_days_ago))
        .await;
    let corrected = [of("loyal", true, true), of("silent", false, true)];
    assert_eq!(said(&world, 8).await, corrected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_events_leave_the_memberships_that_they_would_have_on_time() {
    let (late, on_time) = (world().await, world().await);
    let begin = late.clock.now();
    let at = |day: i64| begin.plus(day * DAY_MS);
    let events = [
        event("Milk Seen", "m1", at(1)),
        event("Milk Bought", "m2", at(9)),
        event("Milk Bought", "m3", at(45)),
        event("Milk Seen", "m4", at(46)),
    ];
    for (event, day) in events.iter().zip([1, 9, 45, 46]) {
        on_time.advance(at(day).since(on_time.clock.now())).await;
        on_time.server(event).await;
    }
    on_time.advance(at(50).since(on_time.clock.now())).await;
    late.advance(50 * DAY_MS).await;
    for event in events.iter().rev() {
        late.server(event).await;
    }
    for days in [0, 10, 20, 300] {
        late.advance(days * DAY_MS).await;
        on_time.advance(days * DAY_MS).await;
        for (key, _) in SEGMENTS {
            let (left, right) = (late.members(key).await, on_time.members(key).await);
            assert_eq!(left, right, "{key} after {days} more days");
        }
    }
}
