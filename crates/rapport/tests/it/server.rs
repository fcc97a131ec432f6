//! The real program: started on a directory, reached over HTTP, killed or stopped.

use crate::client::{Answer, Client};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The browser key that every server is started with.
pub const BROWSER_KEY: &str = "it-browser";
/// The trusted key that every server is started with.
pub const SERVER_KEY: &str = "it-server";
/// The admin token that every server is started with.
pub const TOKEN: &str = "it-token";

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// The data directory.
    pub data: PathBuf,
    /// Settings, by the names of their environment variables.
    pub settings: Vec<(&'static str, String)>,
    /// A program and its arguments that the server runs under.
    pub under: Vec<String>,
}

impl Launch {
    /// On this directory, with the default settings.
    pub fn on(data: &Path) -> Launch {
        Launch {
            data: data.to_owned(),
            ..Launch::default()
        }
    }

    /// With a setting.
    pub fn set(mut self, name: &'static str, value: impl ToString) -> Launch {
        self.settings.push((name, value.to_string()));
        self
    }

    /// With flushes, and so compactions, as frequent as they can be.
    pub fn with_small_flushes(self) -> Launch {
        self.set("RAPPORT_FLOW_FLUSH_BYTES", 65_536)
            .set("RAPPORT_FLOW_FLUSH_AGE_MS", 250)
    }

    /// The command line of `rapport serve`, not run yet.
    pub fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_rapport").to_owned();
        let words: Vec<String> = self.under.iter().cloned().chain([program]).collect();
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&self.data)
            .env("RAPPORT_WRITE_KEY", BROWSER_KEY)
            .env("RAPPORT_SERVER_KEY", SERVER_KEY)
            .env("RAPPORT_API_TOKEN", TOKEN)
            .env("RAPPORT_LOG_LEVEL", "warn")
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts it and waits until it is ready.
    pub fn start(&self) -> Server {
        let log = self.data.with_extension("log");
        let errors = File::options()
            .append(true)
            .create(true)
            .open(&log)
            .expect("a log file");
        let mut child = self
            .command()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("the program starts");
        let output = child.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(output).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.strip_prefix("Rapport is ready on http://")?
                .parse()
                .ok()
        });
        // Whoever closes the pipe would stop a server that still prints.
        std::thread::spawn(move || lines.for_each(drop));
        let Some(address) = address else {
            let status = child.wait();
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            panic!("the server did not get ready ({status:?}):\n{said}");
        };
        Server { child, address }
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// A client on a connection of its own.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Its process id.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// kill -9, at once.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM; returns when the program has ended by itself.
    pub fn stop(mut self) -> ExitStatus {
        self.terminate();
        wait_for("the server ends after SIGTERM", || {
            self.child.try_wait().ok().flatten()
        })
    }

    /// Sends SIGTERM without waiting.
    pub fn terminate(&self) {
        let script = format!("kill -TERM {}", self.child.id());
        let sent = Command::new("sh")
            .args(["-c", &script])
            .status()
            .expect("a shell");
        assert!(sent.success(), "SIGTERM could not be sent");
    }

    /// Waits until every request on the ledger is folded and every segment is built.
    pub fn settle(&self) {
        let mut client = self.client();
        wait_for("the flow settles", || {
            let metrics = client.call(("GET", "/metrics"), &[], b"").ok()?.text();
            let segments = client
                .api("GET", "/api/v1/segments?limit=1000", "")
                .ok()?
                .text();
            let folded = metrics.lines().any(|line| line == "rapport_lag_requests 0");
            (folded && !segments.contains("\"building\"")).then_some(())
        });
    }

    /// An answer of the native API that must be a success.
    pub fn get(&self, path: &str) -> serde_json::Value {
        let answer = self.client().api("GET", path, "").expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Posts one call with the trusted key, which must be taken.
    pub fn send(&self, path: &str, body: &str) -> Answer {
        let answer = self.client().post(path, body).expect("an answer");
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again until there is an answer; a minute without one fails the test.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
