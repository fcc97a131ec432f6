//! Merges that are taken back.

use super::world::World;
use rapport_core::entry::Command;
use rapport_core::identity::IdKind;
use rapport_core::identity::journal::{Record, What};
use rapport_store::history::Ask;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undone_merge_gives_both_people_back_what_was_theirs() {
    let world = World::new().await;
    world.segment("buyers", r#"did "Milk Bought""#).await;
    world
        .browser(r#"{"type":"page","anonymousId":"a1","messageId":"m1"}"#)
        .await;
    world
        .server(r#"{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m2"}"#)
        .await;
    world
        .browser(r#"{"type":"identify","anonymousId":"a1","userId":"u1","messageId":"m3"}"#)
        .await;
    world
        .server(r#"{"type":"track","userId":"u1","event":"Seen Later","messageId":"m4"}"#)
        .await;
    let one = world.user("u1").await;
    assert_eq!(one.absorbed.len(), 1);
    let journal = world
        .rapport
        .journal_of(&one.numbers(), None, 10)
        .await
        .unwrap();
    let merge = journal
        .iter()
        .find(|(_, r)| matches!(r.what, What::Merged { .. }))
        .unwrap()
        .0;
    world.command(Command::UndoMerge { merge }).await.unwrap();
    let user = world.user("u1").await;
    let visitor = world.profile(IdKind::AnonymousId, "a1").await.unwrap();
    assert_ne!(user.number, visitor.number);
    let ids = async |profile| {
        let rows = world
            .rapport
            .timeline(profile, &Ask::default())
            .await
            .unwrap();
        rows.iter()
            .map(|row| row.event.message_id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&user).await, ["m4", "m3", "m2"]);
    assert_eq!(ids(&visitor).await, ["m1"]);
    assert_eq!(world.members("buyers").await, [user.number.0]);
    let again = world.command(Command::UndoMerge { merge }).await;
    assert!(again.is_err(), "{again:?}");
    let world = world.restart().await;
    assert_eq!(world.user("u1").await, user);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_is_undone_under_the_time_zone_of_each_entry() {
    let world = World::new().await;
    world
        .segment("today", r#"did "Milk Bought" this day"#)
        .await;
    world
        .browser(r#"{"type":"track","anonymousId":"a1","event":"Milk Bought","messageId":"m1"}"#)
        .await;
    let zone = "Asia/Tokyo".to_owned();
    world.command(Command::PutTimeZone { zone }).await.unwrap();
    world
        .browser(r#"{"type":"identify","anonymousId":"a1","messageId":"m2"}"#)
        .await;
    world
        .server(r#"{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m3"}"#)
        .await;
    world
        .browser(r#"{"type":"identify","anonymousId":"a1","userId":"u1","messageId":"m4"}"#)
        .await;
    let one = world.user("u1").await;
    let journal = world.rapport.journal_of(&one.numbers(), None, 10).await;
    let journal = journal.unwrap();
    let is_merge = |(_, record): &&(u64, _)| {
        matches!(
            record,
            Record {
                what: What::Merged { .. },
                ..
            }
        )
    };
    let merge = journal.iter().find(is_merge).unwrap().0;
    world.command(Command::UndoMerge { merge }).await.unwrap();
    let visitor = world.profile(IdKind::AnonymousId, "a1").await.unwrap();
    let user = world.user("u1").await;
    let mut both = [visitor.number.0, user.number.0];
    both.sort_unstable();
    assert_eq!(world.members("today").await, both);
}
