//! What a reader sees while the writer works: counts never go back, and the head comes last.

use super::world::World;
use crate::Settings;
use rapport_core::event::{KeyKind, SourceNo};
use rapport_core::position::Position;
use rapport_store::history::Entry;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_never_leave_the_counts_while_they_are_written() {
    let world = World::new().await;
    let mut counted = 0;
    for round in 0..200 {
        world
            .rapport
            .count_refused(Some(SourceNo(1)), "invalid_json");
        counted += 1;
        let one = format!(r#"{{"type":"page","userId":"u1","messageId":"m{round}"}}"#);
        world.send(KeyKind::Server, &one).await;
        // The writer takes the refusals along with this batch while they are read.
        while world.rapport.last_request() > world.rapport.head().position.request {
            assert_eq!(world.rapport.outcomes(None).words["refused"], counted);
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sees_the_head_sees_the_outcomes_up_to_it() {
    let world = World::new().await;
    for round in 1..=200 {
        let one = format!(r#"{{"type":"page","userId":"u1","messageId":"m{round}"}}"#);
        world.send(KeyKind::Server, &one).await;
        while world.rapport.last_request() > world.rapport.head().position.request {
            std::hint::spin_loop();
        }
        assert_eq!(world.rapport.outcomes(None).words["accepted"], round);
    }
}

/// Whoever comes back is told of every entry once, in order, wherever it is by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_behind_a_position_is_read_from_files_and_from_memory() {
    let settings = Settings {
        flush_bytes: 4_000,
        ..Settings::default()
    };
    let world = World::with(settings).await;
    for number in 0..40 {
        let event =
            format!(r#"{{"type":"track","userId":"u1","event":"Seen","messageId":"m{number}"}}"#);
        world.server(&event).await;
    }
    let (files, waiting) = world.rapport.recorded();
    assert!(!files.history.is_empty() && waiting.len() < 41);
    let places = async |after: Position, limit| -> Vec<Position> {
        let entries = world.rapport.entries_behind(after, limit).await.unwrap();
        entries.iter().map(Entry::position).collect()
    };
    let all = places(Position::default(), 1_000).await;
    assert_eq!(all.len(), 41);
    assert!(all.is_sorted_by(|left, right| left < right));
    for after in [0, 7, 23, 39, 40] {
        assert_eq!(places(all[after], 1_000).await, all[after + 1..]);
        let end = all.len().min(after + 4);
        assert_eq!(places(all[after], 3).await, all[after + 1..end]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_held_as_far_as_their_bytes_fit_and_all_are_there() {
    let settings = Settings {
        cache_bytes: 1 << 20,
        ..Settings::default()
    };
    let world = World::with(settings).await;
    let about = "x".repeat(2_000);
    let person = |n: usize| {
        format!(
            r#"{{"type":"identify","userId":"u{n}","messageId":"i{n}","traits":{{"about":"{about}"}}}}"#
        )
    };
    for some in (0..3_000).collect::<Vec<_>>().chunks(50) {
        let items: Vec<String> = some.iter().map(|n| person(*n)).collect();
        world.server(&items.join(",")).await;
        let held = world
            .rapport
            .stats()
            .held
            .load(std::sync::atomic::Ordering::Relaxed);
        assert!(held < 600, "{held} people of 2 KB");
    }
    assert_eq!(world.user("u0").await.number.0, 1);
    assert_eq!(world.user("u2999").await.number.0, 3_000);
}
