//! Wiring: which engine plays which role, and who delivers what the outbox holds.

use crate::config::{Config, Enrich, Flow};
use crate::places::Database;
use anyhow::{Context, Result};
use async_trait::async_trait;
use rapport_api::{Reach, Unreachable};
use rapport_channels::guard::allow::Allow;
use rapport_channels::guard::{Guard, Pinned, SystemLookup};
use rapport_channels::outbox::{self, Outbox};
use rapport_channels::webhook::{self, Webhook};
use rapport_channels::worker::{self, Worker};
use rapport_core::entry::Destination;
use rapport_core::event::transform::geo::Places;
use rapport_core::time::Millis;
use rapport_embedded::history::ParquetHistory;
use rapport_embedded::seen::SeenRuns;
use rapport_embedded::{Directory, SqliteLedger, SqliteState};
use rapport_flow::clock::SystemClock;
use rapport_flow::{Rapport, Roles, Settings, Tools};
use rapport_import::Imports;
use rapport_script::QuickJs;
use std::path::Path;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use tokio::sync::watch;

/// Set by the bench alone, which measures collecting without folding.
pub(crate) const PAUSE_FOLD: &str = "RAPPORT_BENCH_PAUSE_FOLD";

/// Set by the bench alone, which does not wait for midnight: how far the clock is put forward.
pub(crate) const CLOCK_AHEAD_MS: &str = "RAPPORT_BENCH_CLOCK_AHEAD_MS";

/// Set by the bench alone, which compares having viewers with having none: how long the flow goes
/// on as if they might come back.
pub(crate) const LIVE_LINGER_MS: &str = "RAPPORT_BENCH_LIVE_LINGER_MS";

/// Opens a data directory's engines, for this process alone.
pub(crate) fn engines(data: &Path) -> Result<(Roles, ParquetHistory)> {
    let directory =
        Directory::open(data).with_context(|| format!("the data directory {}", data.display()))?;
    let history = ParquetHistory::open(directory.history()).context("opening history")?;
    let roles = Roles {
        ledger: Arc::new(SqliteLedger::open(&directory).context("opening the ledger")?),
        state: Arc::new(SqliteState::open(&directory).context("opening the state")?),
        history: Arc::new(history.clone()),
        seen: Arc::new(SeenRuns::open(&directory).context("opening the seen ids")?),
    };
    Ok((roles, history))
}

/// Opens a data directory and starts its flow.
pub(crate) async fn open(config: &Config) -> Result<Rapport> {
    let (roles, _) = engines(&config.server.data)?;
    let ahead_ms = number(CLOCK_AHEAD_MS).unwrap_or_default();
    let clock = Arc::new(SystemClock::put_forward(ahead_ms));
    let tools = tools(&config.enrich)?;
    Ok(Rapport::start_with(roles, settings(&config.flow), tools, clock).await?)
}

/// A number that the bench set.
fn number<T: FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok()?.parse().ok()
}

/// What transformations may use.
fn tools(enrich: &Enrich) -> Result<Tools> {
    let path = Some(&enrich.geo_database).filter(|path| !path.as_os_str().is_empty());
    let places: Option<Arc<dyn Places>> = match path {
        Some(path) => Some(Arc::new(Database::open(path)?)),
        None => None,
    };
    Ok(Tools {
        scripts: Some(Arc::new(QuickJs)),
        places,
    })
}

/// The flow's settings.
pub(crate) fn settings(flow: &Flow) -> Settings {
    let usual = Settings::default();
    Settings {
        collect_queue_bytes: flow.collect_queue_bytes,
        flush_bytes: flow.flush_bytes,
        flush_age_ms: flow.flush_age_ms,
        ledger_keep_ms: flow.ledger_keep_ms,
        dedup_window_ms: flow.dedup_window_ms,
        dedup_disk_bytes: flow.dedup_disk_bytes,
        rejected_keep_ms: flow.rejected_keep_ms,
        rejected_bytes: flow.rejected_bytes,
        lag_ready_requests: flow.lag_ready_requests,
        cache_profiles: flow.cache_profiles,
        cache_bytes: flow.cache_bytes,
        changes_keep_ms: flow.changes_keep_ms,
        changes_max: flow.changes_max,
        live_linger_ms: number(LIVE_LINGER_MS).unwrap_or(usual.live_linger_ms),
        is_paused: std::env::var_os(PAUSE_FOLD).is_some(),
        ..usual
    }
}

/// Starts delivering what the outbox holds.
pub(crate) fn deliver(rapport: &Rapport, config: &Config) -> Result<Worker> {
    let lookup = Arc::new(SystemLookup);
    let channel = Webhook::new(guard(config)?, lookup, webhook::Settings::default())?;
    let outbox = Arc::new(FlowOutbox(rapport.clone()));
    let mut settings = worker::Settings::default();
    settings.retry.give_up_after_ms = config.webhooks.give_up_ms;
    Ok(Worker::start(outbox, Arc::new(channel), settings))
}

fn guard(config: &Config) -> Result<Guard> {
    let allow = Allow::parse(&config.webhooks.allow).context("webhooks.allow")?;
    Ok(Guard::new(allow))
}

/// Where webhooks may go, for whoever sets one up.
pub(crate) fn reach(config: &Config) -> Result<Arc<dyn Reach>> {
    let lookup = Arc::new(SystemLookup);
    Ok(Arc::new(Guarded(Pinned::new(
        guard(config)?.into(),
        lookup,
    ))))
}

/// The channel's guard as the API sees it.
struct Guarded(Pinned);

impl Reach for Guarded {
    fn check<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), Unreachable>> + Send + 'a>> {
        Box::pin(async move {
            self.0
                .check(url)
                .await
                .map_err(|refused| refused.to_string())
        })
    }
}

/// Opens the folder of imports and goes on with what was running.
pub(crate) fn imports(rapport: &Rapport, config: &Config) -> Result<Imports> {
    let settings = rapport_import::Settings {
        bytes_max: config.imports.bytes_max,
        reserve_bytes: config.imports.disk_reserve_bytes,
    };
    let folder = config.server.data.join("imports");
    Imports::open(&folder, rapport.clone(), settings).context("opening the imports")
}

/// The flow's outbox as the worker sees it.
struct FlowOutbox(Rapport);

#[async_trait]
impl Outbox for FlowOutbox {
    async fn load(&self, after: u64, limit: usize) -> Result<Vec<outbox::Message>, outbox::Error> {
        self.0.outbox(after, limit).await.map_err(unavailable)
    }

    async fn done(&self, results: Vec<(u64, outbox::Delivery)>) -> Result<(), outbox::Error> {
        self.0.delivered(results).await.map_err(unavailable)
    }

    async fn destinations(&self) -> Result<Vec<Destination>, outbox::Error> {
        Ok(self.0.destinations())
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.0.outbox_changed()
    }

    fn now(&self) -> Millis {
        self.0.clock().now()
    }
}

fn unavailable(error: rapport_flow::Error) -> outbox::Error {
    outbox::Error(error.to_string())
}
