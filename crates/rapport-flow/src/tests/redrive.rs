//! A rejected event sent again is read as it was the first time, whatever call it came as.

use super::replay::replay_equals_live;
use super::world::World;
use crate::rejected::Rejected;
use rapport_core::event::{Call, Dialect, KeyKind, Kind, Origin, SourceNo};
use rapport_store::history::{Ask, Row};
use rapport_store::ledger::Submission;
use std::sync::Arc;

const ADDRESS: &str = "203.0.113.9";

async fn single(world: &World, kind: Kind, body: &str) {
    let origin = Origin {
        source: SourceNo(1),
        key_kind: KeyKind::Browser,
        dialect: Dialect::Segment,
        call: Call::One(kind),
        ip: Some(ADDRESS.to_owned()),
        user_agent: Some("Browser/7".to_owned()),
    };
    let body = body.as_bytes().to_vec();
    let submission = Submission { origin, body };
    world.rapport.collect(submission).await.unwrap();
    world.settle().await;
}

/// What is rejected now, newest first.
async fn rejected(world: &World) -> Vec<Rejected> {
    world.rapport.rejected(None, 10).await.unwrap()
}

async fn again(world: &World, old: &Rejected, body: Option<&str>) {
    let body = body.map(|body| body.as_bytes().to_vec());
    let sent = world.rapport.redrive_rejected(old.position, body).await;
    assert!(sent.unwrap());
    world.settle().await;
}

async fn newest(world: &World, user: &str) -> Arc<Row> {
    let person = world.user(user).await;
    let rows = world.rapport.timeline(&person, &Ask::default()).await;
    Arc::clone(&rows.unwrap()[0])
}

fn reason(rejected: &Rejected) -> &str {
    rejected
        .outcome
        .reason()
        .map_or("", |reason| reason.code.as_str())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_call_sent_again_as_it_was_ends_as_it_did() {
    let world = World::new().await;
    single(&world, Kind::Track, r#"{"userId":"u1","messageId":"m1"}"#).await;
    let old = rejected(&world).await.remove(0);
    assert_eq!((old.call, old.is_body), (Call::One(Kind::Track), true));
    assert_eq!(reason(&old), "missing_event_name");
    again(&world, &old, None).await;
    let both = rejected(&world).await;
    assert_eq!(both.len(), 2, "and is kept like the first");
    assert_eq!((both[0].call, reason(&both[0])), (old.call, reason(&old)));
    assert_eq!(
        (&both[0].ip, &both[0].user_agent),
        (&old.ip, &old.user_agent)
    );
    assert_eq!(old.ip.as_deref(), Some(ADDRESS));
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrected_single_call_needs_no_type_and_names_the_old_one() {
    let world = World::new().await;
    single(&world, Kind::Track, r#"{"userId":"u1","messageId":"m1"}"#).await;
    let old = rejected(&world).await.remove(0);
    let body = r#"{"userId":"u1","messageId":"m1","event":"Milk Bought"}"#;
    again(&world, &old, Some(body)).await;
    let row = newest(&world, "u1").await;
    assert_eq!(
        (&*row.event.name, row.event.kind),
        ("Milk Bought", Kind::Track)
    );
    let context = &row.event.context;
    let mark = format!("\"redrive_of\":\"{}\"", old.position);
    for part in [mark.as_str(), ADDRESS, "Browser/7"] {
        assert!(context.contains(part), "{part} in {context}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrected_event_may_name_another_type_whatever_call_it_came_as() {
    let world = World::new().await;
    single(&world, Kind::Track, r#"{"userId":"u1","messageId":"m1"}"#).await;
    world
        .browser(r#"{"userId":"u2","messageId":"m2","name":"Milk"}"#)
        .await;
    let [of_batch, of_single] = &rejected(&world).await[..] else {
        panic!("two are rejected");
    };
    assert_eq!((of_batch.call, of_batch.is_body), (Call::Batch, false));
    let page = |user: &str| format!(r#"{{"type":"page","userId":"{user}","name":"Milk"}}"#);
    again(&world, of_single, Some(&page("u1"))).await;
    again(&world, of_batch, Some(&page("u2"))).await;
    for user in ["u1", "u2"] {
        assert_eq!(newest(&world, user).await.event.kind, Kind::Page, "{user}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_of_a_batch_sent_again_as_it_was_ends_as_it_did() {
    let world = World::new().await;
    world
        .browser(r#"{"type":"track","userId":"u1","event":"Sent Along"},7"#)
        .await;
    let old = rejected(&world).await.remove(0);
    again(&world, &old, None).await;
    let both = rejected(&world).await;
    assert_eq!(reason(&both[0]), reason(&old));
    assert_eq!((&*both[0].raw, both[0].is_body), ("7", false));
}
