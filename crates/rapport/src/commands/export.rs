//! `rapport export`: history as one Parquet or NDJSON file.

use super::{at_rest, progress};
use crate::cli::Place;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use rapport_core::entry::Reference;
use rapport_core::identity::{IdKind, Identifier, ProfileNo};
use rapport_core::time::Millis;
use rapport_embedded::history::export::{self, Content, Extent, Filter};
use std::path::PathBuf;
use std::process::ExitCode;

/// Writes history as one file that DuckDB, pandas, Spark and the like open. Reads a directory
/// that no server has open; see `rapport backup` for one that is being served.
///
/// Every row carries `profile`, the person it belongs to now, merges and undos included.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The kind of file.
    #[arg(long, value_enum, default_value_t = Format::Parquet)]
    format: Format,
    /// Where to write it.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Only entries at or after this moment, such as 2026-11-01 or 2026-11-01T08:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only entries before this moment.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only events of this name; may be given several times.
    #[arg(long = "event", value_name = "NAME")]
    events: Vec<String>,
    /// Only this person's events: prf_42, or kind:value as in user_id:ana.
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// How much: accepted events, events of every outcome, or commands as well.
    #[arg(long, value_enum, default_value_t = HowMuch::Accepted)]
    extent: HowMuch,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Parquet,
    Ndjson,
}

#[derive(Clone, Copy, ValueEnum)]
enum HowMuch {
    Accepted,
    Events,
    Everything,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let config = arguments.place.config()?;
    let (archive, history) = at_rest(&config).await?;
    let filter = filter(&arguments, &archive).await?;
    let content = Content {
        files: archive.files().history.clone(),
        tail: archive.tail(),
        ownership: archive.ownership(),
    };
    let bar = progress("exporting", None);
    let shown = bar.clone();
    let report = move |done: export::Progress| {
        shown.set_length(done.of);
        shown.set_position(done.read);
    };
    let output = &arguments.output;
    let done = match arguments.format {
        Format::Parquet => export::to_parquet(&history, content, filter, output, report).await,
        Format::Ndjson => export::to_ndjson(&history, content, filter, output, report).await,
    };
    bar.finish_and_clear();
    let done = done.with_context(|| format!("exporting to {}", output.display()))?;
    println!(
        "{} of {} entries written to {}",
        done.written,
        done.of,
        output.display()
    );
    Ok(ExitCode::SUCCESS)
}

async fn filter(arguments: &Arguments, archive: &rapport_flow::archive::Archive) -> Result<Filter> {
    let mut filter = Filter {
        extent: match arguments.extent {
            HowMuch::Accepted => Extent::Accepted,
            HowMuch::Events => Extent::Events,
            HowMuch::Everything => Extent::Entries,
        },
        from: moment(arguments.from.as_deref())?,
        to: moment(arguments.to.as_deref())?,
        ..Filter::default()
    };
    filter.names.extend(arguments.events.iter().cloned());
    if let Some(text) = &arguments.profile {
        let reference = reference(text)?;
        let found = archive.profile(&reference).await?;
        let profile = found.with_context(|| format!("there is no profile {text}"))?;
        filter.profile = Some(profile.number);
    }
    Ok(filter)
}

fn moment(text: Option<&str>) -> Result<Option<Millis>> {
    let read = |text: &str| {
        Millis::parse(text).with_context(|| format!("{text:?} is no moment: say 2026-11-01"))
    };
    text.map(read).transpose()
}

fn reference(text: &str) -> Result<Reference> {
    if let Some(number) = ProfileNo::parse(text) {
        return Ok(Reference::Number(number));
    }
    let parts = text
        .split_once(':')
        .and_then(|(kind, value)| Some((IdKind::from_word(kind)?, value)));
    match parts {
        Some((kind, value)) => Ok(Reference::Identifier(Identifier::new(kind, value))),
        None => bail!("{text:?} is no profile: say prf_42 or user_id:ana"),
    }
}
