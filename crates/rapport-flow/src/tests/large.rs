//! Undoing a merge of people with a long past, while everything goes on.
//!
//! `RAPPORT_UNDO_EVENTS=100000 cargo test --release -p rapport-flow large -- --nocapture` says how
//! long it takes and how long the writer stands.

use super::replay::replay_equals_live;
use super::world::World;
use crate::Settings;
use rapport_core::entry::{Command, Source};
use rapport_core::event::SourceNo;
use rapport_core::identity::IdKind;
use rapport_core::identity::journal::What;
use rapport_store::history::Ask;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn events() -> usize {
    let asked = std::env::var("RAPPORT_UNDO_EVENTS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(3_000)
}

/// What both did, half each, in turn.
async fn live(world: &World, events: usize) {
    let item = |n: usize| {
        let who = match n % 2 {
            0 => r#""userId":"u1""#,
            _ => r#""anonymousId":"a1""#,
        };
        let name = ["Milk Bought", "Cheese Seen", "Cart Left"][n % 3];
        format!(
            r#"{{"type":"track",{who},"event":"{name}","messageId":"e{n}","properties":{{"price":{}}}}}"#,
            n % 7
        )
    };
    let all: Vec<usize> = (0..events).collect();
    for some in all.chunks(250) {
        let items: Vec<String> = some.iter().map(|n| item(*n)).collect();
        world
            .send(rapport_core::event::KeyKind::Server, &items.join(","))
            .await;
    }
    world.settle().await;
}

/// Commands one after another until told to stop; the longest that one took.
async fn knock(rapport: crate::Rapport, stop: Arc<AtomicBool>) -> Duration {
    let mut longest = Duration::ZERO;
    let mut n = 2;
    while !stop.load(Ordering::Acquire) {
        let source = Source {
            no: SourceNo(n),
            name: format!("Till {n}"),
            strict: false,
        };
        n += 1;
        let began = Instant::now();
        rapport
            .command("test", Command::PutSource(source))
            .await
            .unwrap();
        longest = longest.max(began.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    longest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_past_is_folded_again_while_everything_goes_on() {
    let settings = Settings {
        flush_bytes: 1 << 20,
        ..Settings::default()
    };
    let world = World::with(settings).await;
    for (key, rule) in [
        ("buyers", r#"did "Milk Bought" at least 3 times"#),
        ("lookers", r#"did "Cheese Seen" within 1 day"#),
    ] {
        world.segment(key, rule).await;
    }
    world
        .server(r#"{"type":"page","anonymousId":"a1","messageId":"m1"}"#)
        .await;
    let both = r#"{"type":"identify","anonymousId":"a1","userId":"u1","messageId":"m3"}"#;
    world
        .server(r#"{"type":"page","userId":"u1","messageId":"m2"}"#)
        .await;
    world.server(both).await;
    let events = events();
    live(&world, events).await;
    let numbers = world.user("u1").await.numbers();
    let journal = world.rapport.journal_of(&numbers, None, 10).await.unwrap();
    let merge = journal
        .iter()
        .find(|(_, r)| matches!(r.what, What::Merged { .. }));
    let merge = merge.unwrap().0;
    let stop = Arc::new(AtomicBool::new(false));
    let knocking = tokio::spawn(knock(world.rapport.clone(), Arc::clone(&stop)));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    world.command(Command::UndoMerge { merge }).await.unwrap();
    let took = began.elapsed();
    stop.store(true, Ordering::Release);
    let stood = knocking.await.unwrap();
    eprintln!("an undo over {events} events took {took:?}; a command waited {stood:?} at most");
    let (user, visitor) = (
        world.user("u1").await,
        world.profile(IdKind::AnonymousId, "a1").await.unwrap(),
    );
    for (person, own) in [(&user, events / 2 + 2), (&visitor, events / 2 + 1)] {
        let rows = world
            .rapport
            .timeline(person, &Ask::default())
            .await
            .unwrap();
        assert_eq!(rows.len(), own, "{}", person.number);
    }
    replay_equals_live(world).await;
}
