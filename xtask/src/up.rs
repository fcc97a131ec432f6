//! `cargo xtask up`: from a fresh clone to a running server with a story in it.

use std::fs;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::needs::{self, Need};
use crate::{assets, http, places, program};

const LISTEN: &str = "127.0.0.1:8080";
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The first keys, by the environment names that the server reads.
const KEYS: [&str; 3] = [
    "RAPPORT_WRITE_KEY",
    "RAPPORT_SERVER_KEY",
    "RAPPORT_API_TOKEN",
];

/// Builds, starts, loads the demo, prints the addresses, and stays until the server ends.
pub(crate) fn run() -> Result<()> {
    needs::check(&[Need::C])?;
    assets::build()?;
    program::run(program::cargo().args(["build", "--release", "--package", "rapport"]))?;
    let home = places::root().join("data");
    let data = home.join("rapport");
    let listen = std::env::var("RAPPORT_LISTEN").unwrap_or_else(|_| LISTEN.to_owned());
    let address: SocketAddr = listen
        .parse()
        .with_context(|| format!("RAPPORT_LISTEN is no address: {listen}"))?;
    let keys = keys(&home)?;
    let mut server = serve(&data, &listen, &keys)?;
    wait_until_ready(&mut server, address)?;
    let told = home.join("demo-told");
    if !told.exists() {
        tell_demo(address, &keys)?;
        fs::write(told, "")?;
    }
    println!("{}", welcome(address, &keys));
    let status = server.wait()?;
    if !status.success() {
        bail!("the server ended: {status}");
    }
    Ok(())
}

/// The keys kept in `home`: made up the first time, read again later; the environment goes first.
fn keys(home: &Path) -> Result<Vec<(&'static str, String)>> {
    fs::create_dir_all(home)?;
    let file = home.join("keys.env");
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let mut keys = Vec::new();
    for name in KEYS {
        let from_file = kept
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        let key = match (std::env::var(name), from_file) {
            (Ok(key), _) => key,
            (Err(_), Some(key)) => key.to_owned(),
            (Err(_), None) => random_key()?,
        };
        keys.push((name, key));
    }
    let text: String = keys
        .iter()
        .map(|(name, key)| format!("{name}={key}\n"))
        .collect();
    fs::write(&file, text).with_context(|| format!("could not write {}", file.display()))?;
    keep_private(&file)?;
    Ok(keys)
}

#[cfg(unix)]
fn keep_private(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(
        file,
        fs::Permissions::from_mode(0o600),
    )?)
}

#[cfg(not(unix))]
fn keep_private(_file: &Path) -> Result<()> {
    Ok(())
}

fn random_key() -> Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("no /dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn serve(data: &Path, listen: &str, keys: &[(&'static str, String)]) -> Result<Child> {
    let rapport = binary();
    let mut command = program::command(&rapport.to_string_lossy());
    command
        .arg("serve")
        .arg("--data")
        .arg(data)
        .args(["--listen", listen]);
    command.envs(keys.iter().map(|(name, key)| (name, key)));
    command
        .spawn()
        .with_context(|| format!("could not start {}", rapport.display()))
}

fn binary() -> PathBuf {
    places::target().join("release/rapport")
}

fn wait_until_ready(server: &mut Child, address: SocketAddr) -> Result<()> {
    let start = Instant::now();
    let mut last = "it does not answer".to_owned();
    while start.elapsed() < READY_WITHIN {
        if let Some(status) = server.try_wait()? {
            bail!("the server ended before it was ready: {status}");
        }
        match http::get(address, "/health/ready") {
            Ok((200, _)) => return Ok(()),
            Ok((status, body)) => last = format!("it answers {status} {body}"),
            Err(error) => last = format!("{error}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    server.kill()?;
    bail!(
        "the server was not ready after {} s: {last}",
        READY_WITHIN.as_secs()
    );
}

fn tell_demo(address: SocketAddr, keys: &[(&'static str, String)]) -> Result<()> {
    let rapport = binary();
    let mut command = program::command(&rapport.to_string_lossy());
    command
        .arg("demo")
        .arg("--to")
        .arg(format!("http://{address}"));
    program::run(command.envs(keys.iter().map(|(name, key)| (name, key))))
}

fn welcome(address: SocketAddr, keys: &[(&'static str, String)]) -> String {
    let key = |wanted: &str| {
        keys.iter()
            .find(|(name, _)| *name == wanted)
            .map_or("", |(_, key)| key.as_str())
    };
    let (write_key, server_key, token) = (key(KEYS[0]), key(KEYS[1]), key(KEYS[2]));
    format!(
        "
Rapport is up on http://{address}

  write key (browser, app)   {write_key}
  server key (your servers)  {server_key}
  API token                  {token}

Point an SDK at it:
  AnalyticsBrowser.load({{ writeKey: '{write_key}', cdnURL: 'http://{address}' }})
  new Analytics({{ writeKey: '{server_key}', host: 'http://{address}' }})

Look at what is there:
  curl -H 'Authorization: Bearer {token}' http://{address}/api/v1/outcomes
  curl -H 'Authorization: Bearer {token}' http://{address}/api/v1/segments

Watch people enter and leave segments as they go about the shop:
  env $(cat data/keys.env) {} demo --to http://{address} --live

Everything is in ./data. Ctrl-C stops it and loses nothing; cargo xtask up starts it again.
Stopped, this folds every entry again and compares:
  {} doctor --verify --data data/rapport",
        binary().display(),
        binary().display()
    )
}
