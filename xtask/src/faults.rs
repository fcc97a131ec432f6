//! `cargo xtask faults`: seeds small faults into a copy of the core, one at a time, and demands
//! that the oracle notices each. A fault that nobody notices is a hole in the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};

use crate::{places, program};

const LIST: &str = "tests/faults.toml";
/// Tests whose names have this in them are the oracle.
const ORACLE: &str = "oracle_tests";

struct Fault {
    what: String,
    file: String,
    from: String,
    to: String,
}

/// How the oracle took a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Tests ran and failed: noticed.
    Red,
    /// Tests ran and passed: a hole.
    Green,
    /// The faulty code did not compile: the list is out of date.
    Broken,
}

/// Runs every fault, those from a place in the list on (`28`: an interrupted run goes on), or those
/// whose description contains the argument.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let wanted = arguments.first().map_or("", String::as_str);
    let first = wanted.parse::<usize>().ok();
    let faults: Vec<(usize, Fault)> = read(&places::root().join(LIST))?
        .into_iter()
        .zip(1..)
        .map(|(fault, nth)| (nth, fault))
        .filter(|(nth, fault)| match first {
            Some(first) => *nth >= first,
            None => fault.what.contains(wanted),
        })
        .collect();
    ensure!(!faults.is_empty(), "no fault is called {wanted}");
    let copy = copy()?;
    let sound = judge(&copy)?;
    ensure!(
        sound == Verdict::Green,
        "the oracle is {sound:?} without any fault"
    );
    let mut unnoticed = Vec::new();
    for (nth, fault) in &faults {
        let verdict = seeded(&copy, fault)?;
        println!(
            "{nth:>2} {:<6} {}",
            format!("{verdict:?}").to_lowercase(),
            fault.what
        );
        if verdict != Verdict::Red {
            unnoticed.push(fault.what.as_str());
        }
    }
    ensure!(
        unnoticed.is_empty(),
        "not noticed: {}",
        unnoticed.join("; ")
    );
    println!("{} faults, each noticed by the oracle", faults.len());
    Ok(())
}

fn read(list: &Path) -> Result<Vec<Fault>> {
    let text = fs::read_to_string(list).with_context(|| format!("could not read {LIST}"))?;
    let table: toml::Table = text.parse().with_context(|| format!("{LIST} is no TOML"))?;
    let faults = table.get("fault").and_then(toml::Value::as_array);
    let fault = |value: &toml::Value| {
        let text = |name: &str| {
            let text = value.get(name).and_then(toml::Value::as_str);
            text.map(str::to_owned)
                .with_context(|| format!("a fault without `{name}`"))
        };
        Ok(Fault {
            what: text("what")?,
            file: text("file")?,
            from: text("from")?,
            to: text("to")?,
        })
    };
    faults
        .context("no fault is listed")?
        .iter()
        .map(fault)
        .collect()
}

/// The core, and what its tests read.
const COPIED: [&str; 2] = ["crates/rapport-core", "docs"];

/// A workspace of the core alone, beside the build.
fn copy() -> Result<PathBuf> {
    let (root, copy) = (places::root(), places::target().join("faults"));
    let _ = fs::remove_dir_all(&copy);
    for folder in COPIED {
        copy_tree(&root.join(folder), &copy.join(folder))?;
    }
    for name in ["Cargo.toml", "Cargo.lock"] {
        let text = fs::read_to_string(root.join(name))?;
        let alone =
            |line: &str| match line.starts_with("members") || line.starts_with("default-members") {
                true => "members = [\"crates/rapport-core\"]".to_owned(),
                false => line.to_owned(),
            };
        let mut lines: Vec<String> = text.lines().map(alone).collect();
        lines.dedup();
        fs::write(copy.join(name), lines.join("\n"))?;
    }
    Ok(copy)
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type()?.is_dir() {
            true => copy_tree(&from, &to)?,
            false => drop(fs::copy(&from, &to)?),
        }
    }
    Ok(())
}

fn seeded(copy: &Path, fault: &Fault) -> Result<Verdict> {
    let file = copy.join("crates/rapport-core/src").join(&fault.file);
    let sound = fs::read_to_string(&file).with_context(|| format!("there is no {}", fault.file))?;
    let found = sound.matches(&fault.from).count();
    if found != 1 {
        bail!(
            "`{}` is {found} times in {}: {LIST} is out of date",
            fault.from,
            fault.file
        );
    }
    fs::write(&file, sound.replace(&fault.from, &fault.to))?;
    let verdict = judge(copy);
    fs::write(&file, sound)?;
    verdict
}

fn judge(copy: &Path) -> Result<Verdict> {
    if !test(copy, &["--no-run"])? {
        return Ok(Verdict::Broken);
    }
    Ok(match test(copy, &[ORACLE])? {
        true => Verdict::Green,
        false => Verdict::Red,
    })
}

fn test(copy: &Path, arguments: &[&str]) -> Result<bool> {
    let status = program::cargo()
        .current_dir(copy)
        .args([
            "test",
            "--quiet",
            "--offline",
            "-p",
            "rapport-core",
            "--lib",
        ])
        .args(arguments)
        // A build of its own: in the workspace's, cargo would take what has a fault for the sound core.
        .env("CARGO_TARGET_DIR", places::target().join("faults-build"))
        // The first case that fails is enough: it is not made smaller.
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    Ok(status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_fault_has_its_place_in_the_core() {
        let faults = read(&places::root().join(LIST)).unwrap();
        assert!(faults.len() >= 20, "{} faults", faults.len());
        for fault in faults {
            let file = places::root()
                .join("crates/rapport-core/src")
                .join(&fault.file);
            let text = fs::read_to_string(&file).unwrap();
            assert_eq!(
                text.matches(&fault.from).count(),
                1,
                "{} in {}",
                fault.from,
                fault.file
            );
            assert_ne!(fault.from, fault.to);
        }
    }

    #[test]
    fn the_copy_has_whatever_the_core_reads() {
        let mut folders = vec![places::root().join("crates/rapport-core/src")];
        let mut found = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                for included in text.split("include_str!(\"").skip(1) {
                    let included = included.split('"').next().unwrap();
                    let file = path.parent().unwrap().join(included);
                    let file = file.canonicalize().unwrap();
                    let is_copied = |folder: &str| file.starts_with(places::root().join(folder));
                    assert!(COPIED.iter().any(|folder| is_copied(folder)), "{included}");
                    found += 1;
                }
            }
        }
        assert!(found > 0, "the core reads nothing");
    }
}
