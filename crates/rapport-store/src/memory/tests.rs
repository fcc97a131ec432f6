//! The suites on the memory engines, and what each fault does.

use super::*;
use crate::conformance::{self, submission};
use crate::ledger::Ledger;
use crate::state::{State, Table, Write, number_key};
use rapport_core::position::Position;
use rapport_core::time::Millis;

#[tokio::test]
async fn the_suites_pass() {
    conformance::ledger(async || MemoryLedger::default()).await;
    conformance::state(async || MemoryState::default()).await;
    conformance::records(async || MemoryState::default()).await;
    conformance::history(async || MemoryHistory::default()).await;
    conformance::seen(async || MemorySeen::default()).await;
}

async fn commit(memory: &Memory) -> crate::Result<()> {
    let version = memory.state.head().await?.version;
    let write = Write {
        table: Table::Profile,
        key: number_key(version),
        value: Some(vec![1]),
    };
    memory
        .state
        .commit(version, Position::event(version + 1, 0), vec![write].into())
        .await
        .map(|_| ())
}

#[tokio::test]
async fn a_fault_hits_the_call_it_is_planned_for() {
    let memory = Memory::new();
    commit(&memory).await.unwrap();
    memory.faults.inject(Call::Commit, 2, Fault::Full);
    commit(&memory).await.unwrap();
    assert!(matches!(commit(&memory).await, Err(Error::Full { .. })));
    commit(&memory).await.unwrap();
    assert_eq!(memory.state.head().await.unwrap().version, 3);
    assert_eq!(memory.faults.calls(Call::Commit), 4);
}

#[tokio::test]
async fn each_fault_leaves_what_it_says() {
    for (fault, done, crashed) in [
        (Fault::Conflict, false, false),
        (Fault::Full, false, false),
        (Fault::FailBefore, false, false),
        (Fault::FailAfter, true, false),
        (Fault::CrashBefore, false, true),
        (Fault::CrashAfter, true, true),
    ] {
        let memory = Memory::new();
        memory.faults.inject(Call::Commit, 1, fault);
        let failure = commit(&memory).await.unwrap_err();
        assert_eq!(
            matches!(failure, Error::Conflict { .. }),
            fault == Fault::Conflict
        );
        assert_eq!(memory.faults.has_crashed(), crashed, "{fault:?}");
        let append = memory
            .ledger
            .append(vec![submission("{}")], Millis(1))
            .await;
        assert_eq!(
            append.is_err(),
            crashed,
            "{fault:?}: a crash is a crash of every role"
        );
        memory.restart();
        assert_eq!(memory.state.dump().len(), usize::from(done), "{fault:?}");
        assert_eq!(
            memory.state.head().await.unwrap().version,
            u64::from(done),
            "{fault:?}"
        );
        commit(&memory).await.unwrap();
    }
}
