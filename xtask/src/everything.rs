//! `cargo xtask test`: every check there is, in one list; nothing is skipped and nothing stops at the first failure.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::needs::{self, Need};
use crate::tally::{Table, Tally};
use crate::{assets, program, rust_tests, sdk, tidy};

const NEEDS: [Need; 5] = [
    Need::C,
    Need::Node,
    Need::Python,
    Need::Chromium,
    Need::Strace,
];

/// Runs everything and prints the table; an error when a check did not hold.
pub(crate) fn run() -> Result<()> {
    needs::install(&NEEDS)?;
    needs::check(&NEEDS)?;
    let mut table = Table::default();
    step(&mut table, "assets", || {
        Ok(Tally::of(&told(assets::build())))
    });
    step(&mut table, "format", || {
        Ok(check(&["fmt", "--all", "--check"]))
    });
    step(&mut table, "house rules", tidy::tally);
    step(&mut table, "lints", || {
        Ok(check(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]))
    });
    step(&mut table, "documents", documents);
    step(&mut table, "rust tests", rust_tests::unit);
    step(&mut table, "rust examples", rust_tests::examples);
    for suite in sdk::suites()? {
        let name = format!("sdk {}", suite.name);
        step(&mut table, &name, || sdk::tally(&suite));
    }
    println!("{}", table.text());
    if table.sum().failed > 0 {
        // The sum is the last line that anyone should read, so nothing is printed after it.
        std::process::exit(1);
    }
    if table.sum().passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

fn step(table: &mut Table, name: &str, run: impl FnOnce() -> Result<Tally>) {
    println!("\n== {name}");
    let start = Instant::now();
    let tally = run().unwrap_or_else(|error| {
        println!("{name}: {error:#}");
        Tally::FAILED
    });
    table.push(name, tally, start.elapsed().as_secs());
}

fn check(arguments: &[&str]) -> Tally {
    Tally::of(&told(program::run(program::cargo().args(arguments))))
}

fn documents() -> Result<Tally> {
    let built = program::run(
        program::cargo()
            .args(["doc", "--workspace", "--no-deps", "--quiet"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    );
    Ok(Tally::of(&told(built)))
}

fn told(outcome: Result<()>) -> Result<()> {
    if let Err(error) = &outcome {
        println!("{error:#}");
    }
    outcome
}
