//! What reading takes: Segment's Profile API and the decision call while others load the server.

use super::client::Client;
use super::collecting::plan;
use super::folding::LATENCY_RATE;
use super::load::{self, Plan, now};
use super::report::{Report, Target};
use super::server::{Server, TOKEN, WRITE_KEY};
use super::traffic::{Random, Shape};
use super::{Scale, gauges};
use anyhow::{Context, Result, bail};
use base64::Engine as _;
use hdrhistogram::Histogram;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Reads, and decisions, a second.
const RATE: f64 = 100.0;
/// Connections that each kind shares.
const CONNECTIONS: u64 = 16;

/// Everything about reading.
///
/// # Errors
/// Where the server fails.
pub(super) async fn all(scale: &Scale, server: &Server, report: &mut Report) -> Result<()> {
    show(&mut server.client().await?).await?;
    latency(scale, server, report).await
}

/// Lets browsers see two segments, and fills a slot by them.
async fn show(client: &mut Client) -> Result<()> {
    let exposure = r#"{"public": {"segments": ["shoe-fans", "busy-minute"], "traits": ["plan"]}}"#;
    let slot = r#"{"rules": [{"segment": "shoe-fans", "content": {"title": "Shoes"}}], "default": {"title": "Hello"}}"#;
    for (path, body) in [("exposure", exposure), ("slots/hero", slot)] {
        let path = format!("/api/v1/{path}");
        let (status, answer) = client.call("PUT", &path, TOKEN, body).await?;
        if status != 200 {
            bail!("{path}: {status} {answer}");
        }
    }
    Ok(())
}

async fn latency(scale: &Scale, server: &Server, report: &mut Report) -> Result<()> {
    gauges::settle(server.address).await?;
    let shape = Shape::Mixed;
    let background = Plan {
        rate: LATENCY_RATE / shape.events() as f64,
        seconds: scale.seconds + 2.0,
        ..plan(scale, server.address, shape)
    };
    let load = tokio::spawn(async move { load::send(&background).await });
    let run = u64::from(std::process::id());
    let people = scale.people;
    let authorization = base64::engine::general_purpose::STANDARD.encode(format!("{TOKEN}:"));
    let traits = move |random: &mut Random, _: u64| {
        let person = random.below(people);
        format!(
            "GET /v1/spaces/default/collections/users/profiles/user_id:u-{person:08}/traits?limit=50 \
             HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {authorization}\r\n\r\n"
        )
    };
    let decisions = move |random: &mut Random, number: u64| {
        let visitor = random.below(1_000);
        let body = format!(
            "{{\"writeKey\":\"{WRITE_KEY}\",\"anonymousId\":\"d-{run}-{visitor}\",\"content\":[\"hero\"],\
             \"events\":[{{\"type\":\"track\",\"event\":\"Product Viewed\",\"messageId\":\"d-{run}-{number}\",\
             \"timestamp\":\"{}\",\"properties\":{{\"category\":\"shoes\"}}}}]}}",
            now()
        );
        format!(
            "POST /v1/decide HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let (reads, decided) = tokio::join!(
        ask(server.address, scale.seconds, traits),
        ask(server.address, scale.seconds, decisions),
    );
    let offered = load.await??.rate() * shape.events() as f64;
    for (name, histogram, about) in [
        ("profile API, traits", reads?, "random people"),
        (
            "decision call",
            decided?,
            "one event made durable and folded, segments and a slot, in one round trip",
        ),
    ] {
        tell(
            report,
            name,
            &histogram,
            &format!("at {offered:.0} events/s on R, {RATE}/s, open loop; {about}"),
        );
    }
    Ok(())
}

fn tell(report: &mut Report, name: &str, histogram: &Histogram<u64>, about: &str) {
    let ms = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
    let note = format!("{about}; p50 {:.1} ms", ms(0.5));
    report.add(
        &format!("{name}, p95"),
        ms(0.95),
        "ms",
        Target::Below(10.0),
        note,
    );
    report.add(
        &format!("{name}, p99"),
        ms(0.99),
        "ms",
        Target::Below(25.0),
        "the same",
    );
}

/// Sends requests at a set rate; latency counts from the moment each was due, in microseconds.
async fn ask(
    address: SocketAddr,
    seconds: f64,
    request: impl Fn(&mut Random, u64) -> String + Clone + Send + 'static,
) -> Result<Histogram<u64>> {
    let began = Instant::now();
    let readers = (0..CONNECTIONS).map(|place| {
        let request = request.clone();
        async move {
            let mut client = Client::connect(address).await?;
            let mut random = Random(0x5bd1_e995 + place * 977);
            let mut histogram = load::histogram();
            for number in (place..(RATE * seconds) as u64).step_by(CONNECTIONS as usize) {
                let due = began + Duration::from_secs_f64(number as f64 / RATE);
                tokio::time::sleep_until(due.into()).await;
                let request = request(&mut random, number);
                let status = client.send(request.as_bytes()).await?;
                if status != 200 {
                    bail!("{request} was answered with {status}");
                }
                let took = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
                histogram.saturating_record(took);
            }
            Ok(histogram)
        }
    });
    let readers: Vec<_> = readers.map(tokio::spawn).collect();
    let mut all = load::histogram();
    for reader in readers {
        all.add(reader.await.context("a reader")??)?;
    }
    Ok(all)
}
