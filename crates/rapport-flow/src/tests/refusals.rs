//! Refusals without end: the journal tells of some, and the rest is counted.

use super::replay::replay_equals_live;
use super::world::World;
use rapport_core::identity::journal::What;
use rapport_core::identity::shared::TOLD_MAX;
use rapport_core::identity::{IdKind, Identifier};

/// What a batch of a browser claims, one item each.
async fn claim(world: &World, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    for batch in items.chunks(100) {
        world.browser(&batch.join(",")).await;
    }
}

async fn refusals_of(world: &World, user: &str) -> usize {
    let numbers = world.user(user).await.numbers();
    let journal = world.rapport.journal_of(&numbers, None, 10_000).await;
    let is_refusal = |what: &What| matches!(what, What::Refused { .. });
    let journal = journal.unwrap();
    journal
        .iter()
        .filter(|(_, record)| is_refusal(&record.what))
        .count()
}

async fn ana() -> World {
    let world = World::new().await;
    let ana = r#"{"type":"identify","userId":"ana","traits":{"email":"ana@example.org"},"messageId":"m"}"#;
    world.server(ana).await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_claims_an_address_again_and_again_fills_no_journal() {
    let world = ana().await;
    let claims = (0..300).map(|n| {
        format!(
            r#"{{"type":"identify","userId":"x{n}","traits":{{"email":"ana@example.org"}},"messageId":"m{n}"}}"#
        )
    });
    claim(&world, claims).await;
    assert_eq!(refusals_of(&world, "ana").await, TOLD_MAX);
    let email = Identifier::new(IdKind::Email, "ana@example.org");
    let refused = world.rapport.refused(std::slice::from_ref(&email)).await;
    assert_eq!(refused.unwrap()[&email].count, 300);
    let (one, owner) = (
        world.user("x7").await,
        world.profile(email.kind, &email.value).await,
    );
    assert_ne!(owner.unwrap().number, one.number, "and none of them got it");
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_and_the_same_refusal_is_told_once_a_day() {
    let world = ana().await;
    let claim_of = |n: i32| {
        format!(
            r#"{{"type":"identify","userId":"x","traits":{{"email":"ana@example.org"}},"messageId":"m{n}"}}"#
        )
    };
    claim(&world, (0..20).map(claim_of)).await;
    assert_eq!(refusals_of(&world, "ana").await, 1);
    world.advance(rapport_core::time::DAY_MS + 1).await;
    claim(&world, (20..40).map(claim_of)).await;
    assert_eq!(refusals_of(&world, "ana").await, 2);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identifiers_too_many_for_somebody_fill_no_journal() {
    let world = ana().await;
    let visits = (0..400).map(|n| {
        format!(r#"{{"type":"page","userId":"ana","anonymousId":"v{n}","messageId":"m{n}"}}"#)
    });
    claim(&world, visits).await;
    assert_eq!(refusals_of(&world, "ana").await, TOLD_MAX);
    let ana = Identifier::new(IdKind::UserId, "ana");
    let refused = world.rapport.refused(std::slice::from_ref(&ana)).await;
    assert_eq!(refused.unwrap()[&ana].count, 300);
    let visitors = world.user("ana").await.links.into_iter();
    let visitors = visitors.filter(|link| link.identifier.kind == IdKind::AnonymousId);
    assert_eq!(visitors.count(), 100);
    replay_equals_live(world).await;
}
