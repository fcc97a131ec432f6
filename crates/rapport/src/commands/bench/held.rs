//! What a profile costs in memory while it is held decoded: the same load twice over the same
//! people, once with room for many of them and once with room for few.

use super::Scale;
use super::collecting::plan;
use super::gauges;
use super::load::{self, Plan};
use super::report::{Report, Target};
use super::server::{Kind, Server};
use super::traffic::Shape;
use anyhow::Result;
use std::path::Path;

/// Profiles there is room for, the second time and the first.
const MANY: u64 = 200_000;
const FEW: u64 = 1_000;
/// Events a second of people drawn at random, and for how long at most.
const RATE: f64 = 10_000.0;
const SECONDS_MAX: f64 = 10.0;

/// How many profiles a server held at the end, and its resident memory.
struct Held {
    profiles: u64,
    resident_bytes: u64,
}

/// Adds the figure.
///
/// # Errors
/// Where a server fails.
pub(super) async fn measure(data: &Path, scale: &Scale, report: &mut Report) -> Result<()> {
    let few = load_with(FEW, data, scale).await?;
    let many = load_with(MANY, data, scale).await?;
    let profiles = many.profiles.saturating_sub(few.profiles);
    let bytes = many.resident_bytes.saturating_sub(few.resident_bytes);
    let note = format!(
        "resident memory of two servers after the same load on R: {:.0} MB with {} profiles held, {:.0} MB with {}",
        many.resident_bytes as f64 / 1e6,
        many.profiles,
        few.resident_bytes as f64 / 1e6,
        few.profiles
    );
    report.add(
        "memory, per profile held",
        bytes as f64 / profiles.max(1) as f64,
        "bytes",
        Target::None,
        note,
    );
    Ok(())
}

async fn load_with(room: u64, data: &Path, scale: &Scale) -> Result<Held> {
    let settings = [
        ("RAPPORT_FLOW_CACHE_PROFILES", room.to_string()),
        // What waits to be flushed is not what is measured.
        ("RAPPORT_FLOW_FLUSH_AGE_MS", "500".to_owned()),
    ];
    let server = Server::start_with(Kind::Whole, data, &settings).await?;
    let shape = Shape::Mixed;
    let load = Plan {
        seconds: scale.seconds.min(SECONDS_MAX),
        rate: RATE / shape.events() as f64,
        ..plan(scale, server.address, shape)
    };
    load::send(&load).await?;
    let gauges = gauges::settle(server.address).await?;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let held = Held {
        profiles: gauges.held,
        resident_bytes: server.resident_bytes(),
    };
    server.stop().await?;
    Ok(held)
}
