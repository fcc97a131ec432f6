//! kill -9 at random moments under load: everything acknowledged is there once, and stays.

use super::audit::{Depth, audit};
use super::doctor::doctor;
use super::load::{Dice, Worker};
use super::promise::Promises;
use crate::server::{Launch, Server};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Clients that send at the same time.
const WORKERS: usize = 4;
/// Rounds unless `RAPPORT_KILL_ROUNDS` says another number.
const ROUNDS: u64 = 5;
/// Of more rounds than these, every fifth one is folded again from the first event on.
const VERIFIED: u64 = 10;

#[test]
fn everything_acknowledged_survives_kill_9_exactly_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let launch = Launch::on(&folder.path().join("data")).with_small_flushes();
    let rounds = number("RAPPORT_KILL_ROUNDS").unwrap_or(ROUNDS);
    let seed = number("RAPPORT_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let mut dice = Dice::new(seed);
    let mut kept = Promises::default();
    let mut workers: Vec<Worker> = Vec::new();
    for round in 1..=rounds {
        let server = launch.start();
        for worker in &mut workers {
            worker
                .repeat(server.client())
                .expect("the server takes repeats");
        }
        workers.extend((0..WORKERS).map(|place| {
            Worker::new(
                server.client(),
                format!("r{round}w{place}"),
                dice.below(u64::MAX),
            )
        }));
        let fresh = workers.len() - WORKERS;
        kill_under_load(
            server,
            &mut workers[fresh..],
            Duration::from_millis(100 + dice.below(2_500)),
        );
        for sent in workers.iter().flat_map(|worker| &worker.sent) {
            if sent.status == Some(200) {
                kept.add(&sent.promise);
            }
        }
        // A copy of what the kill left is what the next start finds.
        let copy = folder.path().join(format!("copy-{round}"));
        copy_all(&launch.data, &copy);
        let broken = |why: String| -> ! { panic!("seed {seed}, round {round}: {why}") };
        let found = audit(&copy, &kept, Depth::People).unwrap_or_else(|why| broken(why));
        if rounds <= VERIFIED || round.is_multiple_of(5) || round == rounds {
            doctor(&copy).unwrap_or_else(|why| broken(why));
            copy_again(&launch.data, &copy);
            doctor(&copy).unwrap_or_else(|why| broken(format!("as the kill left it: {why}")));
        }
        std::fs::remove_dir_all(&copy).expect("the copy can go");
        println!(
            "seed {seed}, round {round}: {} acknowledged, {} there, {} repeats, {} files",
            kept.events.len(),
            found.accepted.len(),
            found.duplicates,
            found.files
        );
    }
}

fn kill_under_load(server: Server, workers: &mut [Worker], after: Duration) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for worker in workers {
            scope.spawn(|| worker.work(&stop, Duration::ZERO));
        }
        std::thread::sleep(after);
        server.kill();
        stop.store(true, Ordering::Relaxed);
    });
}

/// The folder as it is now, in place of an earlier copy.
fn copy_again(from: &Path, to: &Path) {
    std::fs::remove_dir_all(to).expect("the copy can go");
    copy_all(from, to);
}

/// A number from the environment.
pub fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable}={text} is no number")),
    )
}

/// Copies a folder with everything in it.
pub fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("a type").is_dir() {
            true => copy_all(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).expect("a copy")),
        }
    }
}
