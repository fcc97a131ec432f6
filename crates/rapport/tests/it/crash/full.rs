//! A really full disk: requests are put off, nothing acknowledged is lost, and room heals it.

use super::audit::{Depth, audit};
use super::doctor::doctor;
use super::kill::copy_all;
use super::load::Dice;
use super::promise::{Promise, Promises};
use crate::client::{Answer, Client};
use crate::server::{Launch, SERVER_KEY, Server, wait_for};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The whole disk.
const DISK_MB: usize = 40;
/// What an operator can remove from it: more than the logs take, which are copied once more.
const BALLAST_MB: usize = 24;
/// Requests until it must be full.
const REQUESTS_MAX: usize = 2_000;

/// A small file system of its own, in memory; gone when dropped.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> SmallDisk {
        let folder = tempfile::tempdir().expect("a folder");
        let size = format!("size={DISK_MB}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "rapport-test"])
            .arg(folder.path())
            .status();
        let mounted = mounted.is_ok_and(|status| status.success());
        assert!(
            mounted,
            "a small file system cannot be mounted: this test needs root"
        );
        let disk = SmallDisk { folder };
        std::fs::write(disk.ballast(), vec![1; BALLAST_MB << 20]).expect("there is room yet");
        disk
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn make_room(&self) {
        std::fs::remove_file(self.ballast()).expect("the ballast goes");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.folder.path())
            .status();
    }
}

/// A client that sends events, each with an id of its own, and keeps what was acknowledged.
struct Filler {
    client: Client,
    dice: Dice,
    sent: usize,
    kept: Promises,
}

impl Filler {
    fn new(server: &Server) -> Filler {
        Filler {
            client: server.client(),
            dice: Dice::new(7),
            sent: 0,
            kept: Promises::default(),
        }
    }

    /// Sends `count` events of `bytes` each that nothing can compress.
    fn send(&mut self, count: usize, bytes: usize) -> Answer {
        let mut event = |_| {
            self.sent += 1;
            let words = bytes / 16;
            let noise: String = (0..words)
                .map(|_| format!("{:016x}", self.dice.below(u64::MAX)))
                .collect();
            json!({ "type": "track", "userId": format!("u{}", self.sent % 50), "event": "Filled",
                "messageId": format!("f{}", self.sent), "properties": { "noise": noise } })
        };
        let events: Vec<_> = (0..count).map(&mut event).collect();
        let ids = (self.sent - count + 1..=self.sent)
            .map(|n| format!("f{n}"))
            .collect();
        let body = json!({ "writeKey": SERVER_KEY, "batch": events }).to_string();
        let answer = self
            .client
            .post("/v1/batch", &body)
            .expect("a full disk is answered");
        match answer.status {
            200 => self.kept.add(&Promise::Events(ids)),
            429 => {
                let after = answer
                    .header("retry-after")
                    .and_then(|after| after.parse::<u32>().ok());
                assert!(
                    after.is_some_and(|after| after > 0),
                    "429 says when: {:?}",
                    answer.headers
                );
            }
            other => panic!("a full disk is answered with {other}: {}", answer.text()),
        }
        answer
    }

    /// Fills the disk to the last byte: large requests first, then small ones.
    fn fill(&mut self) {
        for (count, bytes) in [(20, 16_000), (4, 8_000), (1, 200)] {
            let put_off = (0..REQUESTS_MAX).find(|_| self.send(count, bytes).status == 429);
            assert!(
                put_off.is_some(),
                "the disk never gets full of {bytes} bytes"
            );
        }
    }
}

fn launch(disk: &SmallDisk) -> Launch {
    Launch::on(&disk.data()).with_small_flushes()
}

fn readiness(server: &Server) -> Answer {
    server
        .client()
        .call(("GET", "/health/ready"), &[], b"")
        .expect("health answers")
}

#[test]
fn a_full_disk_puts_requests_off_and_heals_without_a_restart() {
    let disk = SmallDisk::mount();
    let server = launch(&disk).start();
    let mut filler = Filler::new(&server);
    filler.fill();
    let reason = wait_for("health tells of the full disk", || {
        filler.send(1, 200);
        let answer = readiness(&server);
        let reasons = answer.text();
        (answer.status == 503 && reasons.contains("ledger: no space is left")).then_some(reasons)
    });
    println!("{reason}");
    let live = server
        .client()
        .call(("GET", "/health/live"), &[], b"")
        .expect("an answer");
    assert_eq!(
        live.status, 200,
        "a full disk is no reason to kill the process"
    );
    for _ in 0..20 {
        filler.send(1, 2_000);
    }
    disk.make_room();
    // Nobody sends: a balancer that asks for health would not let anybody.
    wait_for("health is well again by itself", || {
        (readiness(&server).status == 200).then_some(())
    });
    assert_eq!(filler.send(1, 200).status, 200, "and requests are taken");
    server.settle();
    assert!(server.stop().success());
    check(&disk.data(), &filler.kept);
}

#[test]
fn a_kill_on_a_full_disk_loses_nothing() {
    let disk = SmallDisk::mount();
    let server = launch(&disk).start();
    let mut filler = Filler::new(&server);
    filler.fill();
    server.kill();
    disk.make_room();
    let server = launch(&disk).start();
    server.settle();
    assert_eq!(readiness(&server).status, 200);
    server.kill();
    check(&disk.data(), &filler.kept);
}

/// Audits a copy: the audit itself needs room.
fn check(data: &Path, kept: &Promises) {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("data");
    copy_all(data, &copy);
    let found = audit(&copy, kept, Depth::Entries).unwrap_or_else(|broken| panic!("{broken}"));
    doctor(&copy).unwrap_or_else(|broken| panic!("{broken}"));
    println!(
        "{} acknowledged, {} there",
        kept.events.len(),
        found.accepted.len()
    );
    assert!(
        kept.events.len() > 100,
        "the disk was full at once: {}",
        kept.events.len()
    );
}
