//! Tracking plans in the flow: what they take, trim and end, and what is told of it.

use super::replay::replay_equals_live;
use super::world::World;
use crate::violations::{EVENT_NAME, SOURCE_NAME};
use crate::{CommandError, Settings};
use rapport_core::entry::{Command, Source};
use rapport_core::event::SourceNo;
use rapport_core::time::{DAY_MS, HOUR_MS};
use rapport_store::history::Ask;
use serde_json::{Value, json};

async fn world(settings: Settings) -> World {
    let world = World::with(settings).await;
    world.command(Command::PutSource(telling(2))).await.unwrap();
    world
}

fn telling(no: u32) -> Source {
    Source {
        no: SourceNo(no),
        name: SOURCE_NAME.to_owned(),
        strict: false,
    }
}

fn plan(source: u32, spelled: &Value) -> Command {
    Command::PutPlan {
        source: SourceNo(source),
        plan: Some(serde_json::from_str(&spelled.to_string()).unwrap()),
    }
}

/// A plan of one event that does this with what is not so.
async fn put(world: &World, action: &str) {
    let schema = json!({ "properties": { "litres": { "type": "number" } } });
    let spelled =
        json!({ "name": "Dairy", "on_violation": action, "events": { "Milk Bought": schema } });
    world.command(plan(1, &spelled)).await.unwrap();
}

/// Milk bought by u1, not as planned.
fn wrong(id: &str) -> String {
    format!(
        r#"{{"type":"track","userId":"u1","event":"Milk Bought","messageId":"{id}","properties":{{"litres":"two","fat":3}}}}"#
    )
}

/// Message ids and properties of what is on u1's timeline under a name, sorted.
async fn seen(world: &World, name: &str) -> Vec<(String, Value)> {
    let profile = world.user("u1").await;
    let ask = Ask::default();
    let rows = world.rapport.timeline(&profile, &ask).await.unwrap();
    let named = rows.iter().filter(|row| &*row.event.name == name);
    let mut found: Vec<(String, Value)> = named
        .map(|row| {
            let properties = serde_json::from_str(&row.event.properties).unwrap();
            (row.event.message_id.to_string(), properties)
        })
        .collect();
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found
}

fn violations(world: &World) -> u64 {
    let counts = world.rapport.violation_counts(SourceNo(1));
    counts.iter().map(|count| count.count).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_as_planned_is_flagged_trimmed_or_blocked_across_a_restart() {
    let mut world = world(Settings::default()).await;
    let (whole, trimmed) = (json!({ "litres": "two", "fat": 3 }), json!({ "fat": 3 }));
    put(&world, "flag").await;
    world.server(&wrong("m1")).await;
    put(&world, "omit").await;
    world.server(&wrong("m2")).await;
    world = world.restart().await;
    world.server(&wrong("m3")).await;
    put(&world, "block").await;
    world.server(&wrong("m4")).await;
    world = world.restart().await;
    world.server(&wrong("m5")).await;
    let of = |id: &str, properties: &Value| (id.to_owned(), properties.clone());
    assert_eq!(
        seen(&world, "Milk Bought").await,
        [of("m1", &whole), of("m2", &trimmed), of("m3", &trimmed)]
    );
    let outcomes = world.rapport.outcomes(None);
    let blocked = ("filtered".to_owned(), "plan_violation".to_owned());
    assert_eq!(outcomes.reasons[&blocked], 2);
    let rejected = world.rapport.rejected(None, 10).await.unwrap();
    assert_eq!(rejected.len(), 2);
    assert!(rejected[0].raw.contains("\"two\""), "as it was sent");
    assert_eq!(violations(&world), 5);
    let kept = world.rapport.violations(SourceNo(1), None, 10).await;
    let kept: Vec<(bool, u32)> = kept
        .unwrap()
        .iter()
        .map(|one| (one.taken, one.version))
        .collect();
    let expected = [(false, 3), (false, 3), (true, 2), (true, 2), (true, 1)];
    assert_eq!(kept, expected, "newest first");

    // Once the plan is mended, what was blocked can be sent again.
    world
        .command(Command::PutPlan {
            source: SourceNo(1),
            plan: None,
        })
        .await
        .unwrap();
    let again = world.rapport.redrive_rejected(rejected[0].position, None);
    assert!(again.await.unwrap());
    world.settle().await;
    assert_eq!(seen(&world, "Milk Bought").await.len(), 4);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_violation_is_told_exactly_once_through_kills_and_restarts() {
    let mut world = world(Settings::default()).await;
    put(&world, "omit").await;
    for round in 0..6 {
        let batch: Vec<String> = (0..40).map(|n| wrong(&format!("r{round}-{n}"))).collect();
        world
            .send(rapport_core::event::KeyKind::Server, &batch.join(","))
            .await;
        // Killed before, while or after it is folded and told.
        for _ in 0..round * 40 {
            tokio::task::yield_now().await;
        }
        if round % 2 == 1 {
            world.settle().await;
        }
        world = world.killed().await;
    }
    world.settle().await;
    let told = seen(&world, EVENT_NAME).await;
    let counted = (violations(&world), world.rapport.outcomes(None).words);
    assert_eq!(told.len(), 240, "{counted:?}");
    let mut of: Vec<&str> = told
        .iter()
        .filter_map(|(_, properties)| properties["eventMessageID"].as_str())
        .collect();
    of.sort_unstable();
    of.dedup();
    assert_eq!(of.len(), 240, "each of another event");
    let (_, first) = &told[0];
    assert_eq!(first["violationField"], "litres");
    assert_eq!(first["trackingPlanName"], "Dairy");
    assert_eq!(seen(&world, "Milk Bought").await.len(), 240);
    assert_eq!(violations(&world), 240);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_source_that_tells_of_violations_has_no_plan() {
    let world = world(Settings::default()).await;
    let strict = json!({ "on_unplanned": "block" });
    let refused = world.command(plan(2, &strict)).await;
    assert!(
        matches!(refused, Err(CommandError::Contradicts { .. })),
        "{refused:?}"
    );
    world.command(plan(1, &strict)).await.unwrap();
    let renamed = world.command(Command::PutSource(telling(1))).await;
    assert!(
        matches!(renamed, Err(CommandError::Contradicts { .. })),
        "{renamed:?}"
    );
    let missing = world.command(plan(9, &strict)).await;
    assert!(matches!(missing, Err(CommandError::NotFound { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn violations_are_kept_in_bounded_number_and_for_a_while() {
    let settings = Settings {
        violations_kept: 700,
        ..Settings::default()
    };
    let world = world(settings).await;
    put(&world, "flag").await;
    for round in 0..10 {
        let batch: Vec<String> = (0..200).map(|n| wrong(&format!("r{round}-{n}"))).collect();
        world.server(&batch.join(",")).await;
    }
    world.advance(HOUR_MS).await;
    let kept = async || {
        let kept = world.rapport.violations(SourceNo(1), None, 5_000).await;
        kept.unwrap()
    };
    let newest = kept().await;
    assert_eq!(newest.len(), 700);
    assert_eq!(&*newest[0].message_id, "r9-199");
    assert_eq!(violations(&world), 2_000, "counts know of all");
    assert_eq!(
        seen(&world, EVENT_NAME).await.len(),
        2_000,
        "and each was told before"
    );
    world.advance(31 * DAY_MS).await;
    world.advance(HOUR_MS).await;
    assert!(kept().await.is_empty());
    assert_eq!(violations(&world), 2_000);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pattern_made_to_backtrack_does_not_stall_the_flow() {
    let world = world(Settings::default()).await;
    let schema = json!({ "properties": { "coupon": { "pattern": "^(a+)+$" } } });
    let spelled = json!({ "on_violation": "block", "events": { "Milk Bought": schema } });
    world.command(plan(1, &spelled)).await.unwrap();
    let coupon = format!("{}!", "a".repeat(30_000));
    let event = |n: u32| {
        json!({ "type": "track", "userId": "u1", "event": "Milk Bought",
                "messageId": format!("m{n}"), "properties": { "coupon": coupon } })
        .to_string()
    };
    let start = std::time::Instant::now();
    for n in 0..20 {
        world.server(&event(n)).await;
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    assert_eq!(violations(&world), 20);
}
