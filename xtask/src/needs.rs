//! What must be on the machine, and the command that installs what is missing.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::program;

/// One thing this machine must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A C compiler, for SQLite and zstd.
    C,
    /// Node with npm.
    Node,
    /// Python with venv.
    Python,
    /// Chromium, for the browser SDK.
    Chromium,
    /// strace, for the test that reads the order of system calls.
    Strace,
}

/// The oldest Node that the SDKs of the tests run on.
const NODE_MAJOR: u32 = 18;

/// An error that names everything of `needs` that is missing, each with how to get it.
pub(crate) fn check(needs: &[Need]) -> Result<()> {
    let missing: Vec<String> = needs.iter().filter_map(|need| missing(*need)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("this machine lacks something:\n  {}", missing.join("\n  "));
}

/// Where Chromium is, if it is installed.
pub(crate) fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let usual = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ];
    named
        .into_iter()
        .chain(usual.map(PathBuf::from))
        .find(|path| path.exists())
}

fn missing(need: Need) -> Option<String> {
    let text = match need {
        Need::C if answers("cc", "--version") => return None,
        Need::C => "a C compiler (cc). On Debian: apt-get install build-essential",
        Need::Node if node_is_new_enough() && answers("npm", "--version") => return None,
        Need::Node => "Node 18 or newer, with npm. On Debian: apt-get install nodejs npm",
        Need::Python if answers_python() => return None,
        Need::Python => {
            "Python 3.9 or newer, with venv. On Debian: apt-get install python3 python3-venv"
        }
        Need::Chromium if chromium().is_some() => return None,
        Need::Chromium => {
            "Chromium. On Debian: apt-get install chromium (elsewhere name its program in CHROMIUM)"
        }
        Need::Strace if answers("strace", "--version") => return None,
        Need::Strace => "strace. On Debian: apt-get install strace",
    };
    Some(text.to_owned())
}

fn answers(name: &str, argument: &str) -> bool {
    program::answer(program::command(name).arg(argument)).is_some()
}

fn answers_python() -> bool {
    let question = "import venv, ensurepip, sys; sys.exit(sys.version_info < (3, 9))";
    program::answer(program::command("python3").args(["-c", question])).is_some()
}

fn node_is_new_enough() -> bool {
    let version = program::answer(program::command("node").arg("--version")).unwrap_or_default();
    major(&version).is_some_and(|major| major >= NODE_MAJOR)
}

fn major(version: &str) -> Option<u32> {
    version
        .trim_start_matches('v')
        .split('.')
        .next()?
        .parse()
        .ok()
}

/// Whether this process may install Debian packages itself.
pub(crate) fn can_install() -> bool {
    let is_root = program::answer(program::command("id").arg("-u")).as_deref() == Some("0");
    is_root && Path::new("/usr/bin/apt-get").exists()
}

/// Installs what is missing of `needs` with apt-get; does nothing when all is there or this is not root on Debian.
pub(crate) fn install(needs: &[Need]) -> Result<()> {
    let packages: Vec<&str> = needs
        .iter()
        .filter(|need| missing(**need).is_some())
        .flat_map(|need| debian_packages(*need).iter().copied())
        .collect();
    if packages.is_empty() || !can_install() {
        return Ok(());
    }
    program::run(program::command("apt-get").args(["update", "-qq"]))?;
    program::run(
        program::command("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

fn debian_packages(need: Need) -> &'static [&'static str] {
    match need {
        Need::C => &["build-essential"],
        Need::Node => &["nodejs", "npm"],
        Need::Python => &["python3", "python3-venv"],
        Need::Chromium => &["chromium"],
        Need::Strace => &["strace"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_version_has_a_major() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major(""), None);
    }
}
