//! A few connections that read beside the writer, each call in one short transaction of its own.

use super::failure;
use rapport_store::{Error, Result};
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// The readers of one database; connections are made when first needed.
pub(crate) struct Readers {
    pool: Arc<Pool>,
    seats: Arc<Semaphore>,
}

struct Pool {
    path: PathBuf,
    what: String,
    cache_kib: u32,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Readers of the file at `path`, at most `count` at once.
    pub(crate) fn new(path: PathBuf, what: String, cache_kib: u32, count: usize) -> Readers {
        let pool = Pool {
            path,
            what,
            cache_kib,
            idle: Mutex::new(Vec::with_capacity(count)),
        };
        Readers {
            pool: Arc::new(pool),
            seats: Arc::new(Semaphore::new(count)),
        }
    }

    /// Runs a job on a free connection, off the async threads.
    pub(crate) async fn run<T, J>(&self, job: J) -> Result<T>
    where
        T: Send + 'static,
        J: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    {
        let pool = Arc::clone(&self.pool);
        let stopped = |detail: String| Error::Engine {
            what: pool.what.clone(),
            detail,
        };
        let seat = Arc::clone(&self.seats)
            .acquire_owned()
            .await
            .map_err(|error| stopped(error.to_string()))?;
        let pool = Arc::clone(&self.pool);
        let work = tokio::task::spawn_blocking(move || {
            let mut connection = pool.take()?;
            let answer = job(&mut connection);
            pool.give_back(connection);
            drop(seat);
            answer
        });
        work.await.map_err(|error| stopped(error.to_string()))?
    }
}

impl Pool {
    fn take(&self) -> Result<Connection> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        idle.map_or_else(
            || self.connect().map_err(|error| failure(&self.what, &error)),
            Ok,
        )
    }

    fn give_back(&self, connection: Connection) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = super::connect(&self.path, self.cache_kib)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }
}
