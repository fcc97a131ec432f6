//! Tell: sends an event for each violation of a tracking plan, in the order they were found.
//!
//! The rows are in the state before anything is sent, and the message ids follow from them: what is
//! sent twice after a crash is a duplicate.

use crate::collect::Collector;
use crate::error::{Error, Result};
use crate::rows;
use crate::shared::Shared;
use crate::violations::{Broken, tells};
use crate::writer::WriterOrder;
use rapport_core::event::{Call, Dialect, KeyKind, Origin, SourceNo};
use rapport_core::position::Position;
use rapport_store::ledger::Submission;
use rapport_store::state::{Order, Page, Table, Write};
use serde_json::json;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Where requests go in, as long as any are taken.
pub(crate) type Door = Mutex<Option<Collector>>;

/// Rows told in one go.
const PAGE: usize = 100;
/// The least time between two tries after a failure (a full disk, a busy ledger).
const PATIENCE: Duration = Duration::from_secs(1);
/// The key of the last position told, in [`Table::Meta`].
const TOLD: &[u8] = b"violations told";

/// Whether violations wait to be told.
pub(crate) fn is_due(shared: &Shared) -> bool {
    shared.untold.load(Ordering::Acquire) && source(shared).is_some()
}

/// The source that tells of violations.
fn source(shared: &Shared) -> Option<SourceNo> {
    let configuration = shared.configuration();
    let sources = configuration.sources.values();
    sources
        .filter(|source| tells(source))
        .map(|source| source.no)
        .next()
}

/// Tells what waits. What could not be told is tried again a moment later.
pub(crate) async fn run(
    shared: &Shared,
    orders: &mpsc::Sender<WriterOrder>,
    door: &Door,
) -> Result<()> {
    let told = tell_all(shared, orders, door).await;
    if told.is_err() {
        tokio::time::sleep(PATIENCE).await;
        shared.untold.store(true, Ordering::Release);
    }
    told
}

async fn tell_all(shared: &Shared, orders: &mpsc::Sender<WriterOrder>, door: &Door) -> Result<()> {
    let Some(source) = source(shared) else {
        return Ok(());
    };
    let state = &shared.roles.state;
    let told = state.load(Table::Meta, &[TOLD.into()]).await?.remove(0);
    let mut from = told.map_or_else(Box::default, Vec::into_boxed_slice);
    loop {
        shared.untold.store(false, Ordering::Release);
        let page = Page {
            table: Table::Violation,
            from: from.clone(),
            to: None,
            limit: PAGE,
            order: Order::Ascending,
        };
        let read = state.scan(page).await?;
        let Some((last, _)) = read.last() else {
            return Ok(());
        };
        from = behind(last);
        let mut batches = [
            (KeyKind::Browser, Vec::new()),
            (KeyKind::Server, Vec::new()),
        ];
        for (_, row) in &read {
            let broken: Broken = rows::unpack(Table::Violation, row)?;
            let told = tell(shared, &broken);
            let batch = batches
                .iter_mut()
                .find(|(kind, _)| *kind == broken.key_kind);
            if let Some((_, events)) = batch {
                events.extend(told);
            }
        }
        for (key_kind, events) in batches {
            if !events.is_empty() {
                submit(door, source, key_kind, json!({ "batch": events })).await?;
            }
        }
        note(orders, from.clone()).await?;
    }
}

fn tell(shared: &Shared, broken: &Broken) -> Vec<serde_json::Value> {
    let configuration = shared.configuration();
    let source = configuration.sources.get(&broken.source);
    let plan = configuration.plans.get(&broken.source);
    broken.told(
        source.map_or("", |source| &source.name),
        plan.map_or("", |plan| &plan.plan.name),
    )
}

async fn submit(
    door: &Door,
    source: SourceNo,
    key_kind: KeyKind,
    body: serde_json::Value,
) -> Result<()> {
    let origin = Origin {
        source,
        key_kind,
        dialect: Dialect::Segment,
        call: Call::Batch,
        ip: None,
        user_agent: None,
    };
    let body = body.to_string().into_bytes();
    let collector = door.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let collector = collector.ok_or(Error::Stopping)?;
    let collected = collector.collect(Submission { origin, body }).await;
    collected.map(drop).map_err(|refusal| {
        Error::Store(rapport_store::Error::Engine {
            what: "telling of violations".to_owned(),
            detail: refusal.to_string(),
        })
    })
}

/// The first key behind this one.
fn behind(key: &[u8]) -> Box<[u8]> {
    let next = rows::position_of(key).map(|position| Position {
        index: position.index.saturating_add(1),
        ..position
    });
    next.map_or_else(|| key.into(), rows::position_key)
}

async fn note(orders: &mpsc::Sender<WriterOrder>, told: Box<[u8]>) -> Result<()> {
    let (reply, answer) = oneshot::channel();
    let write = Write {
        table: Table::Meta,
        key: TOLD.into(),
        value: Some(told.into_vec()),
    };
    let order = WriterOrder::Note { write, reply };
    orders.send(order).await.map_err(|_| Error::Stopping)?;
    answer.await.map_err(|_| Error::Stopping)?
}
