//! `rapport demo`: the story of a dairy, told through the front door.

use self::diary::Call;
use self::doors::Doors;
use self::front_door::{FrontDoor, Keys};
use self::look::Told;
use self::story::{Plan, Story};
use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

mod chance;
mod crowd;
mod dairy;
mod diary;
mod doors;
mod front_door;
mod live;
mod look;
mod person;
mod segments;
mod story;
mod truth;
mod visit;

/// Events per request to the front door.
const EVENTS_PER_SEND: usize = 400;
const FOLDED_WITHIN: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(100);

/// Tells a running server the story of a dairy that sells by app, web, shop counter and chat:
/// anonymous visitors who sign in later, carts, orders, refunds, letters, complaints, people who
/// stop coming; families at one tablet, a kiosk, a bot, people with a new phone. Everything comes
/// through the doors it would come through: app and web through the tracking API, the shop counter
/// as a file, messenger, mail and comments as webhooks.
///
/// One seed always tells the same story under the same message ids: a second run changes nothing.
/// The keys are those the server was started with.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The server's address.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    to: String,
    /// The key of browsers and apps.
    #[arg(
        long,
        value_name = "KEY",
        env = "RAPPORT_WRITE_KEY",
        hide_env_values = true
    )]
    write_key: String,
    /// The key of servers.
    #[arg(
        long,
        value_name = "KEY",
        env = "RAPPORT_SERVER_KEY",
        hide_env_values = true
    )]
    server_key: String,
    /// The token of the native API.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "RAPPORT_API_TOKEN",
        hide_env_values = true
    )]
    token: String,
    /// Which story is told.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many people there are in it.
    #[arg(long, value_name = "N", default_value_t = 2_400, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    people: u64,
    /// How many days it covers.
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(i64).range(30..=90))]
    days: i64,
    /// Writes whose each identifier truly is, one line of JSON each.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Holds what the server made of the identifiers against the truth, and prints the score.
    #[arg(long)]
    score: bool,
    /// Goes on with a few events a second until Ctrl-C, so that one can watch people enter and
    /// leave segments.
    #[arg(long)]
    live: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let Arguments {
        to,
        write_key,
        server_key,
        token,
        ..
    } = arguments;
    let door = FrontDoor::new(
        &to,
        Keys {
            write_key,
            server_key,
            token,
        },
    )?;
    let plan = Plan {
        seed: arguments.seed,
        people: arguments.people,
        days: arguments.days,
        until_ms: Timestamp::now().as_millisecond(),
    };
    let before = door.get("outcomes").await?;
    let Story { calls, truth } = story::tell(&plan);
    let doors = Doors::open(&door).await?;
    let bar = bar(calls.len())?;
    for (number, part) in calls.chunks(EVENTS_PER_SEND).enumerate() {
        door.send(part).await?;
        doors.deliver(&door, part).await?;
        bar.inc(part.len() as u64);
        if number == 0 {
            keys_are_known(&door, &before).await?;
        }
    }
    bar.set_message("importing the till's file");
    doors.import(&door, &calls).await?;
    bar.set_message("waiting until everything is folded");
    let events: u64 = calls.iter().map(Call::events).sum();
    folded(&door, &before, events).await?;
    bar.set_message("building segments from history");
    make_segments(&door).await?;
    bar.finish_and_clear();
    let after = door.get("outcomes").await?;
    let new = count(&after, "accepted") - count(&before, "accepted");
    let people = story::people(&plan);
    let told = Told {
        events,
        days: plan.days,
        new,
    };
    print!("{}", look::look(&door, &told, &people).await?);
    if let Some(file) = &arguments.truth {
        std::fs::write(file, truth.lines()).with_context(|| file.display().to_string())?;
    }
    if arguments.score {
        let score = truth.score(&door).await?;
        println!(
            "\nIdentity, held against the truth:\n{}",
            serde_json::to_string_pretty(&score)?
        );
    }
    if arguments.live {
        println!("\nLive from now on, until Ctrl-C:\n");
        tokio::select! {
            ended = live::trickle(&door, plan.seed, &people) => ended?,
            _ = tokio::signal::ctrl_c() => println!("\nThe shop is closed."),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn bar(events: usize) -> Result<ProgressBar> {
    let bar = ProgressBar::new(events as u64);
    let style = "{bar:40} {pos}/{len} events, {per_sec} {msg}";
    bar.set_style(ProgressStyle::with_template(style).context("the progress bar")?);
    Ok(bar)
}

async fn make_segments(door: &FrontDoor) -> Result<()> {
    for key in segments::TRAITS {
        // A trait of one's own under this key stays.
        if door.find(&format!("traits/{key}")).await?.is_none() {
            let nothing = json!({});
            door.make(&format!("traits/library/{key}"), &nothing)
                .await?;
        }
    }
    for segment in &segments::SEGMENTS {
        let body = json!({ "name": segment.name, "rule": segment.rule });
        door.put(&format!("segments/{}", segment.key), &body)
            .await?;
    }
    built(door, "traits").await?;
    built(door, "segments").await
}

/// Waits until everything of a list is built from history.
async fn built(door: &FrontDoor, list: &str) -> Result<()> {
    let start = Instant::now();
    loop {
        let shown = door.get(&format!("{list}?limit=1000")).await?;
        let all = shown["results"].as_array().map_or(&[][..], Vec::as_slice);
        if all.iter().all(|one| one["state"] == "live") {
            return Ok(());
        }
        if start.elapsed() > FOLDED_WITHIN {
            bail!(
                "{list} are still building after {} s",
                FOLDED_WITHIN.as_secs()
            );
        }
        tokio::time::sleep(POLL).await;
    }
}

/// A server answers 200 to unknown write keys unless told otherwise, as Segment does; it counts
/// them.
async fn keys_are_known(door: &FrontDoor, before: &Value) -> Result<()> {
    let unknown = |outcomes: &Value| count(&outcomes["reasons"]["refused"], "unknown_key");
    if unknown(&door.get("outcomes").await?) > unknown(before) {
        bail!(
            "the server does not know these write keys: give its own with --write-key and --server-key"
        );
    }
    Ok(())
}

/// Waits until every event that was sent has an outcome.
async fn folded(door: &FrontDoor, before: &Value, sent: u64) -> Result<()> {
    let start = Instant::now();
    loop {
        let ended = ended(&door.get("outcomes").await?) - ended(before);
        if ended >= sent {
            return Ok(());
        }
        if start.elapsed() > FOLDED_WITHIN {
            bail!(
                "only {ended} of {sent} events have an outcome after {} s",
                FOLDED_WITHIN.as_secs()
            );
        }
        tokio::time::sleep(POLL).await;
    }
}

fn ended(outcomes: &Value) -> u64 {
    ["accepted", "duplicate", "filtered", "limited", "invalid"]
        .iter()
        .map(|word| count(outcomes, word))
        .sum()
}

fn count(outcomes: &Value, word: &str) -> u64 {
    outcomes[word].as_u64().unwrap_or(0)
}
