//! The project's own commands, one file each: `cargo xtask <command>`.

mod assets;
mod bench;
mod everything;
mod faults;
mod fuzz;
mod http;
mod long;
mod mixes;
mod needs;
mod oracle;
mod places;
mod program;
mod rust_tests;
mod sdk;
mod tally;
mod tidy;
mod up;

use std::process::ExitCode;

const HELP: &str = "\
Rapport's own commands.

  cargo xtask up      build a release, start it on ./data, load the demo, print the addresses
  cargo xtask test    run everything: format, lints, documents, house rules, tests, real SDKs
  cargo xtask ci      the same as test; this is what CI runs
  cargo xtask tidy    check the house rules only
  cargo xtask sdk     run the real SDKs only; name suites to run fewer: sdk python node
  cargo xtask bench   measure a release build under load
  cargo xtask kill    the long crash test: kill -9 under load, many rounds
  cargo xtask power   the long power test: what was not synced is lost, many cuts
  cargo xtask faults  seed faults into a copy of the core, the oracle must notice each: faults [first]
  cargo xtask fuzz    throw broken input at every parser: fuzz [minutes]
  cargo xtask oracle  live membership and traits are what a naive oracle says: oracle [times]
  cargo xtask mixes   replay equals live, undo equals a veto: mixes [worlds]

Arguments after bench, kill and power go to the program they run.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match command {
        "up" => up::run(),
        "test" | "ci" => everything::run(),
        "tidy" => tidy::run(),
        "sdk" => sdk::run(rest),
        "bench" => bench::run(rest),
        "kill" => long::run(long::Danger::Kill, rest),
        "faults" => faults::run(rest),
        "oracle" => oracle::run(rest),
        "mixes" => mixes::run(rest),
        "fuzz" => fuzz::run(rest),
        "power" => long::run(long::Danger::Power, rest),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        other => Err(anyhow::anyhow!("there is no command {other}\n\n{HELP}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
