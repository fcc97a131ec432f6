//! The command line: what can be asked of the program, and how it says what went wrong.

use crate::commands;
use crate::config::Config;
use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// A Customer Data Platform and a CRM in one program, on one record per person.
#[derive(Parser)]
#[command(name = "rapport", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Which configuration and directory a command works on.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Place {
    /// A configuration file; `config/rapport.default.toml` names every key. The environment
    /// (RAPPORT_SERVER_LISTEN and so on) wins over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory; `serve` makes it where it does not exist.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Place {
    /// The configuration as it is in force here.
    pub(crate) fn config(&self) -> Result<Config> {
        let mut config = Config::read(self.config.as_deref(), std::env::vars())?;
        if let Some(data) = &self.data {
            config.server.data.clone_from(data);
        }
        Ok(config)
    }
}

#[derive(Subcommand)]
enum Command {
    /// Collects events, keeps profiles, answers the API.
    Serve(commands::serve::Arguments),
    /// Measures this program on this machine.
    Bench(commands::bench::Arguments),
    /// Sends a file of historical or offline events to a running server.
    Import(commands::import::Arguments),
    /// Writes history as one Parquet or NDJSON file.
    Export(commands::export::Arguments),
    /// Folds every entry of a directory into a fresh one.
    Replay(commands::replay::Arguments),
    /// Checks a directory, and on request folds it again and compares.
    Doctor(commands::doctor::Arguments),
    /// Copies a directory.
    Backup(commands::backup::Arguments),
    /// Makes a data directory of a backup.
    Restore(commands::restore::Arguments),
    /// Tells a running server the story of a dairy, through the front door.
    Demo(commands::demo::Arguments),
    /// Reads files with the rules of segments and says what is wrong.
    Segment(commands::segment::Arguments),
    /// Makes members, who sign in to a running server.
    Member(commands::member::Arguments),
}

pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime could not be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(async {
        match cli.command {
            Command::Serve(arguments) => commands::serve::run(arguments).await,
            Command::Demo(arguments) => commands::demo::run(arguments).await,
            Command::Segment(arguments) => commands::segment::run(arguments),
            Command::Member(arguments) => commands::member::run(arguments).await,
            Command::Bench(arguments) => commands::bench::run(arguments).await,
            Command::Import(arguments) => commands::import::run(arguments).await,
            Command::Export(arguments) => commands::export::run(arguments).await,
            Command::Replay(arguments) => commands::replay::run(arguments).await,
            Command::Doctor(arguments) => commands::doctor::run(arguments).await,
            Command::Backup(arguments) => commands::backup::run(arguments).await,
            Command::Restore(arguments) => commands::restore::run(arguments).await,
        }
    });
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
