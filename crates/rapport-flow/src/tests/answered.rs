//! Who waits for what their request did is told before it is committed; what they were told stays
//! true, whatever fails afterwards.

use super::world::in_memory;
use crate::clock::SystemClock;
use crate::{CommandError, Rapport, Seen, Settings, Tools};
use rapport_core::entry::{Command, Source};
use rapport_core::event::transform;
use rapport_core::event::{Call, Dialect, KeyKind, Origin, SourceNo};
use rapport_core::identity::{IdKind, Identifier};
use rapport_core::profile::Profile;
use rapport_script::QuickJs;
use rapport_store::history::Entry;
use rapport_store::ledger::Submission;
use rapport_store::memory::{Call as Fallible, Fault, Memory};
use rapport_store::state::State;
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

async fn start(memory: &Memory) -> Rapport {
    let roles = in_memory(memory);
    let tools = Tools {
        scripts: Some(Arc::new(QuickJs)),
        places: None,
    };
    let clock = Arc::new(SystemClock::start());
    let rapport = Rapport::start_with(roles, Settings::default(), tools, clock);
    rapport.await.unwrap()
}

/// A flow with one source, at rest.
async fn started(memory: &Memory) -> Rapport {
    let rapport = start(memory).await;
    rapport.command("test", source("Website")).await.unwrap();
    while !rapport.is_idle() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    rapport
}

fn source(name: &str) -> Command {
    Command::PutSource(Source {
        no: SourceNo(1),
        name: name.to_owned(),
        strict: false,
    })
}

fn submission(events: &str) -> Submission {
    Submission {
        origin: Origin {
            source: SourceNo(1),
            key_kind: KeyKind::Browser,
            dialect: Dialect::Segment,
            call: Call::Batch,
            ip: None,
            user_agent: None,
        },
        body: format!("{{\"batch\":[{events}]}}").into_bytes(),
    }
}

fn visitor() -> Identifier {
    Identifier::new(IdKind::AnonymousId, "v1")
}

/// Sends what the visitor says of themself, and sees them.
async fn told(rapport: &Rapport, city: &str) -> Profile {
    let event = format!(
        "{{\"type\":\"identify\",\"anonymousId\":\"v1\",\"traits\":{{\"city\":\"{city}\"}}}}"
    );
    let about = visitor();
    let seen = rapport.collect_and_see(submission(&event), &about, PATIENCE);
    let Seen { is_fresh, person } = seen.await.unwrap();
    assert!(is_fresh);
    person.unwrap().expect("the visitor is there")
}

/// Positions of the commands behind a request.
fn commands_behind(rapport: &Rapport, request: u64) -> usize {
    let (_, entries) = rapport.recorded();
    let commands = entries
        .iter()
        .filter(|entry| matches!(entry, Entry::Command(_)));
    commands
        .filter(|entry| entry.position().request >= request)
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_before_the_commit_leaves_what_was_told_and_its_place() {
    let memory = Memory::new();
    let rapport = started(&memory).await;
    let version = rapport.head().version;
    for nth in 1..=100 {
        memory.faults.inject(Fallible::Commit, nth, Fault::Full);
    }
    let told = told(&rapport, "Bern").await;
    rapport.kill().await;
    let head = memory.state.head().await.unwrap();
    assert_eq!(head.version, version, "nothing is written");

    memory.restart();
    let rapport = start(&memory).await;
    // It comes at once, and yet behind the request that somebody was answered for.
    rapport.command("test", source("Shop")).await.unwrap();
    assert_eq!(rapport.head().position.request, 1);
    assert_eq!(commands_behind(&rapport, 1), 1);
    let found = rapport.named(&visitor()).await.unwrap();
    assert_eq!(found, Some(told));
    rapport.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_never_takes_the_place_of_a_fold_that_was_told_and_not_written() {
    let memory = Memory::new();
    let rapport = started(&memory).await;
    let so_far = memory.faults.calls(Fallible::Commit);
    for nth in 1..=2 {
        memory.faults.inject(Fallible::Commit, nth, Fault::Full);
    }
    let told = told(&rapport, "Bern").await;
    while memory.faults.calls(Fallible::Commit) < so_far + 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let refused = rapport.command("test", source("Shop")).await;
    assert!(matches!(refused, Err(CommandError::Flow(_))), "{refused:?}");
    let folded = rapport.folded(1, PATIENCE).await;
    assert!(folded, "the third time it is written");
    let found = rapport.named(&visitor()).await.unwrap();
    assert_eq!(found, Some(told));
    rapport.command("test", source("Shop")).await.unwrap();
    assert_eq!(commands_behind(&rapport, 1), 1);
    rapport.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_the_request_did_not_name_is_read_behind_the_commit() {
    let memory = Memory::new();
    let rapport = started(&memory).await;
    told(&rapport, "Bern").await;
    rapport.stop().await;
    let rapport = start(&memory).await;
    let event = r#"{"type":"track","anonymousId":"other","event":"Milk Bought"}"#;
    let about = visitor();
    let seen = rapport.collect_and_see(submission(event), &about, PATIENCE);
    let Seen { is_fresh, person } = seen.await.unwrap();
    assert!(is_fresh);
    assert!(person.unwrap().is_some());
    assert_eq!(rapport.head().position.request, 2, "it was waited for");
    rapport.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_script_made_is_told_only_once_it_is_written() {
    let memory = Memory::new();
    let rapport = started(&memory).await;
    let step = r#"{"name": "s", "script": "function transform(event) { return event }"}"#;
    let transformations = Command::PutTransformations {
        source: SourceNo(1),
        steps: transform::read(&[step]).unwrap(),
        enabled: true,
    };
    rapport.command("test", transformations).await.unwrap();
    let so_far = memory.faults.calls(Fallible::Commit);
    memory.faults.inject(Fallible::Commit, 1, Fault::Full);
    told(&rapport, "Bern").await;
    let commits = memory.faults.calls(Fallible::Commit) - so_far;
    assert!(
        commits >= 2,
        "one failed, and then it was written: {commits}"
    );
    assert_eq!(rapport.head().position.request, 1);
    rapport.stop().await;
}
