//! The writer's loop: orders first, then requests, then timers, then what is folded is written, then
//! it waits.

use super::Writer;
use super::deliveries::{deliveries, redrive};
use super::orders::Orders;
use super::publish::publish;
use super::sign::sign;
use super::waiting::Waiting;
use crate::audit;
use crate::commands::undo_merge::Prepared;
use crate::commands::{self, Applied};
use crate::crm::sweep;
use crate::error::{CommandError, Error};
use crate::flow;
use crate::jobs;
use crate::outbox::Delivery;
use crate::rows;
use crate::sessions;
use rapport_core::entry::Command;
use rapport_core::event::Request;
use rapport_store::Result;
use rapport_store::records::Changes;
use rapport_store::state::{Key, Table, Write};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Requests that are folded at once, at most, while commands wait.
const REQUESTS_WHILE_COMMANDS_WAIT: usize = 256;
/// How long the writer waits before it tries a failed transaction again.
const RETRY: Duration = Duration::from_millis(500);
/// How often the writer looks at the clock when nothing happens.
const TICK: Duration = Duration::from_millis(200);
/// How long timers may wait because one batch follows another.
const TIMERS_WAIT_MAX: Duration = Duration::from_millis(100);

/// What the writer is asked to do between two batches.
pub(crate) enum Order {
    /// Apply a command.
    Command {
        actor: String,
        command: Box<Command>,
        /// What was done of it beside the writer.
        prepared: Option<Box<Prepared>>,
        reply: oneshot::Sender<Reply>,
    },
    /// Unite a range of a segment's build.
    Build {
        range: jobs::build::Range,
        reply: oneshot::Sender<std::result::Result<bool, Error>>,
    },
    /// Note how deliveries ended.
    Deliveries {
        results: Vec<(u64, Delivery)>,
        reply: oneshot::Sender<std::result::Result<(), Error>>,
    },
    /// Put a dead letter back into the outbox.
    Redrive {
        number: u64,
        reply: oneshot::Sender<std::result::Result<bool, Error>>,
    },
    /// List new files and drop what they replace.
    Publish {
        files: jobs::Published,
        reply: oneshot::Sender<std::result::Result<(), Error>>,
    },
    /// Remove these keys: retention.
    Forget {
        table: Table,
        keys: Vec<Key>,
        reply: oneshot::Sender<std::result::Result<(), Error>>,
    },
    /// Write one row of a job's own.
    Note {
        write: Write,
        reply: oneshot::Sender<std::result::Result<(), Error>>,
    },
    /// Look at some records that a changed definition is about.
    Sweep {
        reply: oneshot::Sender<std::result::Result<bool, Error>>,
    },
    /// Change who is signed in, and add to the audit.
    Sign {
        change: sessions::Change,
        records: Vec<audit::Record>,
        reply: oneshot::Sender<std::result::Result<(), Error>>,
    },
    /// Fold what is on the ledger, then end.
    Stop { reply: oneshot::Sender<()> },
    /// End at once, as a crash between two transactions does.
    #[cfg(test)]
    Kill,
}

pub(crate) type Reply = std::result::Result<Applied, CommandError>;

impl Order {
    /// Whether it is an entry: whatever is folded behind it may come to something else.
    pub fn is_entry(&self) -> bool {
        matches!(self, Order::Command { .. } | Order::Build { .. })
    }

    /// Tells whoever ordered an entry that it cannot be applied now.
    pub fn refuse(self, why: &rapport_store::Error) {
        let error = Error::Store(rapport_store::Error::Engine {
            what: "the batch before this command".to_owned(),
            detail: why.to_string(),
        });
        match self {
            Order::Command { reply, .. } => drop(reply.send(Err(CommandError::Flow(error)))),
            Order::Build { reply, .. } => drop(reply.send(Err(error))),
            _ => {}
        }
    }
}

/// Starts the writer on a thread of its own.
pub(crate) fn start(
    mut writer: Writer,
    orders: mpsc::Receiver<Order>,
    jobs: jobs::Jobs,
) -> std::thread::JoinHandle<()> {
    let orders = Orders::new(orders);
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new()
        .name("writer".to_owned())
        .spawn(move || {
            let shared = Arc::clone(&writer.shared);
            let work = AssertUnwindSafe(|| runtime.block_on(run(&mut writer, orders, jobs)));
            if std::panic::catch_unwind(work).is_err() {
                // The ledger still takes requests: nothing is lost, only nothing is folded.
                tracing::error!("the writer died: nothing is folded until Rapport is restarted");
                shared.trouble(
                    "writer",
                    Some("it died: restart Rapport and report this".into()),
                );
            }
        })
        .expect("a thread can be started")
}

async fn run(writer: &mut Writer, mut orders: Orders, jobs: jobs::Jobs) {
    let shared = Arc::clone(&writer.shared);
    let mut stopping: Option<oneshot::Sender<()>> = None;
    let mut stops_by: Option<Instant> = None;
    let mut timers = Rhythm::default();
    let mut waiting = Waiting::default();
    loop {
        while !orders.is_empty() {
            // What an order reads and writes stands on what is on disk.
            if let Err(error) = writer.settle().await {
                fail(writer, &mut orders, &mut waiting, &error).await;
            }
            let Some(order) = orders.next(writer.owes()) else {
                break;
            };
            #[cfg(test)]
            if matches!(order, Order::Kill) {
                return;
            }
            if let Some(reply) = take(writer, &mut waiting, order).await {
                stopping = Some(reply);
            }
        }
        let commands_wait = !orders.is_empty();
        let worked = match work(writer, commands_wait, &mut timers).await {
            Ok(worked) => {
                shared.trouble("flow", None);
                worked
            }
            Err(error) => {
                fail(writer, &mut orders, &mut waiting, &error).await;
                false
            }
        };
        go_on(writer, &mut orders, &mut waiting).await;
        if worked || stopping.is_none() {
            jobs.look(writer);
        }
        if worked || !waiting.is_empty() {
            continue;
        }
        if let Some(reply) = stopping.take() {
            if writer.is_underway() {
                // It is written first, and what failed is folded again.
                stopping = Some(reply);
                writer.written().await;
                continue;
            }
            let stops_by = *stops_by.get_or_insert_with(|| Instant::now() + jobs::flush::LAST_MAX);
            if jobs.are_flushing() && Instant::now() < stops_by {
                // Its files are listed by an order yet to come.
                stopping = Some(reply);
            } else {
                jobs::flush::last(writer, stops_by).await;
                let _ = reply.send(());
                return;
            }
        }
        tokio::select! {
            there_is_one = orders.come() => if !there_is_one {
                return;
            },
            () = shared.feed.changed() => {}
            () = writer.written(), if writer.is_writing() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

/// Folds requests if any wait, and a bounded share of due timers. What is folded is on its way to
/// the disk when this returns, or waits for what is.
async fn work(writer: &mut Writer, commands_wait: bool, timers: &mut Rhythm) -> Result<bool> {
    writer.show_written().await?;
    let requests = next(writer, commands_wait).await?;
    let is_batch = !requests.is_empty();
    if is_batch {
        flow::batch(writer, requests).await?;
    }
    let mut has_fired = false;
    if !writer.is_writing() && timers.are_due(writer.is_underway()) {
        has_fired = fire_due(writer).await?;
    }
    if writer.is_full() {
        writer.show_when_written().await?;
    }
    if writer.is_underway() {
        writer.begin_open().await?;
    } else {
        settle_counters(writer).await?;
    }
    Ok(is_batch || has_fired)
}

/// When timers were looked at last.
struct Rhythm(Instant);

impl Default for Rhythm {
    fn default() -> Rhythm {
        Rhythm(Instant::now())
    }
}

impl Rhythm {
    /// Whether to look at timers now: where nothing else is to be done, or they waited long enough.
    fn are_due(&mut self, is_busy: bool) -> bool {
        let are_due = !is_busy || self.0.elapsed() >= TIMERS_WAIT_MAX;
        if are_due {
            self.0 = Instant::now();
        }
        are_due
    }
}

/// The requests right behind the last one folded: from memory, or from the ledger.
async fn next(writer: &Writer, commands_wait: bool) -> Result<Vec<Request>> {
    let shared = &writer.shared;
    let (mut requests_max, bytes_max) = writer.fits();
    if shared.settings.is_paused || requests_max == 0 || bytes_max == 0 {
        return Ok(Vec::new());
    }
    if commands_wait {
        requests_max = requests_max.min(REQUESTS_WHILE_COMMANDS_WAIT);
    }
    let after = writer.folded().request;
    let held = shared.feed.take(after, requests_max, bytes_max);
    if !held.is_empty() || shared.feed.last() <= after {
        return Ok(held);
    }
    shared.roles.ledger.read(after, bytes_max).await
}

/// Fires timers that are due and that no waiting request can come before.
async fn fire_due(writer: &mut Writer) -> Result<bool> {
    let shared = Arc::clone(&writer.shared);
    if shared.clock.ahead_ms() > crate::clock::AHEAD_MAX_MS {
        let what = "the wall clock ran ahead of the monotonic one: timers hold".to_owned();
        shared.trouble("clock", Some(what));
        return Ok(false);
    }
    shared.trouble("clock", None);
    let folded = writer.folded().request;
    let Some(now) = shared.feed.low_water(shared.clock.now(), folded) else {
        return Ok(false);
    };
    writer.received = writer.received.max(now);
    writer.make_room();
    writer.fire_some(now).await
}

/// Writes counters of what the door refused, when nothing else takes them along.
async fn settle_counters(writer: &mut Writer) -> Result<()> {
    writer.take_refused();
    if writer.counters.is_settled() {
        return Ok(());
    }
    writer
        .commit(writer.head.position, Changes::default())
        .await
}

/// Obeys the first command that waits, where it need not any more.
async fn go_on(writer: &mut Writer, orders: &mut Orders, waiting: &mut Waiting) {
    match waiting.next(writer).await {
        Ok(Some(order)) => drop(obey(writer, order).await),
        Ok(None) => {}
        Err(error) => fail(writer, orders, waiting, &error).await,
    }
}

/// Takes everything up where the disk says, and refuses whatever waits behind what failed.
async fn fail(
    writer: &mut Writer,
    orders: &mut Orders,
    waiting: &mut Waiting,
    error: &rapport_store::Error,
) {
    orders.refuse_held(error);
    waiting.refuse(error);
    recover(writer, error).await;
}

async fn recover(writer: &mut Writer, error: &rapport_store::Error) {
    tracing::error!(%error, "a transaction failed: reading the state again");
    writer.shared.trouble("flow", Some(error.to_string()));
    tokio::time::sleep(RETRY).await;
    reset(writer).await;
}

/// Does what was ordered, unless it has to wait.
async fn take(
    writer: &mut Writer,
    waiting: &mut Waiting,
    order: Order,
) -> Option<oneshot::Sender<()>> {
    let order = waiting.admit(writer, order).await?;
    obey(writer, order).await
}

/// Does what was ordered. Whoever hung up meanwhile has lost only the answer.
async fn obey(writer: &mut Writer, order: Order) -> Option<oneshot::Sender<()>> {
    match order {
        Order::Command {
            actor,
            command,
            prepared,
            reply,
        } => {
            let applied = commands::apply(writer, &actor, *command, prepared).await;
            if matches!(applied, Err(CommandError::Flow(_))) {
                reset(writer).await;
            }
            let _ = reply.send(applied);
        }
        Order::Build { range, reply } => {
            let done = commands::build_range::apply(writer, range).await;
            let _ = reply.send(kept(writer, done).await);
        }
        Order::Deliveries { results, reply } => {
            let done = deliveries(writer, results).await;
            let _ = reply.send(kept(writer, done).await);
        }
        Order::Redrive { number, reply } => {
            let done = redrive(writer, number).await;
            let _ = reply.send(kept(writer, done).await);
        }
        Order::Publish { files, reply } => {
            let done = publish(writer, files).await;
            let _ = reply.send(kept(writer, done).await);
        }
        Order::Forget { table, keys, reply } => {
            let keys = keys.into_iter();
            let writes: Vec<Write> = keys.map(|key| rows::remove(table, key)).collect();
            let done = writer.commit(writer.head.position, writes).await;
            let _ = reply.send(kept(writer, done).await);
        }
        Order::Note { write, reply } => {
            let done = writer.commit(writer.head.position, vec![write]).await;
            let _ = reply.send(kept(writer, done).await);
        }
        Order::Sweep { reply } => {
            let done = sweep::step(writer).await;
            let _ = reply.send(kept(writer, done).await);
        }
        Order::Sign {
            change,
            records,
            reply,
        } => {
            let done = sign(writer, change, records).await;
            let _ = reply.send(kept(writer, done).await);
        }
        Order::Stop { reply } => return Some(reply),
        #[cfg(test)]
        Order::Kill => unreachable!("the loop ends before it obeys"),
    }
    None
}

async fn kept<T>(writer: &mut Writer, done: Result<T>) -> std::result::Result<T, Error> {
    if done.is_err() {
        reset(writer).await;
    }
    done.map_err(Error::Store)
}

/// Reads the state again until that works: nothing may be folded onto what is half changed.
async fn reset(writer: &mut Writer) {
    while let Err(error) = writer.reset().await {
        tracing::error!(%error, "the state cannot be read");
        writer.shared.trouble("flow", Some(error.to_string()));
        tokio::time::sleep(RETRY).await;
    }
}
