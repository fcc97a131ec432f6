//! A segment built from a long history: beside the floor of reading the columns it needs, and
//! beside DuckDB on the same files.

use super::load;
use super::report::{Report, Target};
use super::segments::put_all;
use super::server::{Kind, SERVER_KEY, Server};
use super::traffic::Random;
use super::{Scale, gauges};
use anyhow::{Context, Result, bail};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rapport_core::time::Millis;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Events of one visit.
const VISIT: [&str; 10] = [
    "Product List Viewed",
    "Product Viewed",
    "Product Clicked",
    "Product Viewed",
    "Product Added",
    "Product Viewed",
    "Cart Viewed",
    "Checkout Started",
    "Payment Info Entered",
    "Order Completed",
];
/// Visits in one request, each of another person.
const VISITS: u64 = 10;
/// Visits of one person, about.
const VISITS_EACH: u64 = 3;
/// Of ten people so many are two until the end.
const MERGED_OF_TEN: u64 = 3;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// One filter of a property, one property that both steps share, a window.
const RULE: &str = "sequence \"Product Viewed\" where category = \"shoes\" then \"Order Completed\" \
                    where cart_id = first.cart_id within 3 days";
/// The same, of origins: nobody is two within one visit.
const SQL: &str = "with seen as (select origin, \"at\" as moment, event, json_extract_string(properties, '$.cart_id') as cart, \
    json_extract_string(properties, '$.category') as category from read_parquet(FILES) \
    where outcome = 'accepted' and type = 'track' and event in ('Product Viewed', 'Order Completed') \
    and \"at\" > now() - interval 3 days) select count(distinct v.origin) from seen v join seen o \
    on v.origin = o.origin and v.cart = o.cart and o.moment > v.moment \
    where v.event = 'Product Viewed' and v.category = 'shoes' and o.event = 'Order Completed'";
/// The columns that the rule asks for.
const COLUMNS: [&str; 6] = [
    "at",
    "source",
    "event",
    "message_id",
    "origin",
    "properties",
];

/// Everything about building.
///
/// # Errors
/// Where the server fails, or DuckDB where it is asked for.
pub(super) async fn all(scale: &Scale, report: &mut Report) -> Result<()> {
    let data = scale.data.join("rebuild");
    live(scale, &data, report).await?;
    // A start removes the files that compactions have replaced.
    let server = Server::start(Kind::Whole, &data).await?;
    let files = files(&data.join("history"))?;
    let (rows, seconds) = floor(&files)?;
    let floor = rows as f64 / seconds;
    let note = format!(
        "all rows of {} files, {} columns, every core",
        files.len(),
        COLUMNS.len()
    );
    report.add(
        "floor: reading the columns needed",
        floor,
        "events/s",
        Target::None,
        note,
    );
    let (began, cpu) = (Instant::now(), server.cpu_seconds());
    put_all(&mut server.client().await?, &[("rebuilt", RULE)]).await?;
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), server.cpu_seconds() - cpu);
    let built = rows as f64 / seconds;
    let members = size(&server).await?;
    let note = format!(
        "{seconds:.2} s from the rule to the last membership, {:.2} us of processor an event; {members} members",
        cpu * 1e6 / rows as f64
    );
    report.add(
        "rebuild: a sequence",
        built,
        "events/s",
        Target::AtLeast(2_000_000.0),
        note,
    );
    report.add(
        "rebuild: a sequence, of its floor",
        built / floor,
        "",
        Target::None,
        "",
    );
    server.stop().await?;
    if let Some(python) = &scale.duckdb {
        let (seconds, found) = duckdb(python, &files)?;
        let rate = rows as f64 / seconds;
        let note = format!("{seconds:.2} s, {found} origins; no memberships, no timers");
        let name = "rebuild: DuckDB asks the same files";
        report.add(name, rate, "events/s", Target::None, note);
        let name = "rebuild: a sequence, of DuckDB";
        report.add(name, built / rate, "", Target::None, "");
    }
    Ok(())
}

/// Lets the history happen.
async fn live(scale: &Scale, data: &Path, report: &mut Report) -> Result<()> {
    let server = Server::start(Kind::Whole, data).await?;
    let people = (scale.events / (VISIT.len() as u64 * VISITS_EACH)).max(10);
    let began = Instant::now();
    let now = load::now();
    let visits = move |request| visits(request, people, now);
    let requests = scale.events.div_ceil(VISITS * VISIT.len() as u64);
    load::pour(server.address, requests, visits).await?;
    let merges = move |request| merges(request, people);
    load::pour(server.address, people.div_ceil(100), merges).await?;
    let folded = gauges::settle(server.address).await?.accepted;
    let rate = folded as f64 / began.elapsed().as_secs_f64();
    let note = format!("{folded} events of {people} people, of whom 30 % are two until the end");
    report.add(
        "rebuild: the history before",
        rate,
        "events/s",
        Target::None,
        note,
    );
    server.stop().await
}

/// Ten visits of ten people within the last 6 days, an event about 400 bytes of properties.
fn visits(request: u64, people: u64, now: Millis) -> String {
    let mut events = Vec::new();
    for visit in request * VISITS..(request + 1) * VISITS {
        let mut random = Random((visit + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let person = random.below(people);
        let begun = now.0 - (random.below(6 * DAY_MS)) as i64;
        let is_two = person % 10 < MERGED_OF_TEN && random.below(2) == 0;
        let id = match is_two {
            true => format!("\"anonymousId\":\"ra-{person}\""),
            false => format!("\"userId\":\"ru-{person}\""),
        };
        for (step, name) in VISIT.iter().enumerate() {
            let at = Millis((begun + step as i64 * 20_000).min(now.0));
            events.push(event(name, &id, visit, step, at, &mut random));
        }
    }
    batch(&events)
}

fn event(name: &str, id: &str, visit: u64, step: usize, at: Millis, random: &mut Random) -> String {
    const CATEGORIES: [&str; 8] = [
        "shoes", "coats", "boots", "pants", "belts", "scarf", "glove", "shirt",
    ];
    let category = CATEGORIES[random.below(8) as usize];
    let product = random.below(5_000);
    let properties = format!(
        "{{\"cart_id\":\"cart-{visit:010}\",\"product_id\":\"{product:08x}\",\"sku\":\"G-{product}\",\"category\":\"{category}\",\
         \"name\":\"Runner number {product} in several colours\",\"brand\":\"Northway\",\"variant\":\"{}\",\"price\":{}.{:02},\
         \"quantity\":{},\"currency\":\"EUR\",\"position\":{},\"url\":\"https://shop.example/products/{product}\",\
         \"image_url\":\"https://cdn.example/images/{:016x}.jpg\",\"list\":\"spring-{}\",\"session\":\"{:016x}{:016x}\"}}",
        ["red", "blue", "green"][random.below(3) as usize],
        random.below(90),
        random.below(100),
        1 + random.below(4),
        random.below(40),
        random.below(u64::MAX),
        random.below(20),
        random.below(u64::MAX),
        random.below(u64::MAX),
    );
    format!(
        "{{\"type\":\"track\",\"event\":\"{name}\",{id},\"messageId\":\"r-{visit:012x}-{step}\",\"timestamp\":\"{at}\",\
         \"properties\":{properties}}}"
    )
}

/// Says of those who are two that they are one.
fn merges(request: u64, people: u64) -> String {
    let of = |person: u64| {
        format!(
            "{{\"type\":\"identify\",\"userId\":\"ru-{person}\",\"anonymousId\":\"ra-{person}\",\"messageId\":\"rm-{person}\"}}"
        )
    };
    let asked = request * 100..people.min(request * 100 + 100);
    let two: Vec<String> = asked
        .filter(|person| person % 10 < MERGED_OF_TEN)
        .map(of)
        .collect();
    batch(&two)
}

fn batch(events: &[String]) -> String {
    format!(
        "{{\"writeKey\":\"{SERVER_KEY}\",\"batch\":[{}]}}",
        events.join(",")
    )
}

async fn size(server: &Server) -> Result<u64> {
    let mut client = server.client().await?;
    let path = "/api/v1/segments/rebuilt";
    let (_, answer) = client.call("GET", path, super::server::TOKEN, "").await?;
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    answer["size"].as_u64().context("a size")
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => found.extend(files(&path)?),
            false if path.extension().is_some_and(|end| end == "parquet") => found.push(path),
            false => {}
        }
    }
    found.sort();
    Ok(found)
}

/// Rows of which the columns were read, and how long that took on every core.
fn floor(files: &[PathBuf]) -> Result<(u64, f64)> {
    let (next, began) = (AtomicUsize::new(0), Instant::now());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let read = || {
        let mut rows = 0;
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let builder = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path)?)?;
            let columns = ProjectionMask::columns(builder.parquet_schema(), COLUMNS);
            for batch in builder.with_projection(columns).build()? {
                rows += std::hint::black_box(batch?).num_rows() as u64;
            }
        }
        Ok::<u64, anyhow::Error>(rows)
    };
    let rows = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..threads).map(|_| scope.spawn(read)).collect();
        let joined = readers.into_iter().map(|reader| reader.join());
        joined
            .map(|rows| rows.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .sum::<Result<u64>>()
    })?;
    Ok((rows, began.elapsed().as_secs_f64()))
}

/// How long DuckDB takes for the same question, and its answer.
fn duckdb(python: &Path, files: &[PathBuf]) -> Result<(f64, u64)> {
    let files: Vec<String> = files
        .iter()
        .map(|file| format!("'{}'", file.display()))
        .collect();
    let sql = SQL.replace("FILES", &format!("[{}]", files.join(",")));
    let program = "import sys, time, duckdb\nbegan = time.monotonic()\n\
                   found = duckdb.sql(sys.argv[1]).fetchall()[0][0]\nprint(time.monotonic() - began, found)";
    let output = std::process::Command::new(python)
        .args(["-c", program, &sql])
        .output()
        .with_context(|| python.display().to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let Some((seconds, found)) = text.trim().split_once(' ') else {
        bail!("DuckDB: {}", String::from_utf8_lossy(&output.stderr));
    };
    Ok((seconds.parse()?, found.parse()?))
}
