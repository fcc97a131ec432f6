//! A directory that is closed and opened again is as it was.

use super::world::World;
use rapport_store::history::Ask;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_there_after_a_restart() {
    let world = World::new().await;
    world.segment("buyers", r#"did "Milk Bought""#).await;
    world
        .server(r#"{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m1"}"#)
        .await;
    let before = world.user("u1").await;
    let world = world.restart().await;
    let after = world.user("u1").await;
    assert_eq!(before, after);
    assert_eq!(world.members("buyers").await, [1]);
    let rows = world
        .rapport
        .timeline(&after, &Ask::default())
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    world
        .server(r#"{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m1"}"#)
        .await;
    let outcomes = world.rapport.outcomes(None).words;
    assert_eq!((outcomes["accepted"], outcomes["duplicate"]), (1, 1));
}
