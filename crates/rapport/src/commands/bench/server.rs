//! The server that is measured: a process of its own, started from this same program.

use super::client::Client;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The browser key the server is given.
pub(super) const WRITE_KEY: &str = "bench-browser-key";
/// The trusted key.
pub(super) const SERVER_KEY: &str = "bench-server-key";
/// The token for the API.
pub(super) const TOKEN: &str = "bench-token";
/// How long a start may take.
const START_MAX: Duration = Duration::from_secs(120);

/// Which server to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// As it is.
    Whole,
    /// It collects and folds nothing.
    Paused,
    /// Only parses and appends: what any collector must do.
    Floor,
}

/// A running server; killed when dropped.
pub(super) struct Server {
    child: Child,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// From the start of the process until it was ready.
    pub(super) ready_after: Duration,
}

impl Server {
    /// Starts a server on a directory and waits until it is ready.
    ///
    /// # Errors
    /// Where it is not ready in time; its log is beside the directory.
    pub(super) async fn start(kind: Kind, data: &Path) -> Result<Server> {
        Server::start_with(kind, data, &[]).await
    }

    /// The same with settings, by the names of their environment variables.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub(super) async fn start_with(
        kind: Kind,
        data: &Path,
        settings: &[(&str, String)],
    ) -> Result<Server> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(data.with_extension("log"))?;
        let mut command = Command::new(std::env::current_exe()?);
        match kind {
            Kind::Whole | Kind::Paused => command.arg("serve"),
            Kind::Floor => command.args(["bench", "--role", "floor"]),
        };
        command
            .arg("--data")
            .arg(data)
            .arg("--listen")
            .arg(address.to_string());
        command.env("RAPPORT_WRITE_KEY", WRITE_KEY);
        command.env("RAPPORT_SERVER_KEY", SERVER_KEY);
        command.env("RAPPORT_API_TOKEN", TOKEN);
        command.env("RAPPORT_LOG_LEVEL", "warn");
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        if kind == Kind::Paused {
            command.env(crate::wiring::PAUSE_FOLD, "1");
        }
        let began = Instant::now();
        let child = command
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("the server")?;
        let mut server = Server {
            child,
            address,
            ready_after: Duration::ZERO,
        };
        loop {
            if server.is_ready(kind).await {
                server.ready_after = began.elapsed();
                return Ok(server);
            }
            if began.elapsed() > START_MAX || server.child.try_wait()?.is_some() {
                bail!(
                    "the server did not start: see {}",
                    data.with_extension("log").display()
                );
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn is_ready(&self, kind: Kind) -> bool {
        let Ok(mut client) = Client::connect(self.address).await else {
            return false;
        };
        if kind == Kind::Floor {
            return true;
        }
        matches!(
            client.call("GET", "/health/ready", TOKEN, "").await,
            Ok((200, _))
        )
    }

    /// A connection to it.
    ///
    /// # Errors
    /// Where it is gone.
    pub(super) async fn client(&self) -> Result<Client> {
        Client::connect(self.address).await
    }

    /// Resident memory, in bytes.
    pub(super) fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let kilobytes = status.unwrap_or_default().lines().find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .trim()
                .strip_suffix("kB")?
                .trim()
                .parse::<u64>()
                .ok()
        });
        kilobytes.unwrap_or(0) * 1_024
    }

    /// Processor time used so far, in seconds.
    pub(super) fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.unwrap_or_default();
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or("")
            .split_whitespace()
            .collect();
        let ticks = |place: usize| fields.get(place).and_then(|f| f.parse::<f64>().ok());
        // The system counts a hundred ticks a second.
        (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
    }

    /// Asks it to stop and waits until it has.
    ///
    /// # Errors
    /// Where it cannot be asked.
    pub(super) async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .context("kill -TERM")?;
        while self.child.try_wait()?.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
