//! Measures the embedded ledger, state and seen ids on the disk it is given.
//!
//! `cargo run --release -p rapport-embedded --example measure -- DIRECTORY [PROFILES]`

use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_embedded::{Directory, SeenRuns, SqliteLedger, SqliteState};
use rapport_store::conformance::submission;
use rapport_store::ledger::Ledger;
use rapport_store::seen::{Seen, SeenKey};
use rapport_store::state::{Key, State, Table, Write, number_key};
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

type Outcome = Result<(), Box<dyn Error>>;

const BODY: &str = r#"{"batch":[{"type":"track","event":"Product Viewed","messageId":"node-next-1732240000000-0f6d3c12","userId":"customer-481516","timestamp":"2026-11-22T10:00:00.123Z","properties":{"sku":"milk-1l","price":1.29,"category":"dairy"},"context":{"library":{"name":"analytics-node","version":"2.1.0"}}}],"sentAt":"2026-11-22T10:00:00.200Z"}"#;

#[tokio::main]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let root = PathBuf::from(
        arguments
            .next()
            .ok_or("the first argument is a directory")?,
    );
    let profiles: u64 = arguments
        .next()
        .map_or(Ok(300_000), |count| count.parse())?;
    let directory = Directory::open(root.join(format!("measure-{}", std::process::id())))?;
    ledger(&SqliteLedger::open(&directory)?).await?;
    state(&directory, profiles).await?;
    seen(&SeenRuns::open(&directory)?).await?;
    std::fs::remove_dir_all(directory.path())?;
    Ok(())
}

async fn ledger(ledger: &SqliteLedger) -> Outcome {
    for waiting in [1, 64, 512] {
        let (mut times, start) = (Vec::new(), Instant::now());
        while start.elapsed() < Duration::from_secs(4) {
            let group = (0..waiting).map(|_| submission(BODY)).collect();
            let asked = Instant::now();
            ledger.append(group, Millis(0)).await?;
            times.push(asked.elapsed());
        }
        let requests = (times.len() * waiting) as f64 / start.elapsed().as_secs_f64();
        report(
            &format!("ledger: groups of {waiting}"),
            requests,
            "requests/s",
            times,
        );
    }
    let (mut times, start) = (Vec::new(), Instant::now());
    while start.elapsed() < Duration::from_secs(4) {
        let group = (0..64).map(|_| async {
            let asked = Instant::now();
            ledger
                .append(vec![submission(BODY)], Millis(0))
                .await
                .map(|_| asked.elapsed())
        });
        times.extend(all(group).await?);
    }
    let requests = times.len() as f64 / start.elapsed().as_secs_f64();
    report(
        "ledger: 64 callers of one request",
        requests,
        "requests/s",
        times,
    );
    let start = Instant::now();
    let (mut after, mut bytes) = (0, 0);
    while let Some(read) = Some(ledger.read(after, 4 << 20).await?).filter(|read| !read.is_empty())
    {
        bytes += read.iter().map(|request| request.body.len()).sum::<usize>();
        after = read.last().map_or(after, |request| request.number);
    }
    let megabytes = bytes as f64 / 1e6;
    println!(
        "ledger: read {after} requests, {:.0} MB/s; {:.1} bytes a request on disk, {} sent",
        megabytes / start.elapsed().as_secs_f64(),
        ledger.size_bytes().await? as f64 / after as f64,
        BODY.len()
    );
    let start = Instant::now();
    ledger.forget(after, Millis::MAX).await?;
    println!("ledger: forgot everything in {:?}", start.elapsed());
    Ok(())
}

/// Awaits all futures together, in order.
async fn all<T, E>(
    futures: impl Iterator<Item = impl Future<Output = Result<T, E>>>,
) -> Result<Vec<T>, E> {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    let mut answers: Vec<Option<Result<T, E>>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, answer) in futures.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let std::task::Poll::Ready(done) = future.as_mut().poll(context)
            {
                *answer = Some(done);
            }
        }
        let done = answers.iter().all(Option::is_some);
        if done {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    answers.into_iter().flatten().collect()
}

async fn state(directory: &Directory, profiles: u64) -> Outcome {
    let state = SqliteState::open(directory)?;
    let mut version = 0;
    let value = |n: u64| format!("{n:020}").repeat(25).into_bytes();
    let (mut times, start) = (Vec::new(), Instant::now());
    for from in (0..profiles).step_by(5_000) {
        let writes = (from..from + 5_000).map(|n| put(n, value(n))).collect();
        commit(&state, &mut version, writes, &mut times).await?;
    }
    let rows = profiles as f64 / start.elapsed().as_secs_f64();
    report("state: 5000 ordered inserts", rows, "rows/s", times);

    let mut random = Random(7);
    let (mut times, mut loads, mut load_time) = (Vec::new(), Vec::new(), Duration::ZERO);
    let start = Instant::now();
    let mut rows = 0;
    while start.elapsed() < Duration::from_secs(20) {
        let keys: Vec<Key> = (0..3_000)
            .map(|_| number_key(random.below(profiles)))
            .collect();
        let asked = Instant::now();
        let found = state.load(Table::Profile, &keys).await?;
        loads.push(asked.elapsed());
        load_time += asked.elapsed();
        assert!(found.iter().all(Option::is_some));
        let writes: Vec<_> = keys
            .into_iter()
            .map(|key| put_key(key, value(version)))
            .collect();
        rows += writes.len();
        commit(&state, &mut version, writes, &mut times).await?;
    }
    let commit_time: Duration = times.iter().sum();
    let rows = rows as f64;
    report(
        "state: 3000 random updates",
        rows / commit_time.as_secs_f64(),
        "rows/s",
        times,
    );
    report(
        "state: loads between commits",
        rows / load_time.as_secs_f64(),
        "keys/s",
        loads,
    );
    report_loads(&state, profiles, &mut random).await?;
    println!("memory: {}", resident());
    let start = Instant::now();
    let target = directory.path().join("backup");
    state.back_up(&target).await?;
    println!(
        "state: {} MB backed up in {:?}",
        state.size_bytes().await? >> 20,
        start.elapsed()
    );
    drop(state);
    let start = Instant::now();
    SqliteState::open(directory)?.head().await?;
    println!("state: opened in {:?}", start.elapsed());
    Ok(())
}

async fn report_loads(state: &SqliteState, profiles: u64, random: &mut Random) -> Outcome {
    for count in [1, 20_000] {
        let (mut times, start) = (Vec::new(), Instant::now());
        while start.elapsed() < Duration::from_secs(3) {
            let keys: Vec<Key> = (0..count)
                .map(|_| number_key(random.below(profiles)))
                .collect();
            let asked = Instant::now();
            state.load(Table::Profile, &keys).await?;
            times.push(asked.elapsed());
        }
        let keys = (times.len() * count) as f64 / times.iter().sum::<Duration>().as_secs_f64();
        report(&format!("state: loads of {count}"), keys, "keys/s", times);
    }
    Ok(())
}

async fn commit(
    state: &SqliteState,
    version: &mut u64,
    writes: Vec<Write>,
    times: &mut Vec<Duration>,
) -> Outcome {
    let asked = Instant::now();
    *version = state
        .commit(*version, Position::event(*version + 1, 0), writes.into())
        .await?
        .version;
    times.push(asked.elapsed());
    Ok(())
}

async fn seen(seen: &SeenRuns) -> Outcome {
    let mut random = Random(11);
    let mut key = || (SeenKey::from(random.next()) << 64) | SeenKey::from(random.next());
    let (mut runs, mut known) = (Vec::new(), Vec::new());
    let start = Instant::now();
    for run in 0..8 {
        let ids: Vec<_> = (0..500_000)
            .map(|n| (key(), Millis(run * 1_000_000 + n)))
            .collect();
        known.extend(ids.iter().step_by(500).map(|(key, _)| *key));
        runs.push(seen.write(ids).await?);
    }
    println!(
        "seen: {:.0} ids/s written",
        4e6 / start.elapsed().as_secs_f64()
    );
    let strangers: Vec<SeenKey> = (0..100_000).map(|_| key()).collect();
    for (what, keys) in [("strangers", &strangers), ("known ids", &known)] {
        seen.find(&runs, keys).await?;
        let start = Instant::now();
        seen.find(&runs, keys).await?;
        let keys = keys.len() as f64 / start.elapsed().as_secs_f64();
        println!("seen: {keys:.0} {what}/s in 8 runs of 500000");
    }
    let start = Instant::now();
    let merged = seen.merge(&runs, Millis(0)).await?;
    let each = merged.bytes as f64 / merged.ids as f64;
    println!(
        "seen: {} ids merged in {:?}, {each:.1} bytes each",
        merged.ids,
        start.elapsed()
    );
    Ok(())
}

fn put(number: u64, value: Vec<u8>) -> Write {
    put_key(number_key(number), value)
}

fn put_key(key: Key, value: Vec<u8>) -> Write {
    Write {
        table: Table::Profile,
        key,
        value: Some(value),
    }
}

fn report(what: &str, rate: f64, unit: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{what}: {rate:.0} {unit}; p50 {:?}, p99 {:?}, longest {:?} of {}",
        at(0.5),
        at(0.99),
        at(1.0),
        times.len()
    );
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = |name: &str| {
        status
            .lines()
            .find(|line| line.starts_with(name))
            .map(str::to_owned)
    };
    [line("VmRSS"), line("VmHWM")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

/// A small generator; the same numbers at every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }
}
