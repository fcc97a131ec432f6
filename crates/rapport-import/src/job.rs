//! The job of one import: counts repeats where rows have no ids, then reads and sends, each batch
//! a request on the ledger like anybody's.
//!
//! The ledger is the only memory of how far it is. Every batch carries a cursor, and the flow keeps
//! the cursor of the last batch folded with the outcomes of its rows, in one transaction. A start
//! after a crash waits until the ledger is folded and goes on right behind that cursor.

use crate::check;
use crate::error::{Error, Result};
use crate::pace::{self, Pace};
use crate::plan::Plan;
use crate::reader::{self, Batch, Progress, Reader};
use crate::record::{Cursor, Folder, Record};
use crate::repeats;
use rapport_flow::{Rapport, Refusal};
use rapport_store::ledger::Submission;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;

/// Batches whose ids are looked up at once.
const TOGETHER: usize = 16;
/// How long to wait before a request that was turned away is sent again.
const AGAIN: Duration = Duration::from_millis(200);

/// How a job ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Every row was sent and folded.
    Done(Cursor),
    /// It was told to stop.
    Stopped,
}

/// Runs an import from wherever it is to its end.
pub(crate) async fn run(
    rapport: &Rapport,
    folder: &Folder,
    record: &mut Record,
    progress: &Arc<Progress>,
) -> Result<Ending> {
    pace::folded(rapport).await;
    let plan = Arc::new(Plan::again(record.format, record.mapping.clone())?);
    let cursor = cursor(rapport, record.number).await?;
    let repeats_count = plan.needs_ids() || plan.lines_by().is_some();
    if repeats_count && !repeats::is_whole(&folder.repeats()) {
        count_repeats(folder, record, &plan, progress).await?;
        if progress.stop.load(Ordering::Relaxed) {
            return Ok(Ending::Stopped);
        }
    }
    let (batches, mut read) = mpsc::channel::<Vec<Batch>>(1);
    let reading = {
        let (folder, record) = (folder.clone(), record.clone());
        let (plan, progress) = (Arc::clone(&plan), Arc::clone(progress));
        tokio::task::spawn_blocking(move || {
            let mut reader = Reader::open(&folder, &record, &plan, cursor, &progress)?;
            while !progress.stop.load(Ordering::Relaxed) {
                let mut together = Vec::with_capacity(TOGETHER);
                while together.len() < TOGETHER
                    && let Some(batch) = reader.next()?
                {
                    together.push(batch);
                }
                if together.is_empty() || batches.blocking_send(together).is_err() {
                    break;
                }
            }
            Ok(reader.cursor())
        })
    };
    let sent = send(rapport, record, progress, &mut read).await;
    drop(read);
    let end: Result<Cursor> = match reading.await {
        Ok(end) => end,
        Err(error) => Err(Error::File(format!("reading the file broke off: {error}"))),
    };
    sent?;
    let end = end?;
    if progress.stop.load(Ordering::Relaxed) {
        return Ok(Ending::Stopped);
    }
    pace::folded(rapport).await;
    Ok(Ending::Done(end))
}

/// How far an import is, as the flow knows it.
pub(crate) async fn cursor(rapport: &Rapport, number: u64) -> Result<Cursor> {
    let tally = rapport.import_tally(number).await?;
    Ok(serde_json::from_str(&tally.cursor).unwrap_or_default())
}

async fn count_repeats(
    folder: &Folder,
    record: &mut Record,
    plan: &Arc<Plan>,
    progress: &Arc<Progress>,
) -> Result<()> {
    let counting = {
        let (folder, record) = (folder.clone(), record.clone());
        let (plan, progress) = (Arc::clone(plan), Arc::clone(progress));
        tokio::task::spawn_blocking(move || reader::index(&folder, &record, &plan, &progress))
    };
    let counted = counting
        .await
        .map_err(|error| Error::File(format!("reading the file broke off: {error}")))?;
    let (total, again) = counted?;
    progress.total.store(total, Ordering::Relaxed);
    record.total = Some(total);
    match (again, plan.lines_by()) {
        (Some(row), Some(by)) => Err(Error::File(format!(
            "the order of row {row} has lines further up as well: sort the file by `{by}`, \
             so that the lines of an order stand together; nothing was imported"
        ))),
        _ => Ok(()),
    }
}

async fn send(
    rapport: &Rapport,
    record: &Record,
    progress: &Progress,
    read: &mut mpsc::Receiver<Vec<Batch>>,
) -> Result<()> {
    let mut pace = Pace::new(rapport);
    let origin = check::origin(record.source, record.trust);
    while let Some(batches) = read.recv().await {
        let ids: Vec<Box<str>> = batches.iter().flat_map(|batch| batch.ids.clone()).collect();
        rapport.look_up(record.source, &ids).await?;
        for batch in batches {
            pace.room(rapport).await;
            if progress.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let submission = Submission {
                origin: origin.clone(),
                body: batch.body,
            };
            collect(rapport, submission, progress).await?;
            pace.sent(rapport);
        }
    }
    Ok(())
}

/// Sends a request until it is on the ledger: a full disk or a crowded door passes.
async fn collect(rapport: &Rapport, submission: Submission, progress: &Progress) -> Result<()> {
    loop {
        match rapport.collect(submission.clone()).await {
            Ok(()) => return Ok(()),
            Err(Refusal::Stopping) => return Err(Error::Stopping),
            Err(Refusal::Busy { .. } | Refusal::Full) => {
                if progress.stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}
