//! What somebody outside sees while others load the server: how long until an event has put its
//! person into a segment, and how long reading a profile takes.

use super::client::Client;
use super::load::{self, now};
use super::segments::{PROBE_EVENT, PROBED};
use super::server::{SERVER_KEY, TOKEN};
use super::traffic::Random;
use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long to wait between two looks whether the membership is there.
const LOOK: Duration = Duration::from_millis(4);
/// A membership that takes longer than this is a failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends an event of a new person `rate` times a second, and looks at that person's profile until
/// it is in the segment. Latency counts from the moment the event was due, in microseconds; the
/// resolution is one look, about 5 ms.
///
/// # Errors
/// Where the server does not answer, or a membership never comes.
pub(super) async fn membership(
    address: SocketAddr,
    rate: f64,
    seconds: f64,
    run: u64,
) -> Result<Histogram<u64>> {
    let began = Instant::now();
    let probes = (0..(rate * seconds) as u64).map(|number| async move {
        let due = began + Duration::from_secs_f64(number as f64 / rate);
        tokio::time::sleep_until(due.into()).await;
        probe(address, run, number, due).await
    });
    let probes: Vec<_> = probes.map(tokio::spawn).collect();
    let mut histogram = load::histogram();
    for probe in probes {
        let took = probe.await??;
        histogram.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }
    Ok(histogram)
}

async fn probe(address: SocketAddr, run: u64, number: u64, due: Instant) -> Result<Duration> {
    let mut client = Client::connect(address).await?;
    let person = format!("probe-{run}-{number}");
    let body = format!(
        "{{\"writeKey\":\"{SERVER_KEY}\",\"type\":\"track\",\"event\":\"{PROBE_EVENT}\",\"userId\":\"{person}\",\
         \"messageId\":\"{person}\",\"timestamp\":\"{}\",\"properties\":{{\"category\":\"shoes\"}}}}",
        now()
    );
    let (status, answer) = client.call("POST", "/v1/track", "", &body).await?;
    if status != 200 {
        bail!("a probe was answered with {status} {answer}");
    }
    let path = format!("/api/v1/profiles/user_id:{person}");
    let member = format!("\"{PROBED}\"");
    while due.elapsed() < PATIENCE {
        let (_, profile) = client.call("GET", &path, TOKEN, "").await?;
        if profile.contains(&member) {
            return Ok(due.elapsed());
        }
        tokio::time::sleep(LOOK).await;
    }
    bail!("{person} never came into the segment")
}

/// Reads random people's profiles `rate` times a second; latency in microseconds from the moment
/// each read was due.
///
/// # Errors
/// Where the server does not answer, or somebody who must be there is not.
pub(super) async fn reads(
    address: SocketAddr,
    people: u64,
    rate: f64,
    seconds: f64,
) -> Result<Histogram<u64>> {
    const CONNECTIONS: u64 = 8;
    let began = Instant::now();
    let readers = (0..CONNECTIONS).map(|place| async move {
        let mut client = Client::connect(address).await?;
        let mut random = Random(0x5bd1_e995 + place * 977);
        let mut histogram = load::histogram();
        for number in (place..(rate * seconds) as u64).step_by(CONNECTIONS as usize) {
            let due = began + Duration::from_secs_f64(number as f64 / rate);
            tokio::time::sleep_until(due.into()).await;
            let path = format!("/api/v1/profiles/user_id:u-{:08}", random.below(people));
            let (status, answer) = client.call("GET", &path, TOKEN, "").await?;
            if status != 200 {
                bail!("{path} was answered with {status} {answer}");
            }
            let took = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
            histogram.saturating_record(took);
        }
        Ok(histogram)
    });
    let readers: Vec<_> = readers.map(tokio::spawn).collect();
    let mut all = load::histogram();
    for reader in readers {
        all.add(reader.await.context("a reader")??)?;
    }
    Ok(all)
}
