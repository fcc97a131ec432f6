//! Measures history on this machine: rows written a second, bytes an event takes, and its reads.
//!
//! `cargo run --release -p rapport-embedded --example measure_history -- DIR [FILES] [ROWS]`

use rapport_core::event::{Event, KeyKind, Kind, SourceNo};
use rapport_core::identity::{IdKind, Identifier, ProfileNo};
use rapport_core::outcome::Outcome;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_embedded::history::ParquetHistory;
use rapport_store::Error;
use rapport_store::history::{Ask, Entry, File, History, Ownership, Row, Scan, Seen};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PEOPLE: u64 = 1_000_000;
const NAMES: [&str; 10] = [
    "Product Viewed",
    "Product List Viewed",
    "Product Clicked",
    "Product Added",
    "Cart Viewed",
    "Checkout Started",
    "Order Completed",
    "Coupon Entered",
    "Products Searched",
    "Product Removed",
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let root = arguments.next().expect("a folder to write to");
    let mut number = |default: u64| {
        arguments
            .next()
            .map_or(default, |n| n.parse().expect("a number"))
    };
    let (files, rows) = (number(100), number(50_000));
    for sessions in [true, false] {
        let root = std::path::Path::new(&root).join(if sessions { "sessions" } else { "random" });
        let history = ParquetHistory::open(root)?;
        println!(
            "{}",
            if sessions {
                "sessions of 12 events"
            } else {
                "uniformly random people"
            }
        );
        let listed = write(&history, files, rows, sessions).await?;
        read_timelines(&history, &listed).await?;
        scan(&history, &listed).await?;
        let started = Instant::now();
        let merged = history.compact(&listed, &Ownership::default(), 1).await?;
        report(
            "compact",
            merged.iter().map(|file| file.rows).sum(),
            started.elapsed(),
        );
        println!(
            "  {} files, {:.1} bytes an event",
            merged.len(),
            per_event(&merged)
        );
        read_timelines(&history, &merged).await?;
        scan(&history, &merged).await?;
    }
    Ok(())
}

async fn write(
    history: &ParquetHistory,
    files: u64,
    rows: u64,
    sessions: bool,
) -> Result<Vec<File>, Error> {
    let mut listed = Vec::new();
    let mut took = Duration::ZERO;
    let mut raw = 0;
    let mut random = 1;
    for file in 0..files {
        let entries: Vec<Entry> = (0..rows)
            .map(|row| {
                let n = file * rows + row;
                let (person, request, index) = if sessions {
                    (mix(n / 12) % PEOPLE, n / 12, (n % 12) as u32)
                } else {
                    (next(&mut random) % PEOPLE, n, 0)
                };
                let row = event(1 + person, 1 + request, index, n, &mut random);
                raw +=
                    row.event.properties.len() + row.event.context.len() + row.event.traits.len();
                Entry::Event(Arc::new(row))
            })
            .collect();
        // Letting go of the entries is the work of whoever made them.
        let kept = entries.clone();
        let started = Instant::now();
        listed.extend(history.write(entries).await?);
        took += started.elapsed();
        drop(kept);
    }
    let all = files * rows;
    report("write", all, took);
    println!(
        "  {} bytes of JSON an event, {:.1} on disk",
        raw as u64 / all,
        per_event(&listed)
    );
    Ok(listed)
}

async fn read_timelines(history: &ParquetHistory, files: &[File]) -> Result<(), Error> {
    let mut random = 7;
    for (what, limit) in [("cold", 50), ("warm", 50), ("warm", 10)] {
        let mut took = Vec::new();
        let mut found = 0;
        for _ in 0..400 {
            let origins = [ProfileNo(1 + next(&mut random) % PEOPLE)];
            let ask = Ask {
                limit,
                ..Ask::default()
            };
            let started = Instant::now();
            found += history.timeline(files, &origins, &ask).await?.len();
            took.push(started.elapsed());
        }
        took.sort_unstable();
        println!(
            "  timeline {what}, limit {limit}: p50 {:?} p95 {:?} p99 {:?}, {:.1} rows",
            took[200],
            took[380],
            took[396],
            found as f64 / 400.0
        );
    }
    Ok(())
}

async fn scan(history: &ParquetHistory, files: &[File]) -> Result<(), Error> {
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    for names in [
        vec!["Order Completed"],
        vec!["Order Completed", "Product Added", "Cart Viewed"],
        vec![],
    ] {
        let what = format!(
            "scan_people, {} of 10 names",
            if names.is_empty() { 10 } else { names.len() }
        );
        let scan = Scan {
            from: ProfileNo(0),
            to: ProfileNo(u64::MAX),
            through: Position::event(u64::MAX, 0),
            names: names.into_iter().map(str::to_owned).collect(),
            kinds: BTreeSet::new(),
            content: true,
            positions: false,
        };
        let started = Instant::now();
        let mut bytes = 0;
        let observer = Box::new(move |seen: &Seen<'_>| {
            bytes += seen.event.content.len();
            std::hint::black_box(bytes);
            Ok(())
        });
        history.scan_people(files, &scan, observer).await?;
        report(&what, rows, started.elapsed());
    }
    let started = Instant::now();
    let mut seen = 0_u64;
    let mut sink = |_: Entry| {
        seen += 1;
        Ok(())
    };
    history
        .scan_order(files, Position::default(), &mut sink)
        .await?;
    report("scan_order", seen, started.elapsed());
    Ok(())
}

fn event(person: u64, request: u64, index: u32, n: u64, random: &mut u64) -> Row {
    let received = Millis(1_795_000_000_000 + n as i64 / 5);
    let at = Millis(received.0 - (next(random) % 3000) as i64);
    let (a, b) = (next(random), mix(person));
    let name = NAMES[(a % 10) as usize];
    let properties = format!(
        r#"{{"product_id":"{:08x}","sku":"G-{}","category":"shoes","name":"Runner {}","brand":"Hoof","variant":"{}","price":{}.{:02},"quantity":{},"currency":"EUR","position":{},"url":"https://shop.example/products/{}","image_url":"https://cdn.example/i/{:x}.jpg"}}"#,
        a as u32 % 5000,
        a % 977,
        a % 5000,
        ["red", "blue", "green"][(a % 3) as usize],
        a % 90,
        a % 100,
        a % 4,
        a % 40,
        a % 5000,
        a % 5000
    );
    let context = format!(
        r#"{{"ip":"10.{}.{}.{}","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0 Safari/537.36","locale":"de-CH","page":{{"path":"/products/{}","referrer":"https://search.example/","title":"Shop","url":"https://shop.example/products/{}"}},"library":{{"name":"analytics.js","version":"5.2.0"}},"timezone":"Europe/Zurich"}}"#,
        b % 250,
        b / 250 % 250,
        b / 62_500 % 250,
        100 + b % 30,
        a % 5000,
        a % 5000
    );
    let id = |kind, n: u64| Identifier::new(kind, format!("{:016x}{:016x}", mix(n), mix(n + 1)));
    Row {
        event: Event {
            position: Position::event(request, index),
            received,
            original: Some(at),
            sent: Some(received),
            at,
            source: SourceNo(1),
            key_kind: KeyKind::Browser,
            kind: Kind::Track,
            name: name.into(),
            message_id: format!("ajs-next-{:016x}{:016x}", next(random), next(random)).into(),
            identifiers: vec![
                id(IdKind::AnonymousId, person),
                Identifier::new(IdKind::UserId, format!("{person}")),
            ],
            previous: None,
            group: None,
            traits: "{}".into(),
            properties: properties.into(),
            context: context.into(),
            extra: r#"{"integrations":{}}"#.into(),
        },
        origin: Some(ProfileNo(person)),
        outcome: Outcome::Accepted,
    }
}

fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mix(*state)
}

fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}

fn report(what: &str, rows: u64, took: Duration) {
    let rate = rows as f64 / took.as_secs_f64() / 1000.0;
    println!("  {what}: {rate:.0} thousand rows a second ({rows} in {took:.2?})");
}

fn per_event(files: &[File]) -> f64 {
    let (bytes, rows) = files
        .iter()
        .fold((0, 0), |sum, file| (sum.0 + file.bytes, sum.1 + file.rows));
    bytes as f64 / rows as f64
}
