//! A ledger that takes nothing for a while: the flow finds out by itself when it does again.

use super::world::in_memory;
use crate::clock::SystemClock;
use crate::{Rapport, Refusal, Settings};
use rapport_core::event::{Call, Dialect, KeyKind, Origin, SourceNo};
use rapport_store::ledger::Submission;
use rapport_store::memory::{Call as Fallible, Fault, Memory};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn submission() -> Submission {
    Submission {
        origin: Origin {
            source: SourceNo(1),
            key_kind: KeyKind::Server,
            dialect: Dialect::Segment,
            call: Call::Batch,
            ip: None,
            user_agent: None,
        },
        body: br#"{"batch":[{"type":"page","userId":"u1"}]}"#.to_vec(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_is_well_again_although_nobody_sends() {
    let memory = Memory::new();
    let roles = in_memory(&memory);
    let clock = Arc::new(SystemClock::start());
    let rapport = Rapport::start(roles, Settings::default(), clock);
    let rapport = rapport.await.unwrap();
    memory.faults.inject(Fallible::Append, 1, Fault::Full);
    memory.faults.inject(Fallible::Probe, 1, Fault::Full);
    let refused = rapport.collect(submission()).await;
    assert_eq!(refused, Err(Refusal::Full));
    assert!(!rapport.health().is_ready());
    let began = Instant::now();
    while !rapport.health().is_ready() {
        assert!(began.elapsed() < Duration::from_secs(20), "it never heals");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        memory.faults.calls(Fallible::Probe) >= 2,
        "the first one failed, too"
    );
    let asked = memory.faults.calls(Fallible::Probe);
    rapport.collect(submission()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let since = memory.faults.calls(Fallible::Probe);
    assert_eq!(since, asked, "a ledger that is well is not asked");
    rapport.stop().await;
}
