//! Records at scale: lists, boards, timelines and writes of sales and service while events flow,
//! each beside the same question in plain SQL.

use super::collecting::plan;
use super::gauges;
use super::load::{self, Plan};
use super::report::{Report, Target};
use super::server::{Kind, Server};
use super::traffic::{Random, Shape};
use super::{Part, Scale};
use anyhow::Result;
use hdrhistogram::Histogram;
use std::time::Instant;

mod ask;
mod floor;
mod seed;

/// Events a second that flow meanwhile.
const FLOW_RATE: f64 = 2_000.0;
/// Answers of each question that are timed.
const TIMES: usize = 60;
/// The share of contacts that meet all of three conditions: a half, down to none.
const SELECTIVITIES: [(&str, f64); 5] = [
    ("50 %", 0.5),
    ("1 %", 0.01),
    ("0.1 %", 0.001),
    ("0.001 %", 0.000_01),
    ("none", 0.0),
];
/// The property that lists are sorted by, and in plain SQL the column.
const SORTED_BY: &str = "lastname";
/// What three conditions ask of a contact: numbers below a million each, the last the first
/// counted from the other end.
const FACTS: [&str; 3] = ["bench_a", "bench_b", "bench_c"];
const FACTS_BELOW: u64 = 1_000_000;

/// Three upper bounds that this share of all contacts stays below.
fn bounds(share: f64) -> [u64; 3] {
    if share == 0.0 {
        // A tenth each, and no contact meets the first and the last.
        return [FACTS_BELOW / 10; 3];
    }
    let each = (FACTS_BELOW as f64 * share.sqrt()) as u64;
    [each, each, FACTS_BELOW + 1]
}

/// Everything about records.
///
/// # Errors
/// Where the server fails.
pub(super) async fn all(scale: &Scale, report: &mut Report) -> Result<()> {
    debug_assert!(scale.has(Part::Records));
    floor::all(scale, report)?;
    let data = scale.data.join("records");
    let server = Server::start(Kind::Whole, &data).await?;
    let began = Instant::now();
    let made = seed::all(scale, &server, report).await?;
    gauges::settle(server.address).await?;
    report.add(
        "records: made",
        made as f64 / began.elapsed().as_secs_f64(),
        "records/s",
        Target::None,
        format!("{made} in batches of 100, through the doors"),
    );
    let flow = Plan {
        rate: FLOW_RATE / Shape::Mixed.events() as f64,
        seconds: 3_600.0,
        ..plan(scale, server.address, Shape::Mixed)
    };
    let flow = tokio::spawn(async move { load::send(&flow).await });
    let asked = ask::all(scale, &server, report).await;
    flow.abort();
    asked?;
    report.add(
        "records: memory",
        server.resident_bytes() as f64 / 1e6,
        "MB",
        Target::None,
        "resident, after all of it",
    );
    server.stop().await
}

/// Adds what was timed, in microseconds, at its 95th percentile.
fn tell(report: &mut Report, name: &str, took: &Histogram<u64>, target: Target, about: &str) {
    let ms = |quantile| took.value_at_quantile(quantile) as f64 / 1_000.0;
    let note = format!(
        "{about}; p50 {:.1} ms, p99 {:.1} ms of {}",
        ms(0.5),
        ms(0.99),
        took.len()
    );
    report.add(name, ms(0.95), "ms", target, note);
}

fn record(took: &mut Histogram<u64>, began: Instant) {
    took.saturating_record(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
}

/// A contact's three facts and its family name, from its number alone: the server and the floor
/// get the same.
fn contact(number: u64) -> ([u64; 3], String) {
    let mut random = Random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    random.below(2);
    let a = random.below(FACTS_BELOW);
    let b = random.below(FACTS_BELOW);
    let name = format!("Name{:08x}", random.below(u64::from(u32::MAX)));
    ([a, b, FACTS_BELOW - a], name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_contacts_meet_the_conditions_as_said() {
        for (name, share) in SELECTIVITIES {
            let [a, b, c] = bounds(share);
            let meets = |number: &u64| {
                let (facts, _) = contact(*number);
                facts[0] < a && facts[1] < b && facts[2] < c
            };
            let found = (0..200_000).filter(meets).count() as f64 / 200_000.0;
            assert!(
                (found - share).abs() <= 0.01 * share + 0.001,
                "{name}: {found}"
            );
        }
    }
}
