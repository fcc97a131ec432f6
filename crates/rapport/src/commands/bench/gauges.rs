//! What the server says of itself at `/metrics`, and the governor that keeps its lag bounded.

use super::client::Client;
use super::server::TOKEN;
use anyhow::{Result, bail};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// One look at the figures that count here.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gauges {
    /// Events folded since the directory was made, by any outcome.
    pub(super) folded: u64,
    /// Events accepted since the directory was made.
    pub(super) accepted: u64,
    /// Requests that wait to be folded.
    pub(super) lag_requests: u64,
    /// Flushes to history since the start.
    pub(super) flushes: u64,
    /// Compactions of history since the start.
    pub(super) compactions: u64,
    /// Profiles held decoded.
    pub(super) held: u64,
    /// Timers fired in the background since the start.
    pub(super) timers: u64,
}

/// Asks for the figures.
///
/// # Errors
/// Where the server does not answer.
pub(super) async fn look(client: &mut Client) -> Result<Gauges> {
    let (status, text) = client.call("GET", "/metrics", TOKEN, "").await?;
    if status != 200 {
        bail!("/metrics answered {status}");
    }
    let mut gauges = Gauges::default();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, value)) = line.rsplit_once(' ') else {
            continue;
        };
        let value = value.parse::<f64>().unwrap_or(0.0) as u64;
        match name {
            "rapport_lag_requests" => gauges.lag_requests = value,
            "rapport_flushes_total" => gauges.flushes = value,
            "rapport_compactions_total" => gauges.compactions = value,
            "rapport_profiles_held" => gauges.held = value,
            "rapport_timers_total" => gauges.timers = value,
            _ if name.starts_with("rapport_outcomes_total") && !name.contains("refused") => {
                gauges.folded += value;
                if name.contains("\"accepted\"") {
                    gauges.accepted = value;
                }
            }
            _ => {}
        }
    }
    Ok(gauges)
}

/// Waits until nothing waits to be folded. The connection is its own: the server closes one that
/// was idle for the length of a load.
///
/// # Errors
/// Where the server does not answer.
pub(super) async fn settle(address: SocketAddr) -> Result<Gauges> {
    let mut client = Client::connect(address).await?;
    loop {
        let gauges = look(&mut client).await?;
        if gauges.lag_requests == 0 {
            return Ok(gauges);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Holds the senders while more than `lag_max` requests wait, until `hold` is dropped elsewhere:
/// what is folded then is what the server sustains with a lag that does not grow.
pub(super) async fn govern(address: SocketAddr, hold: Arc<AtomicBool>, lag_max: u64) -> Result<()> {
    let mut client = Client::connect(address).await?;
    while Arc::strong_count(&hold) > 1 {
        let lag = look(&mut client).await?.lag_requests;
        hold.store(lag > lag_max, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    Ok(())
}
