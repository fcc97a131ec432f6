//! What a reader sees while the writer works: counts never go back, and the head comes last.

use super::world::World;
use rapport_core::event::{KeyKind, SourceNo};

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
