//! Deliveries of webhooks: mapped by what is in force at their entry, for ever.

use super::replay::replay_equals_live;
use super::world::World;
use crate::Settings;
use rapport_core::entry::Command;
use rapport_core::event::dialect::webhook::envelope;
use rapport_core::event::webhook::{Choice, Verify, Webhook};
use rapport_core::event::{Call, Dialect, KeyKind, Origin, SourceNo};
use rapport_core::profile::Profile;
use rapport_core::time::DAY_MS;
use rapport_store::history::Ask;
use rapport_store::ledger::Submission;

/// A map that calls every event `name`, and rejects what has no `who`.
pub(super) fn put(name: &str) -> Command {
    let map = format!(
        r#"{{"each": "items[]", "rules": [
            {{"when": {{"noise": true}}, "skip": true}},
            {{"type": "track", "event": "{name}", "identifiers": {{"user_id": "{{who}}"}}, "message_id": "hook-{{id}}"}}]}}"#
    );
    Command::PutWebhook(Webhook {
        source: SourceNo(1),
        token: "wh_test".to_owned(),
        map: Choice::Own(map),
        verify: Verify::None,
    })
}

/// Puts a delivery on the ledger.
pub(super) async fn deliver(world: &World, body: &str) {
    let origin = Origin {
        source: SourceNo(1),
        key_kind: KeyKind::Server,
        dialect: Dialect::Webhook,
        call: Call::Batch,
        ip: None,
        user_agent: None,
    };
    let headers = [("x-topic".to_owned(), "t".to_owned())];
    let body = envelope(&headers, body, None).into_bytes();
    let submission = Submission { origin, body };
    world.rapport.collect(submission).await.unwrap();
}

async fn names(world: &World, profile: &Profile) -> Vec<String> {
    let rows = world.rapport.timeline(profile, &Ask::default()).await;
    let rows = rows.unwrap();
    rows.iter().map(|row| row.event.name.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_stays_what_the_map_of_its_time_made_of_it() {
    let world = World::with(Settings {
        flush_age_ms: DAY_MS,
        ..Settings::default()
    })
    .await;
    world.command(put("Old")).await.unwrap();
    deliver(
        &world,
        r#"{"items": [{"id": 1, "who": "u1"}, {"id": 2}, {"noise": true}]}"#,
    )
    .await;
    world.settle().await;
    world.command(put("New")).await.unwrap();
    deliver(&world, r#"{"items": [{"id": 3, "who": "u1"}]}"#).await;
    world.settle().await;
    world
        .command(Command::DeleteWebhook {
            source: SourceNo(1),
        })
        .await
        .unwrap();
    deliver(&world, r#"{"items": [{"id": 4, "who": "u1"}]}"#).await;
    world.settle().await;
    let world = world.killed().await;
    let profile = world.user("u1").await;
    assert_eq!(names(&world, &profile).await, ["New", "Old"]);
    let outcomes = world.rapport.outcomes(None);
    assert_eq!(outcomes.words["accepted"], 2);
    let count = |word: &str, code: &str| outcomes.reasons[&(word.to_owned(), code.to_owned())];
    assert_eq!(count("invalid", "missing_id"), 1);
    assert_eq!(count("filtered", "skipped"), 1);
    assert_eq!(count("invalid", "no_map"), 1);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_mapped_is_sent_again_once_the_map_is_mended() {
    let world = World::new().await;
    let wrong = put("E").clone();
    let Command::PutWebhook(mut webhook) = wrong else {
        panic!("a webhook");
    };
    let right = webhook.map.clone();
    let Choice::Own(text) = &right else {
        panic!("an own map");
    };
    webhook.map = Choice::Own(text.replace("{who}", "{whom}"));
    world.command(Command::PutWebhook(webhook)).await.unwrap();
    deliver(
        &world,
        r#"{"items": [{"id": 1, "who": "u1"}, {"id": 2, "who": "u2"}]}"#,
    )
    .await;
    world.settle().await;
    let rejected = world.rapport.rejected(None, 10).await.unwrap();
    assert_eq!(rejected.len(), 2);
    world.command(put("E")).await.unwrap();
    let first = rejected.last().unwrap();
    assert!(
        world
            .rapport
            .redrive_rejected(first.position, None)
            .await
            .unwrap()
    );
    world.settle().await;
    let profile = world.user("u1").await;
    assert_eq!(names(&world, &profile).await, ["E"]);
    let rows = world
        .rapport
        .timeline(&profile, &Ask::default())
        .await
        .unwrap();
    let context: serde_json::Value = serde_json::from_str(&rows[0].event.context).unwrap();
    assert_eq!(context["redrive_of"], first.position.to_string());
    assert!(
        world
            .profile(rapport_core::identity::IdKind::UserId, "u2")
            .await
            .is_none(),
        "only the one item"
    );
    let corrected = br#"{"type":"track","userId":"u3","event":"By hand","messageId":"m"}"#;
    let second = &rejected[0];
    let sent = world
        .rapport
        .redrive_rejected(second.position, Some(corrected.to_vec()));
    assert!(sent.await.unwrap());
    world.settle().await;
    let profile = world.user("u3").await;
    assert_eq!(names(&world, &profile).await, ["By hand"]);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_deliveries_of_a_source_are_found_on_the_ledger() {
    let world = World::new().await;
    assert!(
        world
            .rapport
            .deliveries(SourceNo(1), 5)
            .await
            .unwrap()
            .is_empty()
    );
    for number in 0..7 {
        deliver(&world, &format!("{{\"number\": {number}}}")).await;
        world.server(r#"{"type":"page","userId":"u1"}"#).await;
    }
    let found = world.rapport.deliveries(SourceNo(1), 3).await.unwrap();
    let found: Vec<String> = found
        .into_iter()
        .map(|body| String::from_utf8(body).unwrap())
        .collect();
    assert_eq!(found.len(), 3);
    for (place, number) in [6, 5, 4].into_iter().enumerate() {
        let expected = format!("\"body\":{{\"number\": {number}}}");
        assert!(found[place].contains(&expected), "{found:?}");
    }
    assert!(
        world
            .rapport
            .deliveries(SourceNo(2), 3)
            .await
            .unwrap()
            .is_empty()
    );
}
