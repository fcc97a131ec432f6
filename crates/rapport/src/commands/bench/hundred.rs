//! A hundred live segments: what they cost the flow beside one, when each event moves ten of their
//! leaves; how long an event then takes to a membership; how long explaining one takes.

use super::client::Client;
use super::collecting::plan;
use super::folding::{self, LATENCY_RATE};
use super::load::{self, Plan};
use super::report::{Report, Target};
use super::segments::{PROBE_EVENT, PROBED, put_all};
use super::server::{Kind, Server, TOKEN};
use super::traffic::{Random, Shape};
use super::{Scale, algebra, directory, gauges, probes};
use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// The names of the traffic's events.
const NAMES: [&str; 10] = [
    "Product List Viewed",
    "Product Viewed",
    "Product Clicked",
    "Product Added",
    "Cart Viewed",
    "Checkout Started",
    "Payment Info Entered",
    "Order Completed",
    "Product Removed",
    "Coupon Applied",
];
/// Leaves of each name, one of every segment; another is of all names.
const LEAVES: usize = 9;
/// People of whom a run explains one.
const EXPLAINED: u64 = 500;

/// Everything about a hundred segments.
///
/// # Errors
/// Where the server fails.
pub(super) async fn all(scale: &Scale, report: &mut Report) -> Result<()> {
    let moving = moving();
    let alone = cost(scale, report, "1", &moving[..1]).await?;
    let together = cost(scale, report, "100", &moving).await?;
    report.add(
        "segments: a folded event with 100, of 1",
        together / alone,
        "",
        Target::Below(2.0),
        "processor time of the server, R; each event moves ten leaves of the hundred",
    );
    mixed(scale, report).await
}

/// A hundred segments, of whose leaves each event moves ten: nine of its name, and that of all.
fn moving() -> Vec<(String, String)> {
    let rule = |nth: usize| {
        let (name, leaf) = (NAMES[nth / LEAVES % NAMES.len()], nth % LEAVES);
        let (price, times, days) = (5 * (leaf + 1), 1 + leaf % 4, 1 + 3 * leaf);
        format!("did \"{name}\" where price > {price} at least {times} times within {days} days")
    };
    let named = (0..NAMES.len() * LEAVES).map(rule);
    let unnamed = (1..=10).map(|times| format!("did track at least {times} times within 1 day"));
    let rules = named.chain(unnamed).enumerate();
    rules
        .map(|(nth, rule)| (format!("moving-{nth}"), rule))
        .collect()
}

/// Processor time an event of R takes.
async fn cost(
    scale: &Scale,
    report: &mut Report,
    count: &str,
    rules: &[(String, String)],
) -> Result<f64> {
    let data = scale.data.join(format!("segments-{count}"));
    let server = Server::start(Kind::Whole, &data).await?;
    put_all(&mut server.client().await?, rules).await?;
    folding::everybody(scale, &server).await?;
    let before = directory::bytes(&data, "state");
    let most = folding::most(scale, &server, Shape::Mixed).await?;
    let grown = directory::bytes(&data, "state").saturating_sub(before);
    let note = format!(
        "R, {:.0} events/s; the state is {:.0} bytes a profile, {:.0} more than before",
        most.rate,
        directory::bytes(&data, "state") as f64 / scale.people as f64,
        grown as f64 / scale.people as f64,
    );
    let name = format!("segments: a folded event with {count}");
    report.add(&name, most.cpu_us, "us", Target::None, note);
    server.stop().await?;
    Ok(most.cpu_us)
}

/// A hundred of mixed shape on the traffic's categories.
async fn mixed(scale: &Scale, report: &mut Report) -> Result<()> {
    let server = Server::start(Kind::Whole, &scale.data.join("segments-mixed")).await?;
    let probed = (PROBED.to_owned(), format!("did \"{PROBE_EVENT}\""));
    let categories = [
        "shoes", "coats", "boots", "pants", "belts", "scarf", "glove", "shirt",
    ];
    let spelled = |nth: usize| {
        let (rule, of) = (algebra::rule(nth), nth / 8);
        let rule = rule.replace(
            &format!("\"c{of}\""),
            &format!("\"{}\"", categories[of % 8]),
        );
        (format!("mixed-{nth}"), rule.replace("revenue", "price"))
    };
    let rules: Vec<_> = std::iter::once(probed)
        .chain((0..99).map(spelled))
        .collect();
    put_all(&mut server.client().await?, &rules).await?;
    folding::everybody(scale, &server).await?;
    latency(scale, &server, report).await?;
    explain(scale, &server, report).await?;
    server.stop().await
}

async fn latency(scale: &Scale, server: &Server, report: &mut Report) -> Result<()> {
    gauges::settle(server.address).await?;
    let background = Plan {
        rate: LATENCY_RATE / Shape::Mixed.events() as f64,
        seconds: scale.seconds + 2.0,
        ..plan(scale, server.address, Shape::Mixed)
    };
    let load = tokio::spawn(async move { load::send(&background).await });
    let run = u64::from(std::process::id());
    let took = probes::membership(server.address, 20.0, scale.seconds, run).await?;
    let sent = load.await??;
    let ms = |quantile| took.value_at_quantile(quantile) as f64 / 1_000.0;
    let note = format!(
        "at {:.0} events/s on R, random among {} people; p50 {:.1} ms",
        sent.rate() * Shape::Mixed.events() as f64,
        scale.people,
        ms(0.5)
    );
    let name = "segments: event to membership with 100, p99";
    report.add(name, ms(0.99), "ms", Target::Below(300.0), note);
    Ok(())
}

/// Explaining a segment of each shape of random people, one after another.
async fn explain(scale: &Scale, server: &Server, report: &mut Report) -> Result<()> {
    gauges::settle(server.address).await?;
    let mut client: Client = server.client().await?;
    let mut random = Random(11);
    let mut took = load::histogram();
    for nth in 0..EXPLAINED {
        let (segment, person) = (nth % 99, random.below(scale.people));
        let path =
            format!("/api/v1/segments/mixed-{segment}/explain?profile=user_id:u-{person:08}");
        let began = Instant::now();
        let (status, answer) = client.call("GET", &path, TOKEN, "").await?;
        if status != 200 {
            bail!("{path}: {status} {answer}");
        }
        took.saturating_record(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let ms = |quantile| took.value_at_quantile(quantile) as f64 / 1_000.0;
    let note = format!(
        "{EXPLAINED} random people, segments of eight shapes, nothing else asked; p50 {:.2} ms",
        ms(0.5)
    );
    report.add("segments: explain, p99", ms(0.99), "ms", Target::None, note);
    Ok(())
}
