//! Memberships that end by themselves: a steady stream of them alone and beside events, and a
//! midnight at which everybody leaves at once.

use super::client::Client;
use super::collecting::plan;
use super::folding::LATENCY_RATE;
use super::load::{self, Plan, now};
use super::report::{Report, Target};
use super::segments::{PROBE_EVENT, PROBED, put_all};
use super::server::{Kind, SERVER_KEY, Server, TOKEN};
use super::traffic::Shape;
use super::{Scale, gauges, probes};
use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The event that lets somebody in for a while.
const SPARK: &str = "Bench Spark";
/// How long: long enough that no more come when the first leave.
const WINDOW_S: u64 = 20;
/// How often the server is asked how many have left.
const LOOK: Duration = Duration::from_millis(50);
/// Everybody must have left after this.
const PATIENCE: Duration = Duration::from_secs(600);
/// From the start of a server until its midnight.
const BEFORE_MIDNIGHT_MS: i64 = 15_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Everything about timers.
///
/// # Errors
/// Where the server fails.
pub(super) async fn all(scale: &Scale, report: &mut Report) -> Result<()> {
    stream(scale, report, "alone", 10_000, 0.0).await?;
    stream(scale, report, "beside 5,000 events/s", 3_000, LATENCY_RATE).await?;
    midnight(scale, report).await
}

/// People enter at a steady rate, and leave at it when their window has run out.
async fn stream(
    scale: &Scale,
    report: &mut Report,
    name: &str,
    rate: u64,
    beside: f64,
) -> Result<()> {
    let data = scale.data.join(format!("timers-{rate}"));
    let server = Server::start(Kind::Whole, &data).await?;
    let rules = [(
        "sparked",
        format!("did \"{SPARK}\" within {WINDOW_S} seconds"),
    )];
    put_all(
        &mut server.client().await?,
        &rules.map(|(key, rule)| (key.to_owned(), rule)),
    )
    .await?;
    let seconds = scale.seconds.clamp(4.0, 15.0);
    let background = Plan {
        rate: beside / Shape::Mixed.events() as f64,
        seconds: seconds + WINDOW_S as f64 + 2.0,
        ..plan(scale, server.address, Shape::Mixed)
    };
    let load = (beside > 0.0).then(|| tokio::spawn(async move { load::send(&background).await }));
    let entered = enter(server.address, rate, seconds).await?;
    let late = leave(&mut server.client().await?, &entered).await?;
    if let Some(load) = load {
        load.await??;
    }
    let note = format!(
        "{} people leave when {WINDOW_S} s have run out; the last of them behind the moment of their own, p50 {:.2} s",
        entered.iter().map(|(_, count)| count).sum::<u64>(),
        late.p50_s
    );
    let name = format!("timers: {rate} flips/s {name}, latest");
    report.add(&name, late.most_s, "s", Target::Below(1.0), note);
    server.stop().await
}

/// When how many were let in.
async fn enter(address: SocketAddr, rate: u64, seconds: f64) -> Result<Vec<(Instant, u64)>> {
    const SENDERS: u64 = 4;
    const REQUESTS_A_SECOND: u64 = 100;
    let began = Instant::now();
    let each = rate / REQUESTS_A_SECOND;
    let requests = (seconds * REQUESTS_A_SECOND as f64) as u64;
    let senders = (0..SENDERS).map(|place| async move {
        let mut client = Client::connect(address).await?;
        let mut sent = Vec::new();
        for number in (place..requests).step_by(SENDERS as usize) {
            let due = began + Duration::from_secs_f64(number as f64 / REQUESTS_A_SECOND as f64);
            tokio::time::sleep_until(due.into()).await;
            sent.push((Instant::now(), each));
            let body = sparks("s", number * each..(number + 1) * each);
            match client.call("POST", "/v1/batch", "", &body).await? {
                (200, _) => {}
                (status, answer) => bail!("/v1/batch: {status} {answer}"),
            }
        }
        Ok(sent)
    });
    let senders: Vec<_> = senders.map(tokio::spawn).collect();
    let mut all = Vec::new();
    for sender in senders {
        let sent: Result<Vec<(Instant, u64)>> = sender.await?;
        all.extend(sent?);
    }
    all.sort_unstable();
    Ok(all)
}

/// A request in which each of these people sparks. The traffic's people are those of `u-`.
fn sparks(prefix: &str, people: std::ops::Range<u64>) -> String {
    let time = now();
    let one = |person: u64| {
        format!(
            "{{\"type\":\"track\",\"event\":\"{SPARK}\",\"userId\":\"{prefix}-{person:08}\",\"messageId\":\"spark-{person}\",\"timestamp\":\"{time}\"}}"
        )
    };
    let events: Vec<String> = people.map(one).collect();
    format!(
        "{{\"writeKey\":\"{SERVER_KEY}\",\"batch\":[{}],\"sentAt\":\"{time}\"}}",
        events.join(",")
    )
}

struct Late {
    p50_s: f64,
    most_s: f64,
}

/// Watches how many have left until all have. At each look, whoever was due and has not left yet
/// is late by the time since the first such moment.
async fn leave(client: &mut Client, entered: &[(Instant, u64)]) -> Result<Late> {
    let window = Duration::from_secs(WINDOW_S);
    let all: u64 = entered.iter().map(|(_, count)| count).sum();
    let mut late = Vec::new();
    let began = Instant::now();
    loop {
        let asked = Instant::now();
        let left = timers(client).await?;
        let mut due = 0;
        let first = entered.iter().find(|(_, count)| {
            due += count;
            due > left
        });
        let first = first.map(|(moment, _)| *moment + window);
        if let Some(behind) = first.and_then(|first| asked.checked_duration_since(first)) {
            late.push(behind.as_secs_f64());
        } else if left > 0 {
            late.push(0.0);
        }
        if left >= all {
            break;
        }
        if began.elapsed() > PATIENCE {
            bail!("{left} of {all} have left");
        }
        tokio::time::sleep(LOOK).await;
    }
    late.sort_by(f64::total_cmp);
    Ok(Late {
        p50_s: late.get(late.len() / 2).copied().unwrap_or_default(),
        most_s: late.last().copied().unwrap_or_default(),
    })
}

/// Timers fired in the background since the start.
async fn timers(client: &mut Client) -> Result<u64> {
    Ok(gauges::look(client).await?.timers)
}

/// Everybody did something yesterday; at midnight they all leave, while others come and go.
async fn midnight(scale: &Scale, report: &mut Report) -> Result<()> {
    let data = scale.data.join("midnight");
    let server = Server::start(Kind::Whole, &data).await?;
    let rules = [
        (PROBED.to_owned(), format!("did \"{PROBE_EVENT}\"")),
        ("today".to_owned(), format!("did \"{SPARK}\" today")),
    ];
    put_all(&mut server.client().await?, &rules).await?;
    let people = scale.people;
    let hundred = move |number: u64| sparks("u", number * 100..people.min(number * 100 + 100));
    load::pour(server.address, people.div_ceil(100), hundred).await?;
    server.stop().await?;
    let ahead_ms = DAY_MS - now().0.rem_euclid(DAY_MS) - BEFORE_MIDNIGHT_MS;
    let settings = [(crate::wiring::CLOCK_AHEAD_MS, ahead_ms.to_string())];
    let midnight = Instant::now() + Duration::from_millis(BEFORE_MIDNIGHT_MS as u64);
    let server = Server::start_with(Kind::Whole, &data, &settings).await?;
    let seconds = BEFORE_MIDNIGHT_MS as f64 / 1_000.0 + scale.people as f64 / 20_000.0;
    let background = Plan {
        rate: LATENCY_RATE / Shape::Mixed.events() as f64,
        seconds: seconds + 2.0,
        ..plan(scale, server.address, Shape::Mixed)
    };
    let load = tokio::spawn(async move { load::send(&background).await });
    let run = u64::from(std::process::id());
    let probes = probes::membership(server.address, 20.0, seconds, run);
    let (took, settled) = tokio::join!(probes, gone(&server, midnight));
    let (took, settled_s, sent) = (took?, settled?, load.await??);
    let note = format!(
        "{} people leave `did today` at one instant, beside {:.0} events/s on R",
        scale.people,
        sent.rate() * Shape::Mixed.events() as f64
    );
    report.add(
        "timers: midnight, until all have left",
        settled_s,
        "s",
        Target::Below(300.0),
        note,
    );
    let ms = |quantile| took.value_at_quantile(quantile) as f64 / 1_000.0;
    let note = format!(
        "from {} s before it on; p50 {:.1} ms",
        BEFORE_MIDNIGHT_MS / 1_000,
        ms(0.5)
    );
    let name = "timers: event to membership around midnight, p99";
    report.add(name, ms(0.99), "ms", Target::Below(300.0), note);
    server.stop().await
}

/// From midnight until nobody is in the segment, in seconds.
async fn gone(server: &Server, midnight: Instant) -> Result<f64> {
    tokio::time::sleep_until(midnight.into()).await;
    let mut client = server.client().await?;
    loop {
        let (_, answer) = client
            .call("GET", "/api/v1/segments/today", TOKEN, "")
            .await?;
        let answer: serde_json::Value = serde_json::from_str(&answer)?;
        let left = answer["size"].as_u64().context("a size")?;
        if left == 0 {
            return Ok(midnight.elapsed().as_secs_f64());
        }
        if midnight.elapsed() > PATIENCE {
            bail!("{left} have not left");
        }
        tokio::time::sleep(LOOK).await;
    }
}
