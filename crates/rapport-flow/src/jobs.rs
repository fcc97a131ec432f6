//! Jobs: work beside the writer (flushing, compacting, building, forgetting), each at most once
//! at a time, each handing its result to the writer as one order.

use crate::discovery::Found;
use crate::shared::Shared;
use crate::writer::{Writer, WriterOrder};
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::history::File;
use rapport_store::seen::{Run, SeenKey};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{mpsc, oneshot};

pub mod build;
pub mod compact;
pub mod flush;
pub mod freeze;
pub mod retain;
mod retain_bulks;
pub mod retain_changes;
pub mod sweep;
pub mod tell;

/// Files that are written and wait to be listed, and what they replace.
#[derive(Debug, Default)]
pub struct Published {
    /// New files of history.
    pub history: Vec<File>,
    /// New runs of seen ids.
    pub runs: Vec<Run>,
    /// Files of history that the new ones replace.
    pub replaced_history: Vec<String>,
    /// Runs that the new ones replace, or whose ids are out of the window.
    pub replaced_runs: Vec<String>,
    /// Ids accepted before this may be missing from the runs that are left.
    pub forgotten: Option<Millis>,
    /// For a flush: every entry up to here is in the new files.
    pub flushed: Option<Position>,
    /// For a flush: the ids in the new run.
    pub ids: Vec<(SeenKey, Millis)>,
    /// For a flush: which events and properties it showed.
    pub discovered: Found,
}

/// The jobs of one flow, and which of them are running.
#[derive(Clone)]
pub(crate) struct Jobs {
    shared: Arc<Shared>,
    orders: mpsc::Sender<WriterOrder>,
    flushing: Arc<AtomicBool>,
    compacting: Arc<AtomicBool>,
    building: Arc<AtomicBool>,
    retaining: Arc<AtomicBool>,
    telling: Arc<AtomicBool>,
    freezing: Arc<AtomicBool>,
    sweeping: Arc<AtomicBool>,
    door: Arc<tell::Door>,
}

impl Jobs {
    pub fn new(
        shared: Arc<Shared>,
        orders: mpsc::Sender<WriterOrder>,
        door: Arc<tell::Door>,
    ) -> Jobs {
        Jobs {
            shared,
            orders,
            flushing: Arc::default(),
            compacting: Arc::default(),
            building: Arc::default(),
            retaining: Arc::default(),
            telling: Arc::default(),
            freezing: Arc::default(),
            sweeping: Arc::default(),
            door,
        }
    }

    /// Starts the jobs that there is work for. The writer calls this between two transactions.
    pub fn look(&self, writer: &Writer) {
        let shared = Arc::clone(&self.shared);
        if flush::is_due(&shared) {
            let orders = self.orders.clone();
            let hash = writer.hash;
            self.begin(&self.flushing, "flush", async move {
                flush::run(&shared, &orders, &hash).await
            });
        }
        let shared = Arc::clone(&self.shared);
        if compact::is_due(&shared.files()) {
            let orders = self.orders.clone();
            self.begin(&self.compacting, "compact", async move {
                compact::run(&shared, &orders).await
            });
        }
        let building = writer
            .configuration
            .registry
            .building()
            .next()
            .map(|segment| segment.no);
        if let Some(segment) = building {
            let shared = Arc::clone(&self.shared);
            let orders = self.orders.clone();
            let undos = writer.undos;
            self.begin(&self.building, "build", async move {
                build::run(&shared, &orders, segment, undos).await
            });
        }
        let shared = Arc::clone(&self.shared);
        if retain::is_due(&shared) {
            let orders = self.orders.clone();
            self.begin(&self.retaining, "retain", async move {
                retain::run(&shared, &orders).await
            });
        }
        let shared = Arc::clone(&self.shared);
        if tell::is_due(&shared) {
            let (orders, door) = (self.orders.clone(), Arc::clone(&self.door));
            self.begin(&self.telling, "tell", async move {
                tell::run(&shared, &orders, &door).await
            });
        }
        let shared = Arc::clone(&self.shared);
        if freeze::is_due(&shared) {
            let (orders, door) = (self.orders.clone(), Arc::clone(&self.door));
            self.begin(&self.freezing, "freeze", async move {
                freeze::run(&shared, &orders, &door).await
            });
        }
        let shared = Arc::clone(&self.shared);
        if sweep::is_due(&shared) {
            let orders = self.orders.clone();
            self.begin(&self.sweeping, "sweep", async move {
                sweep::run(&shared, &orders).await
            });
        }
    }

    /// Whether any job is running, or about to run because of what was folded.
    pub fn are_running(&self) -> bool {
        let running = [
            &self.flushing,
            &self.compacting,
            &self.building,
            &self.retaining,
            &self.telling,
            &self.freezing,
            &self.sweeping,
        ]
        .iter()
        .any(|running| running.load(Ordering::Acquire));
        running || tell::is_due(&self.shared)
    }

    /// Whether a flush is running.
    pub fn are_flushing(&self) -> bool {
        self.flushing.load(Ordering::Acquire)
    }

    fn begin(
        &self,
        running: &Arc<AtomicBool>,
        name: &'static str,
        work: impl Future<Output = crate::error::Result<()>> + Send + 'static,
    ) {
        if running.swap(true, Ordering::AcqRel) {
            return;
        }
        let running = Arc::clone(running);
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            match work.await {
                Ok(()) => shared.trouble(name, None),
                Err(error) => {
                    tracing::error!(%error, job = name, "a job failed; it will be tried again");
                    shared.trouble(name, Some(error.to_string()));
                    drop(shared);
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
            running.store(false, Ordering::Release);
        });
    }
}

/// Hands files to the writer and waits until they are listed.
pub(crate) async fn publish(
    orders: &mpsc::Sender<WriterOrder>,
    files: Published,
) -> crate::error::Result<()> {
    let (reply, answer) = oneshot::channel();
    let stopping = |_| crate::error::Error::Stopping;
    orders
        .send(WriterOrder::Publish { files, reply })
        .await
        .map_err(|_| crate::error::Error::Stopping)?;
    answer.await.map_err(stopping)?
}
