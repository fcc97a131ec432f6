//! Floors, and collecting alone: a server that puts requests on the ledger and folds none.

use super::load::{self, Plan, Sent};
use super::report::{Report, Target};
use super::server::{Kind, SERVER_KEY, Server, WRITE_KEY};
use super::traffic::Shape;
use super::{Scale, floor, gauges};
use anyhow::Result;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Connections for batches: a batch holds the processor for long enough.
const CONNECTIONS: usize = 32;
/// Connections for single events: many wait for one sync.
const CONNECTIONS_SINGLE: usize = 1_024;
/// A profile's row with a few segments and leaves, in bytes.
const ROW_BYTES: usize = 600;

/// The disk, the engine writing rows nobody computed, and a server that only parses and appends.
///
/// # Errors
/// Where a floor cannot be measured.
pub(super) async fn floors(scale: &Scale, report: &mut Report) -> Result<()> {
    let (syncs, megabytes) = floor::disk(&scale.data.join("disk"), scale.seconds.min(5.0))?;
    report.add(
        "floor: appends of 4 KB made durable",
        syncs,
        "/s",
        Target::None,
        "write + fdatasync, one by one",
    );
    report.add(
        "floor: disk, one long write",
        megabytes,
        "MB/s",
        Target::None,
        "fdatasync every 64 MB",
    );
    let rows = floor::state_rows(
        &scale.data.join("rows"),
        scale.people,
        ROW_BYTES,
        scale.seconds,
    )
    .await?;
    report.add(
        "floor: rows replaced at random",
        rows,
        "rows/s",
        Target::None,
        "SQLite, 4,000 a transaction, 600 B each",
    );
    let server = Server::start(Kind::Floor, &scale.data.join("floor")).await?;
    let batches = load::send(&plan(scale, server.address, Shape::Batches)).await?;
    report.add(
        "floor: parse and append, batches of 100",
        events(&batches, Shape::Batches),
        "events/s",
        Target::None,
        "same HTTP server, typed parse, append, one fdatasync for all that wait",
    );
    let singles = load::send(&plan(scale, server.address, Shape::Anybody)).await?;
    report.add(
        "floor: parse and append, single events",
        singles.rate(),
        "requests/s",
        Target::None,
        "the same",
    );
    Ok(())
}

/// What the door and the ledger take when the writer rests.
///
/// # Errors
/// Where the server fails.
pub(super) async fn paused(scale: &Scale, report: &mut Report) -> Result<()> {
    let server = Server::start(Kind::Paused, &scale.data.join("paused")).await?;
    let before = server.cpu_seconds();
    let batches = load::send(&plan(scale, server.address, Shape::Batches)).await?;
    let cpu_us = (server.cpu_seconds() - before) * 1e6 / (batches.accepted as f64 * 100.0);
    let note = format!(
        "batches of 100, p50 {:.1} ms, p99 {:.1} ms, {cpu_us:.2} us of processor an event",
        batches.latency_ms(0.5),
        batches.latency_ms(0.99)
    );
    let all = events(&batches, Shape::Batches);
    report.add(
        "collect alone, batches",
        all,
        "events/s",
        Target::AtLeast(150_000.0),
        note,
    );
    let sessions = load::send(&plan(scale, server.address, Shape::Sessions)).await?;
    report.add(
        "collect alone, S1",
        events(&sessions, Shape::Sessions),
        "events/s",
        Target::None,
        "a session of 12 a request",
    );
    singles(scale, &server, report).await?;
    let mut client = server.client().await?;
    let waiting = gauges::look(&mut client).await?.lag_requests;
    report.add(
        "collect alone, requests left waiting",
        waiting as f64,
        "",
        Target::None,
        "nothing was folded meanwhile",
    );
    beside_floors(report);
    Ok(())
}

async fn singles(scale: &Scale, server: &Server, report: &mut Report) -> Result<()> {
    let singles = load::send(&plan(scale, server.address, Shape::Anybody)).await?;
    let note = format!(
        "p50 {:.1} ms, p99 {:.1} ms, {CONNECTIONS_SINGLE} connections",
        singles.latency_ms(0.5),
        singles.latency_ms(0.99)
    );
    report.add(
        "collect alone, single events",
        singles.rate(),
        "requests/s",
        Target::AtLeast(20_000.0),
        note,
    );
    let open = Plan {
        rate: singles.rate() * 0.5,
        ..plan(scale, server.address, Shape::Anybody)
    };
    let open = load::send(&open).await?;
    report.add(
        "collect alone, latency at half of that, p99",
        open.latency_ms(0.99),
        "ms",
        Target::None,
        format!("open loop, p50 {:.1} ms", open.latency_ms(0.5)),
    );
    Ok(())
}

fn beside_floors(report: &mut Report) {
    for (name, of) in [
        ("batches", "batches of 100"),
        ("single events", "single events"),
    ] {
        let floor = report.value(&format!("floor: parse and append, {of}"));
        if let (Some(floor), Some(value)) = (floor, report.value(&format!("collect alone, {name}")))
        {
            report.add(
                &format!("collect alone, {name}, of its floor"),
                value / floor,
                "",
                Target::None,
                "",
            );
        }
    }
}

/// Sends a shape of traffic as fast as it is answered.
pub(super) fn plan(scale: &Scale, address: SocketAddr, shape: Shape) -> Plan {
    let is_single = shape.events() == 1;
    let key = if matches!(shape, Shape::Sessions | Shape::Open) {
        WRITE_KEY
    } else {
        SERVER_KEY
    };
    Plan {
        address,
        key: key.to_owned(),
        shape,
        people: scale.people,
        connections: if is_single {
            CONNECTIONS_SINGLE
        } else {
            CONNECTIONS
        },
        rate: 0.0,
        seconds: scale.seconds,
        requests: 0,
        first: first(),
        hold: Arc::default(),
    }
}

/// Events a second.
pub(super) fn events(sent: &Sent, shape: Shape) -> f64 {
    sent.rate() * shape.events() as f64
}

/// A number far from every number used before.
fn first() -> u64 {
    static LOADS: AtomicU64 = AtomicU64::new(1);
    LOADS.fetch_add(1, std::sync::atomic::Ordering::Relaxed) << 32
}
