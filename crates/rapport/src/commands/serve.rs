//! `rapport serve`: collects events, keeps profiles, answers the API.

use crate::cli::Place;
use crate::config::{Config, Log};
use crate::{first_keys, wiring};
use anyhow::{Context, Result, bail};
use clap::Args;
use rapport_api::{ApiSettings, Proxy, ReadLimits, SignInSettings, UnknownKeys};
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Collects events, keeps profiles, answers the API. Everything is kept in one directory; no
/// other server is needed. Stops on SIGTERM or Ctrl-C and loses nothing, however it is stopped.
///
/// First keys for automation: RAPPORT_WRITE_KEY (for browsers and apps), RAPPORT_SERVER_KEY
/// (trusted) and RAPPORT_API_TOKEN (for the API) are set where they are given. A new directory
/// without them gets keys of its own, printed once.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Address and port to listen on, such as 0.0.0.0:8080.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let mut config = arguments.place.config()?;
    if let Some(listen) = arguments.listen {
        config.server.listen = listen;
    }
    log_to_stderr(&config.log)?;
    let api = api_settings(&config)?;
    let listener = TcpListener::bind(&config.server.listen)
        .await
        .with_context(|| format!("{} cannot be listened on", config.server.listen))?;
    let rapport = wiring::open(&config).await?;
    let keys = first_keys::set(&rapport).await?;
    let worker = wiring::deliver(&rapport, &config)?;
    let imports = wiring::imports(&rapport, &config)?;
    let address = listener.local_addr()?;
    let stopped = stopped()?;
    tracing::info!(%address, data = %config.server.data.display(), "serving");
    println!("Rapport is ready on http://{address}");
    for line in keys {
        println!("{line}");
    }
    let served = rapport_api::serve(
        listener,
        rapport_api::router(rapport.clone(), api, Some(imports.clone())),
        stopped,
    );
    let served = served.await;
    tracing::info!("stopping: folding what is on the ledger");
    imports.stop().await;
    worker.stop().await;
    rapport.stop().await;
    served.context("serving")?;
    Ok(ExitCode::SUCCESS)
}

fn api_settings(config: &Config) -> Result<ApiSettings> {
    let server = &config.server;
    Ok(ApiSettings {
        public_url: (!server.public_url.is_empty()).then(|| server.public_url.clone()),
        reads: ReadLimits {
            decide_wait_ms: config.reads.decide_wait_ms,
            profile_api_per_second: config.reads.profile_api_per_second,
            viewers: config.reads.viewers,
            crm_per_ten_seconds: config.reads.crm_per_ten_seconds,
            crm_searches_per_second: config.reads.crm_searches_per_second,
        },
        sign_in: SignInSettings {
            idle_ms: config.sign_in.idle_ms,
            session_ms: config.sign_in.session_ms,
        },
        backups: Some(config.server.data.join("backups")),
        reach: Some(wiring::reach(config)?),
        proxy: match server.proxy.as_str() {
            "none" => Proxy::None,
            "trusted" => Proxy::Trusted,
            other => bail!("server.proxy is {other:?}: say \"none\" or \"trusted\""),
        },
        unknown_keys: match server.unknown_keys.as_str() {
            "accept" => UnknownKeys::Succeed,
            "refuse" => UnknownKeys::Refuse,
            other => bail!("server.unknown_keys is {other:?}: say \"accept\" or \"refuse\""),
        },
    })
}

pub(crate) fn log_to_stderr(log: &Log) -> Result<()> {
    let level: tracing::Level = log
        .level
        .parse()
        .with_context(|| format!("log.level is {:?}", log.level))?;
    // Where standard error is a file on a full disk, complaining there about it would panic, and
    // take the task that logged along.
    let logs = tracing_subscriber::fmt()
        .log_internal_errors(false)
        .with_max_level(level)
        .with_writer(std::io::stderr);
    let set = match log.format.as_str() {
        "text" => logs.try_init(),
        "json" => logs.json().try_init(),
        other => bail!("log.format is {other:?}: say \"text\" or \"json\""),
    };
    set.map_err(|error| anyhow::anyhow!("logs cannot be written: {error}"))
}

/// Ends when the program is asked to stop. Asking is heard from this call on, not from the first
/// time somebody waits: whoever is told that the server is ready may stop it at once.
fn stopped() -> Result<impl Future<Output = ()>> {
    let mut terminated = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
    let mut interrupted = signal(SignalKind::interrupt()).context("SIGINT cannot be heard")?;
    Ok(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    })
}
