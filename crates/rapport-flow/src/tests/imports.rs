//! Imports are exact for ever: an old event sent again is a duplicate, however much later.

use super::replay::replay_equals_live;
use super::world::World;
use crate::Settings;
use crate::imports::Tally;
use rapport_core::event::dialect::import::Head;
use rapport_core::event::{Call, Dialect, KeyKind, Origin, SourceNo};
use rapport_core::time::{DAY_MS, HOUR_MS};
use rapport_store::history::Ask;
use rapport_store::ledger::Submission;

const MINUTE_MS: i64 = 60_000;

/// A server's event that happened long before the world begins.
fn old(id: &str) -> String {
    format!(
        r#"{{"type":"track","userId":"u1","event":"Milk Bought","messageId":"{id}",
            "timestamp":"2020-05-01T10:00:00Z"}}"#
    )
}

fn counted(world: &World) -> (u64, u64) {
    let words = world.rapport.outcomes(None).words;
    let count = |word: &str| words.get(word).copied().unwrap_or_default();
    (count("accepted"), count("duplicate"))
}

/// Lets everything be flushed, then the window pass, until no run of seen ids is left.
async fn pass_the_window(world: &World) {
    world.advance(MINUTE_MS).await;
    world.advance(8 * DAY_MS).await;
    world.advance(2 * MINUTE_MS).await;
    let (files, _) = world.rapport.recorded();
    assert!(
        files.runs.is_empty(),
        "ids outside the window leave the runs"
    );
    assert!(files.forgotten.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_sent_again_after_the_window_is_a_duplicate() {
    let world = World::new().await;
    world.server(&[old("i1"), old("i2")].join(",")).await;
    assert_eq!(counted(&world), (2, 0));
    pass_the_window(&world).await;
    world
        .server(&[old("i1"), old("i3"), old("i2"), old("i3")].join(","))
        .await;
    assert_eq!(counted(&world), (3, 3), "only the new id is one more");
    let live = r#"{"type":"track","userId":"u1","event":"Milk Bought","messageId":"i1"}"#;
    world.server(live).await;
    assert_eq!(
        counted(&world),
        (4, 3),
        "a live id counts again behind the window"
    );
    let world = world.restart().await;
    world.advance(MINUTE_MS).await;
    world.server(&[old("i2"), old("i4")].join(",")).await;
    assert_eq!(
        counted(&world),
        (5, 4),
        "a restart remembers that ids left the runs"
    );
    assert_eq!(world.rapport.health().dedup_window_ms, 7 * DAY_MS);
    let customer = world.user("u1").await;
    let rows = world
        .rapport
        .timeline(&customer, &Ask::default())
        .await
        .unwrap();
    assert_eq!(rows.len(), 5);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_disk_budget_shortens_the_window_for_live_events_only() {
    let settings = Settings {
        dedup_disk_bytes: 1,
        ..Settings::default()
    };
    let world = World::with(settings).await;
    assert_eq!(world.rapport.health().dedup_window_ms, 7 * DAY_MS);
    world.server(&old("i1")).await;
    world.advance(MINUTE_MS).await;
    world.advance(HOUR_MS).await;
    let (files, _) = world.rapport.recorded();
    assert!(files.runs.is_empty(), "the budget holds none");
    let window_ms = world.rapport.health().dedup_window_ms;
    assert!((HOUR_MS..2 * HOUR_MS).contains(&window_ms), "{window_ms}");
    world.server(&old("i1")).await;
    assert_eq!(counted(&world), (1, 1), "an import is exact all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_flows_of_one_process_retain_each_on_its_own() {
    let (one, other) = (World::new().await, World::new().await);
    one.server(&old("i1")).await;
    other.server(&old("i1")).await;
    pass_the_window(&one).await;
    pass_the_window(&other).await;
}

/// Sends rows as the job of import 7 does, `rows` being how far it is with them.
async fn import(world: &World, rows: u64, items: &[&str]) {
    let head = Head {
        import: 7,
        cursor: format!("{{\"rows\":{rows}}}").into(),
    };
    let origin = Origin {
        source: SourceNo(1),
        key_kind: KeyKind::Server,
        dialect: Dialect::Import,
        call: Call::Batch,
        ip: None,
        user_agent: None,
    };
    let body = head.batch(items.iter().copied());
    world
        .rapport
        .collect(Submission { origin, body })
        .await
        .unwrap();
    world.settle().await;
}

/// A row that does not say when it happened, so that it happens when it is received.
fn undated(id: &str) -> String {
    format!(r#"{{"type":"identify","traits":{{"email":"ana@example.org"}},"messageId":"{id}"}}"#)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_imported_row_is_one_for_ever_whenever_it_happened() {
    let world = World::new().await;
    let [one, two, three] = ["r1", "r2", "r3"].map(undated);
    import(&world, 2, &[&one, &two]).await;
    assert_eq!(counted(&world), (2, 0));
    pass_the_window(&world).await;
    import(&world, 5, &[&one, &three, &two]).await;
    assert_eq!(counted(&world), (3, 2), "also behind the window");
    let tally = world.rapport.import_tally(7).await.unwrap();
    assert_eq!((tally.accepted, tally.duplicate, tally.left_out), (3, 2, 0));
    assert_eq!(&*tally.cursor, "{\"rows\":5}");
    let world = world.restart().await;
    assert_eq!(world.rapport.import_tally(7).await.unwrap(), tally);
    assert_eq!(
        world.rapport.import_tally(8).await.unwrap(),
        Tally::default()
    );
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_looked_up_too_early_is_looked_up_again() {
    let world = World::new().await;
    let ids: Vec<Box<str>> = ["r1", "r2", "r3"].map(Box::from).to_vec();
    let [one, two, three] = ["r1", "r2", "r3"].map(undated);
    import(&world, 1, &[&one]).await;
    pass_the_window(&world).await;
    // Nobody has sent the second yet; then somebody does, and its id leaves the window, too.
    world.rapport.look_up(SourceNo(1), &ids).await.unwrap();
    import(&world, 2, &[&two]).await;
    world.rapport.look_up(SourceNo(1), &ids).await.unwrap();
    pass_the_window(&world).await;
    import(&world, 5, &[&one, &two, &three]).await;
    assert_eq!(counted(&world), (3, 2));
    world.rapport.look_up(SourceNo(1), &ids).await.unwrap();
    import(&world, 8, &[&one, &two, &three]).await;
    assert_eq!(counted(&world), (3, 5));
}
