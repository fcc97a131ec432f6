//! `rapport segment`: rules in files, read without a server.

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use rapport_core::segment::error::Error;
use rapport_core::segment::rule::Rule;
use rapport_core::segment::{text, tree};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Works on rules in files.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Reads rules, a file each, as text or as JSON, and says what is wrong, where, and what was
    /// probably meant. Segments that a rule refers to are not looked for.
    Check {
        /// Files with a rule each.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Prints each rule in the one form that all ways to write it share.
        #[arg(long)]
        format: bool,
        /// With --format: as JSON.
        #[arg(long, requires = "format")]
        json: bool,
    },
}

pub(crate) fn run(arguments: Arguments) -> Result<ExitCode> {
    let What::Check {
        files,
        format,
        json,
    } = arguments.what;
    let mut are_fine = true;
    for file in files {
        let content = std::fs::read_to_string(&file)
            .with_context(|| format!("reading {}", file.display()))?;
        match read(&content) {
            Ok(rule) if json => println!("{}", tree::print(&rule)),
            Ok(rule) if format => println!("{}", rule.formatted()),
            Ok(rule) => println!("{}", praised(&file, &rule)),
            Err(error) => {
                are_fine = false;
                eprint!("{}", blamed(&file, &content, &error));
            }
        }
    }
    Ok(match are_fine {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Reads a rule in either spelling.
fn read(content: &str) -> Result<Rule, Error> {
    match content.trim_start().starts_with('{') {
        true => tree::parse(content),
        false => text::parse(content),
    }
}

fn praised(file: &Path, rule: &Rule) -> String {
    let mut said = format!("{}: can be read", file.display());
    for note in rule.notes() {
        // Writing into a `String` cannot fail.
        let _ = write!(said, "\n  note: {note}");
    }
    said
}

fn blamed(file: &Path, content: &str, error: &Error) -> String {
    let mut said = format!("{}: {error}\n", file.display());
    if let Some(place) = error.place() {
        let line = content.lines().nth(place.line - 1).unwrap_or_default();
        let before = line.chars().take(place.column - 1);
        let blanks: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let _ = writeln!(said, "  {line}\n  {blanks}^");
    }
    if let Some(help) = error.help() {
        let _ = writeln!(said, "  {help}");
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_the_place_and_what_was_meant() {
        let content = "did \"A\"\n\tand did \"B\" witihn 7 days\n";
        let error = read(content).unwrap_err();
        assert_eq!(
            blamed(Path::new("a.rule"), content, &error),
            "a.rule: expected `and`, `or` or the end of the rule, found `witihn` (line 2, column 14)\n  \
             \tand did \"B\" witihn 7 days\n  \t            ^\n  did you mean `within`?\n"
        );
    }

    #[test]
    fn a_rule_in_json_is_read_too_and_limits_are_told() {
        let rule = read(
            " {\"did\": \"A\", \"with\": {\"function\": \"sum\", \"property\": \"x\", \"operator\": \">\", \"value\": 1}}",
        );
        let said = praised(Path::new("a.json"), &rule.unwrap());
        assert!(
            said.contains("a.json: can be read\n  note: of `did \"A\""),
            "{said}"
        );
        assert!(said.contains("at most 1000 events"), "{said}");
    }
}
