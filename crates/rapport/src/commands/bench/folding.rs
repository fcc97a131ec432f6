//! The whole flow: everybody comes once, then traffic in three shapes, latency, and a restart.

use super::collecting::{events, plan};
use super::committed::Committed;
use super::gauges::{self, Gauges};
use super::load::{self, Plan};
use super::report::{Report, Target};
use super::server::{Kind, Server};
use super::traffic::Shape;
use super::{Part, Scale, Traffic, committed, directory, held, probes, reads, segments};
use anyhow::Result;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Events that may wait to be folded while a load is measured.
const LAG_EVENTS_MAX: u64 = 20_000;
/// Events a second under which latency is measured.
pub(super) const LATENCY_RATE: f64 = 5_000.0;
/// Probes and reads a second meanwhile.
const PROBES: f64 = 20.0;
const READS: f64 = 100.0;

/// Everything that needs people.
///
/// # Errors
/// Where the server fails.
pub(super) async fn all(scale: &Scale, report: &mut Report) -> Result<()> {
    let data = scale.data.join("whole");
    let server = Server::start(Kind::Whole, &data).await?;
    report.add(
        "memory, nothing there yet",
        megabytes(server.resident_bytes()),
        "MB",
        Target::Below(60.0),
        "resident, after the first start",
    );
    seed(scale, &server, report).await?;
    let mut client = server.client().await?;
    let began = Instant::now();
    segments::put(&mut client).await?;
    let built = segments::COUNT as f64 * scale.people as f64 / began.elapsed().as_secs_f64();
    report.add(
        "segments built from history",
        built,
        "people/s",
        Target::None,
        format!(
            "{} segments one after another, each over everybody",
            segments::COUNT
        ),
    );
    if scale.has(Part::EndToEnd) {
        for (traffic, shape, target) in [
            (Traffic::S1, Shape::Sessions, 40_000.0),
            (Traffic::S2, Shape::Open, 15_000.0),
            (Traffic::R, Shape::Mixed, 10_000.0),
        ] {
            if scale.sends(traffic) {
                sustained(scale, &server, report, (traffic, shape, target)).await?;
            }
        }
        if scale.sends(Traffic::S1) {
            while_folding(scale, &server, report).await?;
        }
        of_collecting(report);
    }
    if scale.has(Part::Latency) {
        latency(scale, &server, report).await?;
    }
    if scale.has(Part::Reads) {
        reads::all(scale, &server, report).await?;
    }
    let gauges = gauges::settle(server.address).await?;
    disk_use(&data, &gauges, report);
    report.add(
        "memory, after the load",
        megabytes(server.resident_bytes()),
        "MB",
        Target::None,
        "resident",
    );
    server.stop().await?;
    if scale.has(Part::Restart) {
        restart(&data, scale, report).await?;
    }
    Ok(())
}

/// Sessions folded beside sessions only collected, and beside batches only collected.
fn of_collecting(report: &mut Report) {
    for (name, collected, target) in [
        (
            "the same sessions",
            "collect alone, S1",
            Target::AtLeast(0.25),
        ),
        ("batches", "collect alone, batches", Target::None),
    ] {
        let folded = report.value("end to end, S1");
        if let (Some(folded), Some(collected)) = (folded, report.value(collected)) {
            let name = format!("end to end, S1, of collecting {name}");
            report.add(&name, folded / collected, "", target, "");
        }
    }
}

async fn seed(scale: &Scale, server: &Server, report: &mut Report) -> Result<()> {
    let rate = everybody(scale, server).await?;
    report.add(
        "new people",
        rate,
        "people/s",
        Target::None,
        "identify with two identifiers and four traits, until all are folded",
    );
    Ok(())
}

/// Everybody comes once; people folded a second.
pub(super) async fn everybody(scale: &Scale, server: &Server) -> Result<f64> {
    let began = Instant::now();
    let hold = Arc::default();
    let governor = tokio::spawn(gauges::govern(server.address, Arc::clone(&hold), 2_000));
    let everybody = Plan {
        requests: scale.people.div_ceil(100),
        seconds: 3_600.0,
        hold,
        ..plan(scale, server.address, Shape::Everybody)
    };
    load::send(&everybody).await?;
    drop(everybody);
    governor.await??;
    gauges::settle(server.address).await?;
    Ok(scale.people as f64 / began.elapsed().as_secs_f64())
}

/// The most that is folded a second while the lag stays bounded.
async fn sustained(
    scale: &Scale,
    server: &Server,
    report: &mut Report,
    (traffic, shape, target): (Traffic, Shape, f64),
) -> Result<()> {
    let Most {
        rate,
        cpu_us,
        flushes,
        compactions,
    } = most(scale, server, shape).await?;
    let note = format!(
        "{} a request, lag at most {LAG_EVENTS_MAX} events, folded to the last; {cpu_us:.1} us of processor an event, {flushes} flushes, {compactions} compactions, {:.0} MB resident",
        shape.events(),
        megabytes(server.resident_bytes()),
    );
    report.add(
        &format!("end to end, {traffic:?}"),
        rate,
        "events/s",
        Target::AtLeast(target),
        note,
    );
    Ok(())
}

/// What a load came to.
pub(super) struct Most {
    /// Events folded a second.
    pub(super) rate: f64,
    /// Processor time of the server an event, in microseconds.
    pub(super) cpu_us: f64,
    flushes: u64,
    compactions: u64,
}

/// Sends as much as is folded with a bounded lag.
pub(super) async fn most(scale: &Scale, server: &Server, shape: Shape) -> Result<Most> {
    let before = gauges::settle(server.address).await?;
    let cpu = server.cpu_seconds();
    let began = Instant::now();
    let hold = Arc::default();
    let lag_max = LAG_EVENTS_MAX / shape.events();
    let governor = tokio::spawn(gauges::govern(server.address, Arc::clone(&hold), lag_max));
    let everything = Plan {
        hold,
        ..plan(scale, server.address, shape)
    };
    load::send(&everything).await?;
    drop(everything);
    governor.await??;
    let after = gauges::settle(server.address).await?;
    let folded = (after.folded - before.folded) as f64;
    Ok(Most {
        rate: folded / began.elapsed().as_secs_f64(),
        cpu_us: (server.cpu_seconds() - cpu) * 1e6 / folded,
        flushes: after.flushes - before.flushes,
        compactions: after.compactions - before.compactions,
    })
}

/// What the door takes while the writer works, the lag growing as it may.
async fn while_folding(scale: &Scale, server: &Server, report: &mut Report) -> Result<()> {
    let before = gauges::settle(server.address).await?;
    let everything = Plan {
        seconds: scale.seconds.min(10.0),
        ..plan(scale, server.address, Shape::Sessions)
    };
    let sent = load::send(&everything).await?;
    let mut client = server.client().await?;
    let after = gauges::look(&mut client).await?;
    let folded = (after.folded - before.folded) as f64 / sent.seconds;
    let note = format!(
        "S1, {folded:.0} events/s folded meanwhile, p99 {:.0} ms",
        sent.latency_ms(0.99)
    );
    report.add(
        "collect while folding",
        events(&sent, Shape::Sessions),
        "events/s",
        Target::None,
        note,
    );
    gauges::settle(server.address).await?;
    Ok(())
}

/// From event to membership and reads, while R goes on at a set rate.
async fn latency(scale: &Scale, server: &Server, report: &mut Report) -> Result<()> {
    gauges::settle(server.address).await?;
    let before = committed::look(&mut server.client().await?).await?;
    let shape = Shape::Mixed;
    let background = Plan {
        rate: LATENCY_RATE / shape.events() as f64,
        seconds: scale.seconds + 2.0,
        ..plan(scale, server.address, shape)
    };
    let load = tokio::spawn(async move { load::send(&background).await });
    let seconds = scale.seconds;
    let run = u64::from(std::process::id());
    let (memberships, reads) = tokio::join!(
        probes::membership(server.address, PROBES, seconds, run),
        probes::reads(server.address, scale.people, READS, seconds),
    );
    let (memberships, reads, sent) = (memberships?, reads?, load.await??);
    let ms = |histogram: &hdrhistogram::Histogram<u64>, quantile| {
        histogram.value_at_quantile(quantile) as f64 / 1_000.0
    };
    let offered = events(&sent, shape);
    let note = format!(
        "at {offered:.0} events/s on R: from the moment the event was due until a read shows it, looks 4 ms apart; p50 {:.1} ms",
        ms(&memberships, 0.5)
    );
    report.add(
        "event to membership, p99",
        ms(&memberships, 0.99),
        "ms",
        Target::Below(300.0),
        note,
    );
    let after = committed::look(&mut server.client().await?).await?;
    to_commit(&after.since(&before), report);
    let note = format!(
        "random people, {READS} reads/s, open loop; p50 {:.1} ms",
        ms(&reads, 0.5)
    );
    report.add(
        "profile read, p95",
        ms(&reads, 0.95),
        "ms",
        Target::Below(10.0),
        note,
    );
    report.add(
        "profile read, p99",
        ms(&reads, 0.99),
        "ms",
        Target::Below(25.0),
        "the same",
    );
    report.add(
        "collect under that load, p99",
        sent.latency_ms(0.99),
        "ms",
        Target::None,
        format!("open loop, p50 {:.1} ms", sent.latency_ms(0.5)),
    );
    Ok(())
}

/// The second way to see how long until an event counts: from inside, and of every event.
fn to_commit(took: &Committed, report: &mut Report) {
    let note = format!(
        "all {} events of that load, by the server's own histogram: from the ledger's stamp, before its fsync, to the commit that has their memberships; p50 {:.1} ms",
        took.events(),
        took.quantile_ms(0.5)
    );
    let p99_ms = took.quantile_ms(0.99);
    report.add("event to commit, p99", p99_ms, "ms", Target::None, note);
}

fn disk_use(data: &Path, gauges: &Gauges, report: &mut Report) {
    let events = gauges.folded.max(1) as f64;
    for (name, folder, prefix) in [
        ("ledger", data.to_owned(), "ledger"),
        ("state", data.to_owned(), "state"),
        ("history", data.join("history"), ""),
        ("seen ids", data.join("seen"), ""),
    ] {
        let bytes = directory::bytes(&folder, prefix) as f64;
        let note = format!("{:.0} MB, {events:.0} events folded", bytes / 1e6);
        report.add(
            &format!("disk, {name}"),
            bytes / events,
            "bytes/event",
            Target::None,
            note,
        );
    }
}

async fn restart(data: &Path, scale: &Scale, report: &mut Report) -> Result<()> {
    let server = Server::start(Kind::Whole, data).await?;
    let ready = server.ready_after.as_secs_f64();
    let note = format!("{} people, after SIGTERM", scale.people);
    report.add(
        "cold start until ready",
        ready,
        "s",
        Target::Below(2.0),
        note,
    );
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let resident = server.resident_bytes();
    let note = format!("resident, {} people, nothing asked yet", scale.people);
    report.add(
        "memory, everybody there",
        megabytes(resident),
        "MB",
        Target::Below(400.0),
        note,
    );
    let under = Plan {
        seconds: scale.seconds.min(10.0),
        rate: 250.0,
        ..plan(scale, server.address, Shape::Mixed)
    };
    load::send(&under).await?;
    gauges::settle(server.address).await?;
    report.add(
        "memory, everybody there, under load",
        megabytes(server.resident_bytes()),
        "MB",
        Target::Below(400.0),
        "resident, after 5,000 events/s on R",
    );
    drop(server);
    let server = Server::start(Kind::Whole, data).await?;
    report.add(
        "start after kill -9 under load",
        server.ready_after.as_secs_f64(),
        "s",
        Target::None,
        "until ready",
    );
    server.stop().await?;
    held::measure(data, scale, report).await
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
