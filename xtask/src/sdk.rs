//! Runs the suites of other people's SDKs in `tests/sdk`: installs what they need, one folder after another.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::needs::{self, Need};
use crate::tally::{Table, Tally};
use crate::{assets, places, program};

/// A folder with a `suite.py` or a `suite.mjs`.
#[derive(Debug)]
pub(crate) struct Suite {
    /// The folder's name.
    pub(crate) name: String,
    file: PathBuf,
}

/// `cargo xtask sdk`: runs the suites named in `names`, or all of them.
pub(crate) fn run(names: &[String]) -> Result<()> {
    assets::build()?;
    let mut table = Table::default();
    for suite in suites()? {
        if names.is_empty() || names.contains(&suite.name) {
            let start = std::time::Instant::now();
            let tally = tally(&suite)?;
            table.push(&suite.name, tally, start.elapsed().as_secs());
        }
    }
    println!("{}", table.text());
    match table.sum() {
        Tally {
            failed: 0,
            passed: 1..,
        } => Ok(()),
        _ => bail!("not every check held"),
    }
}

/// Every suite, in the order of its name.
pub(crate) fn suites() -> Result<Vec<Suite>> {
    let folder = places::sdk();
    let mut suites = Vec::new();
    for entry in folder
        .read_dir()
        .with_context(|| format!("no folder {}", folder.display()))?
    {
        let entry = entry?;
        let files = ["suite.py", "suite.mjs"].map(|name| entry.path().join(name));
        if let Some(file) = files.into_iter().find(|file| file.exists()) {
            suites.push(Suite {
                name: entry.file_name().to_string_lossy().into_owned(),
                file,
            });
        }
    }
    suites.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(suites)
}

/// Runs one suite against a program of its own and counts its checks.
pub(crate) fn tally(suite: &Suite) -> Result<Tally> {
    program::run(program::cargo().args(["build", "--quiet", "--package", "rapport"]))?;
    let is_python = suite
        .file
        .extension()
        .is_some_and(|extension| extension == "py");
    let mut command = if is_python {
        python(&suite.file)?
    } else {
        node(&suite.file)?
    };
    // Another program where it is named: a long run wants a release.
    if std::env::var_os("RAPPORT_BIN").is_none() {
        command.env("RAPPORT_BIN", places::target().join("debug/rapport"));
    }
    if let Some(chromium) = needs::chromium() {
        command.env("CHROMIUM", chromium);
    }
    let mut counted = None;
    let succeeded = program::watch(&mut command, |line| counted = read_counts(line).or(counted))?;
    let mut tally = counted.unwrap_or_default();
    if tally.passed == 0 || (!succeeded && tally.failed == 0) {
        tally.failed += 1;
    }
    Ok(tally)
}

fn python(file: &Path) -> Result<Command> {
    let environment = places::packages().join("python");
    let requirements = places::sdk().join("requirements.txt");
    let program_file = environment.join("bin/python");
    if is_stale(&environment, &requirements)? {
        needs::check(&[Need::Python])?;
        program::run(
            program::command("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&environment),
        )?;
        let install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--requirement",
        ];
        program::run(
            program::command(&program_file.to_string_lossy())
                .args(install)
                .arg(&requirements),
        )?;
        std::fs::copy(&requirements, environment.join("installed"))?;
    }
    let mut command = program::command(&program_file.to_string_lossy());
    command
        .arg("-u")
        .arg(file)
        .env("PYTHONPATH", places::sdk())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("NODE_PATH", node_modules());
    Ok(command)
}

fn node(file: &Path) -> Result<Command> {
    let lock = places::sdk().join("package-lock.json");
    let modules = node_modules();
    if is_stale(&modules, &lock)? {
        needs::check(&[Need::Node])?;
        let install = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
        program::run(
            program::command("npm")
                .args(install)
                .current_dir(places::sdk()),
        )?;
        std::fs::copy(&lock, modules.join("installed"))?;
    }
    let mut command = program::command("node");
    command.arg(file);
    Ok(command)
}

/// Node finds packages in a folder above the program, so they are installed beside the suites.
fn node_modules() -> PathBuf {
    places::sdk().join("node_modules")
}

/// Whether `installed`, the copy of the list that was installed from, differs from the list.
fn is_stale(installed: &Path, list: &Path) -> Result<bool> {
    let wanted = std::fs::read(list).with_context(|| format!("no file {}", list.display()))?;
    Ok(std::fs::read(installed.join("installed")).ok() != Some(wanted))
}

/// Reads a suite's closing line: `31 checks hold, 0 do not`.
fn read_counts(line: &str) -> Option<Tally> {
    let (passed, rest) = line.trim().split_once(" checks hold, ")?;
    let failed = rest.strip_suffix(" do not")?;
    Some(Tally {
        passed: passed.parse().ok()?,
        failed: failed.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_line_is_read() {
        assert_eq!(
            read_counts("31 checks hold, 2 do not"),
            Some(Tally {
                passed: 31,
                failed: 2
            })
        );
        assert_eq!(read_counts("31 checks"), None);
    }
}
