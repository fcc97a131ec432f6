//! The load: requests are due at set moments, and latency counts from that moment, so a server
//! that stalls cannot hide it by being asked less (no coordinated omission).

use super::client::Client;
use super::gauges;
use super::traffic::{Shape, Traffic};
use anyhow::{Result, bail};
use hdrhistogram::Histogram;
use rapport_core::time::Millis;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// What to send.
#[derive(Clone)]
pub(super) struct Plan {
    /// The server.
    pub(super) address: SocketAddr,
    /// The write key.
    pub(super) key: String,
    /// The shape of traffic.
    pub(super) shape: Shape,
    /// Among how many people.
    pub(super) people: u64,
    /// Connections kept open.
    pub(super) connections: usize,
    /// Requests a second; 0 sends the next one when one is answered.
    pub(super) rate: f64,
    /// How long.
    pub(super) seconds: f64,
    /// Requests at most; 0 is without end.
    pub(super) requests: u64,
    /// Number of the first request: no two loads of a directory may share numbers.
    pub(super) first: u64,
    /// While it says so, nothing is sent.
    pub(super) hold: Arc<AtomicBool>,
}

/// What came of it.
pub(super) struct Sent {
    /// Requests answered with 200.
    pub(super) accepted: u64,
    /// Requests answered with 429.
    pub(super) busy: u64,
    /// Requests answered with anything else.
    pub(super) failed: u64,
    /// How long it took, in seconds.
    pub(super) seconds: f64,
    /// From the moment a request was due to its answer, in microseconds.
    pub(super) latency_us: Histogram<u64>,
}

impl Sent {
    /// Accepted requests a second.
    pub(super) fn rate(&self) -> f64 {
        self.accepted as f64 / self.seconds
    }

    /// A quantile of latency, in milliseconds.
    pub(super) fn latency_ms(&self, quantile: f64) -> f64 {
        self.latency_us.value_at_quantile(quantile) as f64 / 1_000.0
    }
}

/// Now, as the ledger counts.
pub(super) fn now() -> Millis {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Sends the plan.
///
/// # Errors
/// Where a connection breaks.
pub(super) async fn send(plan: &Plan) -> Result<Sent> {
    let began = Instant::now();
    let next = Arc::new(AtomicU64::new(0));
    let senders: Vec<_> = (0..plan.connections)
        .map(|place| tokio::spawn(sender(plan.clone(), place as u64, began, Arc::clone(&next))))
        .collect();
    let mut sent = Sent {
        accepted: 0,
        busy: 0,
        failed: 0,
        seconds: 0.0,
        latency_us: histogram(),
    };
    for sender in senders {
        let part = sender.await??;
        sent.accepted += part.accepted;
        sent.busy += part.busy;
        sent.failed += part.failed;
        sent.latency_us.add(part.latency_us)?;
    }
    sent.seconds = began.elapsed().as_secs_f64();
    if sent.accepted == 0 {
        bail!(
            "the server accepted nothing: {} failed, {} were too much",
            sent.failed,
            sent.busy
        );
    }
    Ok(sent)
}

/// One microsecond to ten minutes, to three digits.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000, 3).expect("the bounds are right")
}

async fn sender(plan: Plan, place: u64, began: Instant, next: Arc<AtomicU64>) -> Result<Sent> {
    let mut client = Client::connect(plan.address).await?;
    let seed = (plan.first + place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut traffic = Traffic::new(plan.shape, plan.people, &plan.key, seed);
    let mut sent = Sent {
        accepted: 0,
        busy: 0,
        failed: 0,
        seconds: 0.0,
        latency_us: histogram(),
    };
    loop {
        while plan.hold.load(Ordering::Relaxed) && began.elapsed().as_secs_f64() < plan.seconds {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let number = next.fetch_add(1, Ordering::Relaxed);
        let mut due = began.elapsed();
        if plan.rate > 0.0 {
            due = Duration::from_secs_f64(number as f64 / plan.rate);
            tokio::time::sleep_until((began + due).into()).await;
        }
        if due.as_secs_f64() >= plan.seconds || (plan.requests > 0 && number >= plan.requests) {
            return Ok(sent);
        }
        let status = client
            .send(traffic.request(plan.first + number, now()))
            .await?;
        let took = (began.elapsed() - due).as_micros();
        sent.latency_us
            .saturating_record(u64::try_from(took).unwrap_or(u64::MAX));
        match status {
            200 => sent.accepted += 1,
            429 => {
                sent.busy += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            _ => sent.failed += 1,
        }
    }
}

/// Connections that pour.
const POURING: u64 = 4;

/// Sends requests of `/v1/batch` by their numbers while not too many wait, until all are folded.
///
/// # Errors
/// Where one is refused for another reason than that the server is busy.
pub(super) async fn pour(
    address: SocketAddr,
    requests: u64,
    body: impl Fn(u64) -> String + Clone + Send + 'static,
) -> Result<()> {
    let hold = Arc::default();
    let governor = tokio::spawn(gauges::govern(address, Arc::clone(&hold), 500));
    let senders = (0..POURING).map(|place| {
        let (hold, body) = (Arc::clone(&hold), body.clone());
        tokio::spawn(async move {
            let mut client = Client::connect(address).await?;
            for number in (place..requests).step_by(POURING as usize) {
                let body = body(number);
                loop {
                    while hold.load(Ordering::Relaxed) {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    match client.call("POST", "/v1/batch", "", &body).await? {
                        (200, _) => break,
                        (429, _) => tokio::time::sleep(Duration::from_millis(20)).await,
                        (status, answer) => bail!("/v1/batch: {status} {answer}"),
                    }
                }
            }
            Ok::<(), anyhow::Error>(())
        })
    });
    let senders: Vec<_> = senders.collect();
    for sender in senders {
        sender.await??;
    }
    drop(hold);
    governor.await??;
    gauges::settle(address).await?;
    Ok(())
}
