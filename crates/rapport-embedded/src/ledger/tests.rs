//! The ledger's suite, and what only a file can suffer.

use super::forget::SHRINK_KEEP_PAGES;
use super::*;
use rapport_store::conformance::{self, submission};
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

#[tokio::test]
async fn the_suite_passes() {
    let root = tempfile::tempdir().unwrap();
    let made = AtomicU32::new(0);
    conformance::ledger(async || {
        let name = made.fetch_add(1, Ordering::Relaxed).to_string();
        SqliteLedger::open(&Directory::open(root.path().join(name)).unwrap()).unwrap()
    })
    .await;
}

fn open(path: &Path) -> SqliteLedger {
    SqliteLedger::open(&Directory::open(path).unwrap()).unwrap()
}

async fn append(ledger: &SqliteLedger, count: usize, now: i64) -> u64 {
    let group = (0..count)
        .map(|n| submission(&format!(r#"{{"n":{n},"now":{now}}}"#)))
        .collect();
    ledger
        .append(group, Millis(now))
        .await
        .unwrap()
        .last()
        .unwrap()
        .number
}

/// Bytes that no compressor makes shorter.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    (0..length).map(next).collect()
}

async fn numbers(ledger: &SqliteLedger) -> Vec<u64> {
    let read = ledger.read(0, usize::MAX).await.unwrap();
    read.iter().map(|request| request.number).collect()
}

/// The files as a crash leaves them: copied while the ledger is open and its log unread.
fn crashed(ledger: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    Directory::prepare(copy.path()).unwrap();
    for name in ["ledger.db", "ledger.db-wal"] {
        fs::copy(ledger.join(name), copy.path().join(name)).unwrap();
    }
    copy
}

#[tokio::test]
async fn what_was_answered_survives_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    append(&ledger, 3, 1_000).await;
    append(&ledger, 2, 2_000).await;
    let copy = crashed(folder.path());
    let reopened = open(copy.path());
    assert_eq!(reopened.last().await.unwrap(), (5, Millis(2_000)));
    assert_eq!(
        reopened.read(0, usize::MAX).await.unwrap(),
        ledger.read(0, usize::MAX).await.unwrap()
    );
}

#[tokio::test]
async fn stamps_stay_monotonic_when_the_clock_jumps_back_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    append(&open(folder.path()), 1, 5_000).await;
    let ledger = open(folder.path());
    let appended = ledger
        .append(vec![submission("{}")], Millis(10))
        .await
        .unwrap();
    assert_eq!(
        (appended[0].number, appended[0].received),
        (2, Millis(5_000))
    );
    ledger.forget(2, Millis::MAX).await.unwrap();
    drop(ledger);
    let ledger = open(folder.path());
    assert_eq!(
        ledger.last().await.unwrap(),
        (2, Millis(5_000)),
        "also when every byte is forgotten"
    );
}

/// Where the log's last frame ends; behind it the file is filled up with zeros.
async fn log_end(ledger: &SqliteLedger) -> u64 {
    let frames = ledger
        .database
        .read(|connection| {
            let noop = "PRAGMA wal_checkpoint(NOOP)";
            Ok(connection
                .query_row(noop, [], |row| row.get::<_, u32>(1))
                .unwrap())
        })
        .await
        .unwrap();
    32 + u64::from(frames) * (8_192 + 24)
}

#[tokio::test]
async fn a_torn_last_write_takes_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    append(&ledger, 2, 1).await;
    let before = log_end(&ledger).await;
    append(&ledger, 4_000, 2).await;
    let after = log_end(&ledger).await;
    assert!(before + 20_000 < after, "the group fills several pages");
    for (length, zeros) in [
        (after - 1, false),
        (after - 9_000, true),
        (before + 1, false),
        (before, true),
    ] {
        let copy = crashed(folder.path());
        let wal = fs::OpenOptions::new()
            .write(true)
            .open(copy.path().join("ledger.db-wal"))
            .unwrap();
        wal.set_len(length).unwrap();
        if zeros {
            wal.set_len(after).unwrap();
        }
        let reopened = open(copy.path());
        assert_eq!(
            reopened.last().await.unwrap(),
            (2, Millis(1)),
            "log cut to {length}"
        );
        assert_eq!(
            append(&reopened, 1, 3).await,
            3,
            "the torn number was never answered"
        );
        assert_eq!(numbers(&reopened).await, [1, 2, 3]);
    }
}

/// Changes a closed ledger behind its back and gives the answers of reads from the start on.
async fn read_after(sql: &str) -> (Vec<u64>, Error) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    for now in [10, 20, 30] {
        append(&ledger, 3, now).await;
    }
    drop(ledger);
    let raw = Connection::open(folder.path().join("ledger.db")).unwrap();
    raw.execute_batch(sql).unwrap();
    drop(raw);
    let ledger = open(folder.path());
    let good = match ledger.read(0, usize::MAX).await {
        Ok(read) => read.iter().map(|request| request.number).collect(),
        Err(_) => Vec::new(),
    };
    let after = good.last().copied().unwrap_or(0);
    (good, ledger.read(after, usize::MAX).await.unwrap_err())
}

#[tokio::test]
async fn damage_is_reported_with_its_number_and_never_skipped() {
    for sql in [
        "UPDATE groups SET body = CAST(zeroblob(length(body)) AS BLOB) WHERE first = 4",
        "UPDATE groups SET received = received + 1 WHERE first = 4",
        "UPDATE groups SET codec = 9 WHERE first = 4",
        "UPDATE groups SET body = substr(body, 1, length(body) - 1) WHERE first = 4",
        "UPDATE groups SET count = 'x' WHERE first = 4",
        "DELETE FROM groups WHERE first = 4",
    ] {
        let (good, error) = read_after(sql).await;
        assert_eq!(good, [1, 2, 3], "{sql}");
        assert!(matches!(error, Error::Damaged { .. }), "{sql}: {error:?}");
        assert!(error.to_string().contains("request 4 "), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_missing_first_group_is_damage_unless_it_was_forgotten() {
    let (good, error) = read_after("DELETE FROM groups WHERE first = 1").await;
    assert!(good.is_empty());
    assert!(error.to_string().contains("request 1 "), "{error}");
}

async fn fill_and_forget(ledger: &SqliteLedger, body: &[u8], groups: usize) -> (i64, i64) {
    let pages = async || {
        let count = |connection: &mut Connection| {
            let pages = connection.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0));
            Ok(pages.unwrap())
        };
        ledger.database.read(count).await.unwrap()
    };
    let group = Submission {
        origin: conformance::origin("noise"),
        body: body.to_vec(),
    };
    let mut last = 0;
    for _ in 0..groups {
        last = ledger.append(vec![group.clone()], Millis(1)).await.unwrap()[0].number;
    }
    let full = pages().await;
    ledger.forget(last, Millis::MAX).await.unwrap();
    (full, pages().await)
}

#[tokio::test]
async fn forgotten_room_is_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, body) = (open(folder.path()), noise(200_000));
    let (first, _) = fill_and_forget(&ledger, &body, 20).await;
    for _ in 0..4 {
        let (full, _) = fill_and_forget(&ledger, &body, 20).await;
        assert!(full <= first + 4, "{first} pages at first, {full} later");
    }
}

#[tokio::test]
async fn much_forgotten_room_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, body) = (open(folder.path()), noise(1_000_000));
    let (full, left) = fill_and_forget(&ledger, &body, 40).await;
    assert!(
        full > 2 * SHRINK_KEEP_PAGES && left < SHRINK_KEEP_PAGES + 8,
        "{full}, then {left}"
    );
}

#[tokio::test]
async fn a_full_disk_uses_no_numbers_up() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    append(&ledger, 1, 1).await;
    let pages = async |most: &'static str| {
        let limit = move |connection: &mut Connection| {
            connection
                .execute_batch(&format!("PRAGMA max_page_count = {most}"))
                .unwrap();
            Ok(())
        };
        ledger.database.write(limit).await.unwrap();
    };
    pages("1").await;
    let big = Submission {
        origin: conformance::origin("noise"),
        body: noise(100_000),
    };
    let (refused, small) = tokio::join!(
        ledger.append(vec![big.clone()], Millis(2)),
        ledger.append(vec![submission("small")], Millis(3)),
    );
    assert!(
        matches!(refused, Err(Error::Full { .. })),
        "what does not fit is refused"
    );
    assert_eq!(
        small.unwrap()[0].number,
        2,
        "what fits is not refused with what does not"
    );
    pages("1000").await;
    assert_eq!(
        ledger.append(vec![big], Millis(4)).await.unwrap()[0].number,
        3
    );
    assert_eq!(numbers(&ledger).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_backup_is_a_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    append(&ledger, 5, 77).await;
    let target = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        ledger.back_up(target.path()).await.unwrap();
    }
    append(&ledger, 1, 78).await;
    let copy = open(target.path());
    assert_eq!(copy.last().await.unwrap(), (5, Millis(77)));
    assert_eq!(numbers(&copy).await, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_group_whose_caller_stops_waiting_is_stored_whole() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let group = vec![submission("a"), submission("b")];
    let abandoned =
        tokio::time::timeout(std::time::Duration::ZERO, ledger.append(group, Millis(1)));
    let _ = abandoned.await;
    append(&ledger, 1, 2).await;
    assert!(matches!(numbers(&ledger).await.as_slice(), [1, 2, 3] | [1]));
}

#[tokio::test]
async fn another_programs_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    fs::write(
        directory.ledger(),
        "not a database, but long enough to be looked at ".repeat(100),
    )
    .unwrap();
    assert!(matches!(
        SqliteLedger::open(&directory),
        Err(Error::Damaged { .. })
    ));
    fs::remove_file(directory.ledger()).unwrap();
    Connection::open(directory.ledger())
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    assert!(matches!(
        SqliteLedger::open(&directory),
        Err(Error::Damaged { .. })
    ));
}
