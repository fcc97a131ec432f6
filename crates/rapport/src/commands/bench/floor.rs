//! The floors beside which the figures stand: a server that only parses and appends, the state's
//! engine writing rows nobody computed, and the disk.

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use rapport_core::position::Position;
use rapport_embedded::{Directory, SqliteState};
use rapport_store::state::{State as _, Table, Write, number_key};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::traffic::Random;

/// Answers `/v1/batch` and `/v1/track` through the product's own HTTP server, and does the least
/// that a durable collector must: parse, append, sync once for all that wait.
///
/// # Errors
/// Where the address or the file cannot be used.
pub(super) async fn serve(listen: &str, data: &Path) -> Result<()> {
    std::fs::create_dir_all(data)?;
    let file = File::create(data.join("appended")).context("the file to append to")?;
    let (append, waiting) = mpsc::channel(4_096);
    std::thread::spawn(move || append_all(file, waiting));
    let router = Router::new()
        .route("/v1/batch", post(batch))
        .route("/v1/track", post(one))
        .with_state(append);
    let listener = TcpListener::bind(listen).await?;
    Ok(rapport_api::serve(listener, router, std::future::pending()).await?)
}

type Append = mpsc::Sender<(Bytes, oneshot::Sender<()>)>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "reading them is the work that is measured")]
struct Event<'a> {
    #[serde(borrow)]
    message_id: Cow<'a, str>,
    #[serde(borrow)]
    user_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    anonymous_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow)]
    properties: Option<&'a RawValue>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    batch: Vec<Event<'a>>,
}

async fn batch(State(append): State<Append>, body: Bytes) -> StatusCode {
    match serde_json::from_slice::<Batch<'_>>(&body) {
        Ok(batch) if !batch.batch.is_empty() => wait(append, body.clone()).await,
        _ => StatusCode::BAD_REQUEST,
    }
}

async fn one(State(append): State<Append>, body: Bytes) -> StatusCode {
    match serde_json::from_slice::<Event<'_>>(&body) {
        Ok(_) => wait(append, body.clone()).await,
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

async fn wait(append: Append, body: Bytes) -> StatusCode {
    let (told, answer) = oneshot::channel();
    if append.send((body, told)).await.is_err() || answer.await.is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    StatusCode::OK
}

fn append_all(mut file: File, mut waiting: mpsc::Receiver<(Bytes, oneshot::Sender<()>)>) {
    while let Some((first, told)) = waiting.blocking_recv() {
        let mut group = first.to_vec();
        let mut told = vec![told];
        while let Ok((body, other)) = waiting.try_recv() {
            group.extend_from_slice(&body);
            told.push(other);
        }
        if file
            .write_all(&group)
            .and_then(|()| file.sync_data())
            .is_err()
        {
            return;
        }
        for told in told {
            let _ = told.send(());
        }
    }
}

/// Rows a second that the state's engine replaces at random places among `people` rows of
/// `row_bytes`, in transactions of 4,000: no parsing, no rules, no history.
///
/// # Errors
/// Those of the engine.
pub(super) async fn state_rows(
    data: &Path,
    people: u64,
    row_bytes: usize,
    seconds: f64,
) -> Result<f64> {
    const ROWS: u64 = 4_000;
    let state = SqliteState::open(&Directory::open(data)?)?;
    let row = |number: u64| Write {
        table: Table::Profile,
        key: number_key(number),
        value: Some(vec![number as u8; row_bytes]),
    };
    let mut head = state.head().await?;
    for first in (0..people).step_by(ROWS as usize) {
        let rows: Vec<Write> = (first..people.min(first + ROWS)).map(row).collect();
        head = state
            .commit(head.version, Position::event(1, 0), rows.into())
            .await?;
    }
    let mut random = Random(7);
    let began = Instant::now();
    let mut written = 0;
    while began.elapsed().as_secs_f64() < seconds {
        let places: std::collections::BTreeSet<u64> =
            (0..ROWS).map(|_| random.below(people)).collect();
        written += places.len();
        let rows: Vec<Write> = places.into_iter().map(row).collect();
        head = state
            .commit(head.version, Position::event(1, 0), rows.into())
            .await?;
    }
    Ok(written as f64 / began.elapsed().as_secs_f64())
}

/// What the disk does: appends of 4 KB made durable one by one, a second; and megabytes a second
/// written in one run and made durable at its end.
///
/// # Errors
/// Where the directory cannot be written to.
pub(super) fn disk(data: &Path, seconds: f64) -> Result<(f64, f64)> {
    std::fs::create_dir_all(data)?;
    let span = Duration::from_secs_f64(seconds);
    let mut file = File::create(data.join("synced"))?;
    let (began, mut syncs) = (Instant::now(), 0);
    while began.elapsed() < span {
        file.write_all(&[7; 4_096])?;
        file.sync_data()?;
        syncs += 1;
    }
    let syncs = f64::from(syncs) / began.elapsed().as_secs_f64();
    let mut file = File::create(data.join("long"))?;
    let block = vec![7; 1 << 20];
    let (began, mut blocks) = (Instant::now(), 0);
    while began.elapsed() < span {
        file.write_all(&block)?;
        blocks += 1;
        if blocks % 64 == 0 {
            file.sync_data()?;
        }
    }
    file.sync_data()?;
    let megabytes = f64::from(blocks) * 1.048_576 / began.elapsed().as_secs_f64();
    std::fs::remove_file(data.join("long"))?;
    Ok((syncs, megabytes))
}
