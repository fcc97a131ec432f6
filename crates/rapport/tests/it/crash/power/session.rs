//! A recorded life of the program: load, a quiet time, load, a kill, a recovery, load, an end.

use super::disk::Disk;
use super::replay::{Happened, Replay, moments};
use super::trace::{self, Call};
use crate::crash::kill::copy_all;
use crate::crash::load::{Sent, Worker};
use crate::crash::promise::Promises;
use crate::server::{Launch, Server, wait_for};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Clients that send at the same time.
const WORKERS: u64 = 3;
/// Between two requests of a client: a trace of a busy server is large and says nothing more.
const PAUSE: Duration = Duration::from_millis(25);
/// Longer than logs wait until they are copied in a quiet time.
const QUIET: Duration = Duration::from_millis(6_500);

/// One process' life.
struct Run {
    calls: Vec<Call>,
    sent: Vec<Sent>,
    /// A copy of the directory as the process left it.
    left: PathBuf,
    /// Calls that a kill interrupted: what they did is not known, and at most that may differ.
    unsure: usize,
}

/// A recorded session on one data directory.
pub struct Session {
    root: PathBuf,
    runs: Vec<Run>,
    _folder: tempfile::TempDir,
}

/// A moment of the session: what just happened, and all that was acknowledged before its end.
pub struct Seen<'a> {
    /// Moments before this one.
    pub number: usize,
    pub happened: Happened,
    /// What was sent, where this is the answer to it.
    pub sent: Option<&'a Sent>,
    pub disk: &'a Disk,
    pub kept: &'a Promises,
}

/// The session that all tests of this binary share; it is recorded once.
pub fn session() -> &'static Session {
    static SESSION: OnceLock<Session> = OnceLock::new();
    SESSION.get_or_init(record)
}

fn record() -> Session {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("data");
    // The folder itself is not what is tested.
    std::fs::create_dir(&root).expect("a folder");
    let killed = run(&root, folder.path(), "killed", |server, workers| {
        load(workers, Duration::from_millis(2_500));
        server.settle();
        std::thread::sleep(QUIET);
        load(workers, Duration::from_millis(2_000));
        server.kill();
    });
    let stopped = run(&root, folder.path(), "stopped", |server, workers| {
        load(workers, Duration::from_millis(1_500));
        assert!(server.stop().success());
    });
    Session {
        root,
        runs: vec![killed, stopped],
        _folder: folder,
    }
}

fn run(root: &Path, folder: &Path, name: &str, life: impl FnOnce(Server, &mut [Worker])) -> Run {
    let output = folder.join(format!("{name}.trace"));
    let calls = trace::CALLS.replace([' ', '\n'], "");
    let options = [
        "strace",
        "-D",
        "-f",
        "--seccomp-bpf",
        "-xx",
        "-s",
        "33554432",
        "-e",
        &calls,
        "-o",
    ];
    let mut launch = Launch::on(root)
        .with_small_flushes()
        .set("RAPPORT_FLOW_LEDGER_KEEP_MS", 1_500);
    launch.under = options.iter().map(|word| (*word).to_owned()).collect();
    launch.under.push(output.display().to_string());
    let server = launch.start();
    let process = server.process().to_string();
    let worker = |place| Worker::new(server.client(), format!("{name}-{place}"), place);
    let mut workers: Vec<Worker> = (1..=WORKERS).map(worker).collect();
    life(server, &mut workers);
    // The tracer writes the last lines after the program is gone.
    // Numbers of processes are padded, so a line is read by its words.
    let ended = |line: &str| {
        let mut words = line.split_whitespace();
        words.next() == Some(&process) && words.next() == Some("+++")
    };
    let text = wait_for("the trace ends", || {
        let text = std::fs::read_to_string(&output).ok()?;
        let ends = text.lines().rev().take(100).any(ended);
        ends.then_some(text)
    });
    std::fs::remove_file(&output).expect("the trace can go");
    let left = folder.join(name);
    copy_all(root, &left);
    let sent = workers.into_iter().flat_map(|worker| worker.sent).collect();
    let calls = trace::read(&text);
    let unsure = calls.iter().filter(|call| call.result.is_none()).count();
    Run {
        calls,
        sent,
        left,
        unsure,
    }
}

fn load(workers: &mut [Worker], time: Duration) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for worker in workers {
            scope.spawn(|| worker.work(&stop, PAUSE));
        }
        std::thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
    });
}

impl Session {
    /// Goes through the session moment by moment; `unsynced` names a file, below the root, whose
    /// syncs do nothing.
    pub fn walk(&self, unsynced: Option<&str>, mut visit: impl FnMut(Seen<'_>)) {
        let mut replay = Replay::new(&self.root);
        replay.unsynced = unsynced.map(|name| self.root.join(name));
        let mut kept = Promises::default();
        let mut number = 0;
        for run in &self.runs {
            replay.begin_process();
            let sent: BTreeMap<(u16, usize), &Sent> =
                run.sent.iter().map(|sent| (sent.place, sent)).collect();
            let mut answered = 0;
            for (place, moment) in moments(&run.calls) {
                let happened = replay.apply(place, &run.calls[place], moment);
                number += 1;
                let mut answers = None;
                if let Happened::Answer { port, nth, status } = happened {
                    answers = sent.get(&(port, nth)).copied();
                    if let (Some(sent), 200) = (answers, status) {
                        kept.add(&sent.promise);
                        answered += 1;
                    }
                }
                visit(Seen {
                    number,
                    happened,
                    sent: answers,
                    disk: &replay.disk,
                    kept: &kept,
                });
            }
            let acknowledged = run
                .sent
                .iter()
                .filter(|sent| sent.status == Some(200))
                .count();
            assert!(
                answered >= acknowledged,
                "the trace shows {answered} of {acknowledged} answers"
            );
            let wrong = catch_up(&mut replay.disk, &self.root, &run.left);
            assert!(
                wrong.len() <= run.unsure,
                "the model of the disk is wrong about {wrong:?}"
            );
        }
    }

    /// Moments at which something happened.
    pub fn eventful(&self) -> Vec<usize> {
        let mut eventful = Vec::new();
        self.walk(None, |seen| {
            if seen.happened != Happened::Nothing {
                eventful.push(seen.number);
            }
        });
        eventful
    }
}

/// Makes the model see what is really there; returns the files that it had wrong.
fn catch_up(disk: &mut Disk, root: &Path, left: &Path) -> Vec<String> {
    let seen: Vec<(PathBuf, Vec<u8>)> = disk
        .seen()
        .into_iter()
        .map(|(path, content)| (path, content.to_vec()))
        .collect();
    let mut different = Vec::new();
    for (path, content) in seen {
        let name = path.to_string_lossy().into_owned();
        if name.ends_with("-shm") || name == "lock" {
            continue;
        }
        let real = std::fs::read(left.join(&path)).unwrap_or_default();
        if real != content {
            if let Some(node) = disk.find(&root.join(&path)) {
                disk.set_length(node, real.len());
                disk.write(node, 0, real);
            }
            different.push(name);
        }
    }
    different
}
