//! `rapport import`: sends a file to a running server and watches what becomes of its rows.

use self::api::Api;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use rapport_core::time::Millis;
use rapport_import::upload::format;
use rapport_import::{Format, Mapping, preview};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

pub(super) mod api;

/// Events and rejected rows that a dry run shows.
const SHOWN: usize = 5;
const POLL: Duration = Duration::from_millis(300);

/// Imports a file of historical or offline events (CSV, NDJSON or Parquet, packed with gzip or
/// not) into a running server. Importing the same file again changes nothing, ever.
///
/// Without a mapping the columns' names tell what they mean; try it with --dry-run, which changes
/// nothing and needs no server. Rows of NDJSON that are events in Segment's shape need none.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The file.
    file: PathBuf,
    /// What its columns mean: a file of TOML or JSON.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// The source its events are of: its number, or its name; made where there is none.
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// The kind of file, where neither its name nor its first bytes say it.
    #[arg(long, value_enum)]
    format: Option<Kind>,
    /// How far its identity claims are trusted.
    #[arg(long, value_enum, default_value_t = Trust::Server)]
    trust: Trust,
    /// Shows the first events, the first rows that would be rejected, and what was guessed.
    #[arg(long)]
    dry_run: bool,
    /// Returns once the file is uploaded; the server goes on by itself.
    #[arg(long)]
    no_wait: bool,
    /// The server's address.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    to: String,
    /// The token of the native API.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "RAPPORT_API_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Csv,
    Ndjson,
    Parquet,
}

#[derive(Clone, Copy, ValueEnum)]
enum Trust {
    /// It may confirm who somebody is and merge known people, as a server key may.
    Server,
    /// It may claim, and not confirm, as a browser key may.
    Browser,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let mapping = match &arguments.map {
        Some(path) => Some(
            std::fs::read_to_string(path)
                .with_context(|| format!("the mapping {}", path.display()))?,
        ),
        None => None,
    };
    // What is wrong with it is told before anything is sent.
    let mapping = mapping.as_deref().map(Mapping::parse).transpose()?;
    let kind = kind(&arguments)?;
    if arguments.dry_run {
        return dry_run(&arguments.file, kind, mapping);
    }
    let token = arguments.token.as_deref().context(
        "no API token: give it with --token or RAPPORT_API_TOKEN (`rapport serve` prints it, or is given it)",
    )?;
    let api = Api::new(&arguments.to, token)?;
    let source = api.source(arguments.source.as_deref()).await?;
    let trust = match arguments.trust {
        Trust::Server => "server",
        Trust::Browser => "browser",
    };
    let file = &arguments.file;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut query = vec![
        ("source", source.to_string()),
        ("format", kind.word().to_owned()),
        ("trust", trust.to_owned()),
        ("name", name.into_owned()),
    ];
    query.extend(mapping.map(|mapping| ("mapping", mapping.print())));
    let import = api.upload(file, &query).await?;
    let id = import["id"]
        .as_str()
        .context("the server named no import")?;
    for note in import["notes"].as_array().into_iter().flatten() {
        eprintln!("{}", note.as_str().unwrap_or_default());
    }
    if arguments.no_wait {
        println!("{id} is uploaded; GET /api/v1/imports/{id} tells how far it is");
        return Ok(ExitCode::SUCCESS);
    }
    let ended = watch(&api, id).await?;
    told(&api, id, &ended).await
}

fn kind(arguments: &Arguments) -> Result<Format> {
    let said = arguments.format.map(|kind| match kind {
        Kind::Csv => Format::Csv,
        Kind::Ndjson => Format::Ndjson,
        Kind::Parquet => Format::Parquet,
    });
    let named = || Format::of_name(&arguments.file.to_string_lossy());
    Ok(format(&arguments.file, said.or_else(named))?)
}

fn dry_run(file: &Path, kind: Format, mapping: Option<Mapping>) -> Result<ExitCode> {
    let now = Millis(jiff::Timestamp::now().as_millisecond());
    let is_guessed = mapping.is_none();
    let preview = preview::preview(file, kind, mapping, now, SHOWN)?;
    for note in &preview.notes {
        println!("# {note}");
    }
    if let Some(mapping) = preview.mapping.as_ref().filter(|_| is_guessed) {
        println!("# as a mapping, to be corrected and given with --map:\n");
        println!("{}", mapping.print());
    }
    println!("# the first events:\n");
    for event in &preview.events {
        println!("{event}");
    }
    println!(
        "\n# of the first {} rows {} would be rejected",
        preview.rows, preview.rejected_rows
    );
    for rejected in &preview.rejected {
        println!(
            "# row {}: {} ({})",
            rejected.row, rejected.message, rejected.code
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Watches an import until it is over.
async fn watch(api: &Api, id: &str) -> Result<Value> {
    let bar = ProgressBar::new(0);
    let style = "{msg} [{wide_bar}] {human_pos}/{human_len} rows {eta}";
    bar.set_style(ProgressStyle::with_template(style).context("the progress bar")?);
    loop {
        let import = api.get(&format!("imports/{id}")).await?;
        let count = |name: &str| import[name].as_u64().unwrap_or(0);
        let state = import["state"].as_str().unwrap_or_default();
        if ["done", "failed", "cancelled"].contains(&state) {
            bar.finish_and_clear();
            return Ok(import);
        }
        match import["rows_total"].as_u64() {
            Some(total) => bar.set_length(total),
            None => bar.set_length(expected(&import)),
        }
        let is_counting = count("rows_read") == 0 && count("rows_counted") > 0;
        bar.set_message(if is_counting { "counting" } else { "importing" });
        bar.set_position(if is_counting {
            count("rows_counted")
        } else {
            count("rows_read")
        });
        tokio::time::sleep(POLL).await;
    }
}

/// How many rows there may be, by the time the rest takes at this rate.
fn expected(import: &Value) -> u64 {
    let count = |name: &str| import[name].as_u64().unwrap_or(0);
    count("rows_read") + count("rows_per_s") * count("eta_s")
}

/// Says how it ended.
async fn told(api: &Api, id: &str, import: &Value) -> Result<ExitCode> {
    let count = |name: &str| import[name].as_u64().unwrap_or(0);
    println!(
        "{id}: {} rows read, {} events accepted, {} there already, {} rows rejected",
        count("rows_read"),
        count("accepted"),
        count("duplicate"),
        count("rows_rejected")
    );
    if count("left_out") > 0 {
        println!(
            "{} events were left out: see GET /api/v1/rejected",
            count("left_out")
        );
    }
    let page = api.get(&format!("imports/{id}/rejected?limit=5")).await?;
    for row in page["results"].as_array().into_iter().flatten() {
        println!(
            "  row {}: {}",
            row["row"],
            row["message"].as_str().unwrap_or_default()
        );
    }
    if count("rows_rejected") > 5 {
        println!("  and more: GET /api/v1/imports/{id}/rejected");
    }
    match import["state"].as_str() {
        Some("done") => Ok(ExitCode::SUCCESS),
        Some("cancelled") => bail!("somebody cancelled {id}; what it sent stays"),
        _ => bail!(
            "{id} failed: {}",
            import["error"].as_str().unwrap_or("no reason was said")
        ),
    }
}
