//! One event after another, from a request to a profile with a timeline.

use super::world::World;
use rapport_core::identity::IdKind;
use rapport_store::history::Ask;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_anonymous_visitor_becomes_a_known_customer_with_one_timeline() {
    let world = World::new().await;
    world
        .browser(r#"{"type":"page","anonymousId":"a1","messageId":"m1","name":"Milk"}"#)
        .await;
    let visitor = world.profile(IdKind::AnonymousId, "a1").await.unwrap();
    world
        .browser(
            r#"{"type":"identify","anonymousId":"a1","userId":"u1","messageId":"m2",
                "traits":{"email":"Ana@Example.org","plan":"gold"}},
               {"type":"track","anonymousId":"a1","userId":"u1","event":"Order Completed",
                "messageId":"m3","properties":{"revenue":12.5}}"#,
        )
        .await;
    let customer = world.user("u1").await;
    assert_eq!(customer.number, visitor.number);
    assert_eq!(customer.attributes.get("plan"), Some("\"gold\""));
    let rows = world
        .rapport
        .timeline(&customer, &Ask::default())
        .await
        .unwrap();
    let ids: Vec<&str> = rows.iter().map(|row| &*row.event.message_id).collect();
    assert_eq!(ids, ["m3", "m2", "m1"]);
    assert_eq!(world.rapport.outcomes(None).words["accepted"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_message_twice_is_one_event_and_one_duplicate() {
    let world = World::new().await;
    let once = r#"{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m1"}"#;
    world.server(once).await;
    world.server(once).await;
    world.server(&format!("{once},{once}")).await;
    let outcomes = world.rapport.outcomes(None).words;
    assert_eq!((outcomes["accepted"], outcomes["duplicate"]), (1, 3));
    let customer = world.user("u1").await;
    assert_eq!(
        world
            .rapport
            .timeline(&customer, &Ask::default())
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_event_is_counted_and_kept_and_can_be_driven_again() {
    let world = World::new().await;
    world
        .server(r#"{"type":"track","userId":"u1","messageId":"m1"}"#)
        .await;
    let outcomes = world.rapport.outcomes(None);
    assert_eq!(outcomes.words["invalid"], 1);
    let rejected = world.rapport.rejected(None, 10).await.unwrap();
    assert_eq!(rejected.len(), 1);
    let fixed = br#"{"type":"track","userId":"u1","event":"Fixed","messageId":"m1"}"#.to_vec();
    assert!(
        world
            .rapport
            .redrive_rejected(rejected[0].position, Some(fixed))
            .await
            .unwrap()
    );
    world.settle().await;
    let rows = world
        .rapport
        .timeline(&world.user("u1").await, &Ask::default())
        .await
        .unwrap();
    assert_eq!(&*rows[0].event.name, "Fixed");
}
