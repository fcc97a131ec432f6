//! `rapport bench`: starts servers of its own and measures them from a process of its own.

mod algebra;
mod client;
mod collecting;
mod committed;
mod dialects;
mod directory;
mod floor;
mod folding;
mod gauges;
mod held;
mod hundred;
mod importing;
mod layouts;
mod load;
mod paired;
mod probes;
mod reads;
mod rebuild;
mod records;
mod report;
mod segments;
mod server;
mod timers;
mod traffic;
mod transforming;
mod watching;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use report::Report;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures this program on this machine: collecting, folding, latency, memory, disk, each beside
/// a floor measured in the same run. Servers are started for it on directories of their own,
/// which are removed again. The load shares the machine's cores with them.
#[derive(Args)]
pub(crate) struct Arguments {
    /// A tenth of the people and a few seconds for each load: under three minutes in all.
    #[arg(long)]
    quick: bool,
    /// How many people there are.
    #[arg(long, value_name = "N")]
    people: Option<u64>,
    /// How long each load goes on.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// Only these parts.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// End to end only these shapes of traffic.
    #[arg(long, value_enum, value_delimiter = ',')]
    traffic: Vec<Traffic>,
    /// Writes the figures as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where the servers' directories are made; on the disk to be measured.
    #[arg(long, value_name = "DIR", default_value = "bench-data")]
    data: PathBuf,
    /// How many events there are of which a segment is built.
    #[arg(long, value_name = "N")]
    events: Option<u64>,
    /// A Python that has the package duckdb, which is then measured beside a build.
    #[arg(long, value_name = "PROGRAM")]
    duckdb: Option<PathBuf>,
    /// Pairs of rounds with and without a hundred viewers: the more, the narrower the interval.
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..))]
    pairs: u32,
    /// Keeps the directories.
    #[arg(long)]
    keep: bool,
    #[arg(long, hide = true, value_enum)]
    role: Option<Role>,
    #[arg(long, hide = true, default_value = "127.0.0.1:0")]
    listen: String,
}

/// What can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The disk, the engine writing rows, a server that only parses and appends.
    Floors,
    /// Collecting while nothing is folded.
    Collect,
    /// From request to state, in three shapes of traffic.
    EndToEnd,
    /// From event to membership, and reads meanwhile.
    Latency,
    /// Starting again with everybody there; memory and disk.
    Restart,
    /// What transformations cost an event, and the flow.
    Transform,
    /// Files of orders, once and again.
    Import,
    /// What the same traffic costs in each dialect.
    Dialects,
    /// Reading profiles and deciding under load.
    Reads,
    /// What a hundred live viewers cost.
    Watching,
    /// What 1 to 1,000 segments cost an event, and explaining one.
    Segments,
    /// Memberships that end by themselves: a steady stream of them, and a midnight.
    Timers,
    /// A segment built from a long history.
    Rebuild,
    /// The same rows of records in three layouts of tables, in plain SQL.
    Layouts,
    /// Lists, boards, timelines and writes of records among millions.
    Records,
}

/// A shape of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Traffic {
    /// A session arrives as one request of 12 events.
    S1,
    /// 50,000 open sessions, one event a request.
    S2,
    /// Twenty events of twenty people, drawn from everybody, a request.
    R,
}

/// What a process of the bench is, when it is not the load.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    Floor,
}

/// How much of everything.
#[derive(Clone)]
struct Scale {
    people: u64,
    seconds: f64,
    data: PathBuf,
    only: Vec<Part>,
    traffic: Vec<Traffic>,
    events: u64,
    duckdb: Option<PathBuf>,
    pairs: u32,
}

impl Scale {
    fn has(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn sends(&self, traffic: Traffic) -> bool {
        self.traffic.is_empty() || self.traffic.contains(&traffic)
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    if let Some(Role::Floor) = arguments.role {
        floor::serve(&arguments.listen, &arguments.data).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let (people, seconds, events) = if arguments.quick {
        (100_000, 4.0, 1_000_000)
    } else {
        (1_000_000, 30.0, 10_000_000)
    };
    let scale = Scale {
        people: arguments.people.unwrap_or(people),
        seconds: arguments.seconds.unwrap_or(seconds),
        data: arguments.data,
        only: arguments.only,
        traffic: arguments.traffic,
        events: arguments.events.unwrap_or(events),
        duckdb: arguments.duckdb,
        pairs: arguments.pairs,
    };
    directory::make_empty(&scale.data)?;
    let mut report = Report::of(scale.people, scale.seconds);
    let done = measure(&scale, &mut report).await;
    if !arguments.keep && done.is_ok() {
        std::fs::remove_dir_all(&scale.data)?;
    }
    done?;
    println!("{}", report.table());
    if let Some(path) = arguments.json {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, report.json()?).with_context(|| path.display().to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn measure(scale: &Scale, report: &mut Report) -> Result<()> {
    if scale.has(Part::Floors) {
        collecting::floors(scale, report).await?;
    }
    if scale.has(Part::Collect) {
        collecting::paused(scale, report).await?;
    }
    if [Part::EndToEnd, Part::Latency, Part::Restart, Part::Reads]
        .iter()
        .any(|part| scale.has(*part))
    {
        folding::all(scale, report).await?;
    }
    if scale.has(Part::Watching) {
        watching::all(scale, report).await?;
    }
    if scale.has(Part::Transform) {
        transforming::all(scale, report).await?;
    }
    if scale.has(Part::Import) {
        importing::all(scale, report).await?;
    }
    if scale.has(Part::Dialects) {
        dialects::all(scale, report).await?;
    }
    if scale.has(Part::Segments) {
        algebra::all(report)?;
        hundred::all(scale, report).await?;
    }
    if scale.has(Part::Timers) {
        timers::all(scale, report).await?;
    }
    if scale.has(Part::Rebuild) {
        rebuild::all(scale, report).await?;
    }
    if scale.has(Part::Layouts) {
        layouts::all(scale, report).await?;
    }
    if scale.has(Part::Records) {
        records::all(scale, report).await?;
    }
    Ok(())
}
