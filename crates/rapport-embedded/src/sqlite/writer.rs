//! The one thread that writes to a database, and the queue in front of it.

use super::brake::Brake;
use super::checkpointer::Bell;
use super::headroom::Headroom;
use rapport_store::{Error, Result};
use rusqlite::Connection;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long the writer sits idle before it gives its page cache back.
const IDLE: Duration = Duration::from_secs(30);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The writer's thread. Dropping it waits for the jobs already asked for.
pub(crate) struct Writer {
    queue: Option<Queue>,
    bell: Arc<OnceLock<Bell>>,
    thread: Option<JoinHandle<()>>,
}

/// Where jobs are put; a clone keeps the writer's thread alive.
#[derive(Clone)]
pub(crate) struct Queue {
    what: Arc<str>,
    jobs: Sender<Job>,
    /// Jobs put and not yet done.
    open: Arc<AtomicUsize>,
}

impl Writer {
    /// Gives the connection a thread.
    pub(crate) fn start(
        name: &str,
        what: String,
        connection: Connection,
        headroom: Headroom,
        brake: Brake,
    ) -> Result<Writer> {
        let (jobs, received) = mpsc::channel::<Job>();
        let bell = Arc::new(OnceLock::new());
        let thread_bell = Arc::clone(&bell);
        let thread = std::thread::Builder::new()
            .name(format!("{name}-writer"))
            .spawn(move || work(connection, (headroom, brake), &received, &thread_bell))
            .map_err(|error| crate::disk::failure(what.clone(), &error))?;
        let queue = Queue {
            what: what.into(),
            jobs,
            open: Arc::default(),
        };
        Ok(Writer {
            queue: Some(queue),
            bell,
            thread: Some(thread),
        })
    }

    /// Where other threads put jobs.
    pub(crate) fn queue(&self) -> Queue {
        self.queue.clone().expect("the queue is taken only by drop")
    }

    /// Rings this bell after every job from now on.
    pub(crate) fn tell_commits_to(&self, bell: Bell) {
        let _ = self.bell.set(bell);
    }

    /// Whether a job would run at once.
    pub(crate) fn is_free(&self) -> bool {
        self.queue
            .as_ref()
            .is_some_and(|queue| queue.open.load(Ordering::Relaxed) == 0)
    }

    /// Runs a job in its turn. It runs whole even if the caller stops waiting.
    pub(crate) async fn run<T, J>(&self, job: J) -> Result<T>
    where
        T: Send + 'static,
        J: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    {
        let queue = self
            .queue
            .as_ref()
            .expect("the queue is taken only by drop");
        let (answer, answered) = oneshot::channel();
        queue.put(move |connection| drop(answer.send(job(connection))))?;
        answered.await.map_err(|_| queue.stopped())?
    }
}

impl Queue {
    /// Puts a job at the end.
    pub(crate) fn put(&self, job: impl FnOnce(&mut Connection) + Send + 'static) -> Result<()> {
        self.open.fetch_add(1, Ordering::Relaxed);
        let open = Arc::clone(&self.open);
        let counted = move |connection: &mut Connection| {
            job(connection);
            open.fetch_sub(1, Ordering::Relaxed);
        };
        self.jobs
            .send(Box::new(counted))
            .map_err(|_| self.stopped())
    }

    fn stopped(&self) -> Error {
        Error::Engine {
            what: self.what.to_string(),
            detail: "its writer has stopped".into(),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(
    mut connection: Connection,
    (mut headroom, mut brake): (Headroom, Brake),
    jobs: &Receiver<Job>,
    bell: &OnceLock<Bell>,
) {
    let mut warm = false;
    loop {
        match jobs.recv_timeout(IDLE) {
            Ok(job) => {
                job(&mut connection);
                headroom.keep();
                brake.hold(&connection);
                warm = true;
                if let Some(bell) = bell.get() {
                    bell.ring();
                }
            }
            Err(RecvTimeoutError::Timeout) if warm => {
                warm = false;
                let _ = connection.execute_batch("PRAGMA shrink_memory");
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
