//! SIGTERM drains and loses nothing; a directory has one opener.

use super::audit::{Depth, audit};
use super::doctor::doctor;
use super::load::Worker;
use super::promise::Promises;
use crate::server::Launch;
use rapport_embedded::{Directory, SqliteLedger, SqliteState};
use rapport_store::ledger::Ledger;
use rapport_store::state::{Order, Page, State, Table};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[test]
fn sigterm_under_load_answers_what_it_took_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let launch = Launch::on(&folder.path().join("data")).with_small_flushes();
    let server = launch.start();
    let names = ["one", "two", "three"];
    let mut workers: Vec<Worker> = (1..)
        .zip(names)
        .map(|(seed, name)| Worker::new(server.client(), name.to_owned(), seed))
        .collect();
    let stop = AtomicBool::new(false);
    let status = std::thread::scope(|scope| {
        for worker in &mut workers {
            scope.spawn(|| worker.work(&stop, Duration::ZERO));
        }
        std::thread::sleep(Duration::from_millis(800));
        let status = server.stop();
        stop.store(true, Ordering::Relaxed);
        status
    });
    assert!(status.success(), "{status}");
    let mut kept = Promises::default();
    for sent in workers.iter().flat_map(|worker| &worker.sent) {
        if sent.status == Some(200) {
            kept.add(&sent.promise);
        }
    }
    assert!(
        kept.events.len() > 20,
        "the load was none: {}",
        kept.events.len()
    );
    audit(&launch.data, &kept, Depth::People).unwrap();
    doctor(&launch.data).unwrap();
}

#[test]
fn everything_is_folded_when_sigterm_has_ended_the_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let launch = Launch::on(&folder.path().join("data"));
    let server = launch.start();
    let event =
        |n| format!(r#"{{"type":"track","userId":"u","event":"Drain","messageId":"d{n}"}}"#);
    let events: Vec<String> = (0..2_000).map(event).collect();
    let key = crate::server::SERVER_KEY;
    server.send(
        "/v1/batch",
        &format!(r#"{{"writeKey":"{key}","batch":[{}]}}"#, events.join(",")),
    );
    assert!(server.stop().success());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (folded, last) = runtime.block_on(ends(&launch.data));
    assert_eq!(
        (folded, last),
        (1, 1),
        "the last request folded, and the last one taken"
    );
}

#[test]
fn sigterm_leaves_the_next_start_nothing_to_read_from_the_ledger() {
    let folder = tempfile::tempdir().expect("a folder");
    let never = i64::MAX / 2;
    let launch = Launch::on(&folder.path().join("data")).set("RAPPORT_FLOW_FLUSH_AGE_MS", never);
    let server = launch.start();
    let key = crate::server::SERVER_KEY;
    for nth in 0..5 {
        let body = format!(
            r#"{{"writeKey":"{key}","userId":"u{nth}","event":"Late","messageId":"l{nth}"}}"#
        );
        server.send("/v1/track", &body);
    }
    server.settle();
    let began = std::time::Instant::now();
    assert!(server.stop().success());
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "stopping took {took:?}");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    assert_eq!(runtime.block_on(in_tail(&launch.data)), 0);
    let server = launch.start();
    for nth in 0..5 {
        let path = format!("/api/v1/profiles/user_id:u{nth}/timeline");
        let timeline = server.get(&path);
        assert_eq!(timeline["results"][0]["message_id"], format!("l{nth}"));
    }
    assert!(server.stop().success());
    doctor(&launch.data).unwrap();
}

/// Folded batches that a start would read from the ledger once more.
async fn in_tail(data: &Path) -> usize {
    let directory = Directory::open(data).expect("the directory is free");
    let state = SqliteState::open(&directory).expect("the state opens");
    let page = Page {
        table: Table::Tail,
        from: Box::default(),
        to: None,
        limit: 100,
        order: Order::Ascending,
    };
    state.scan(page).await.expect("a table").len()
}

/// How far the state is and how far the ledger is, as they lie on disk.
async fn ends(data: &Path) -> (u64, u64) {
    let directory = Directory::open(data).expect("the directory is free");
    let state = SqliteState::open(&directory).expect("the state opens");
    let ledger = SqliteLedger::open(&directory).expect("the ledger opens");
    let head = state.head().await.expect("a head");
    (
        head.position.request,
        ledger.last().await.expect("an end").0,
    )
}

#[test]
fn a_second_process_on_the_same_directory_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let launch = Launch::on(&folder.path().join("data"));
    let server = launch.start();
    let second = launch.command().output().expect("the program starts");
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains(&launch.data.display().to_string()), "{said}");
    assert!(
        said.contains("in use") || said.contains("process"),
        "{said}"
    );
    // And the first one goes on.
    server.send(
        "/v1/track",
        &format!(
            r#"{{"writeKey":"{}","userId":"u","event":"Still Here","messageId":"s1"}}"#,
            crate::server::SERVER_KEY
        ),
    );
}
