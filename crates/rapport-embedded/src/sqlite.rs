//! One SQLite file: a writer thread, a few readers, and checkpoints that nobody waits for.

mod brake;
mod checkpointer;
mod headroom;
mod readers;
mod writer;

use crate::disk;
use brake::Brake;
use checkpointer::{Checkpointer, Copying};
use headroom::Headroom;
use rapport_store::{Error, Result};
use readers::Readers;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;
pub(crate) use writer::Queue;
use writer::Writer;

/// What one database file needs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What it is called in errors and thread names: `ledger`, `state`.
    pub(crate) name: &'static str,
    /// Fixed when the file is made.
    pub(crate) page_bytes: u32,
    /// Most memory the writer's page cache takes.
    pub(crate) writer_cache_kib: u32,
    /// Most memory each reader's page cache takes.
    pub(crate) reader_cache_kib: u32,
    /// How many readers there are at most.
    pub(crate) readers: usize,
    /// The log length at which a checkpoint starts.
    pub(crate) wal_bytes: u64,
    /// Whether freed pages can be given back to the disk, step by step.
    pub(crate) shrinks: bool,
    /// Marks the file as ours, and as which.
    pub(crate) application_id: i32,
    /// Statements that make what is missing.
    pub(crate) schema: String,
}

/// An open database. Dropping it closes it after the writes that were asked for.
pub(crate) struct Database {
    path: PathBuf,
    settings: Settings,
    // Declared, and so dropped, in this order: the checkpointer sends work to the writer.
    _checkpointer: Checkpointer,
    writer: Writer,
    readers: Readers,
}

impl Database {
    /// Opens or makes the file at `path`.
    pub(crate) fn open(path: PathBuf, settings: Settings) -> Result<Database> {
        let what = what(settings.name, &path);
        let connection =
            connect(&path, settings.writer_cache_kib).map_err(|e| failure(&what, &e))?;
        make(&connection, &settings).map_err(|error| failure(&what, &error))?;
        check_owner(&connection, &settings, &what)?;
        if let Some(folder) = path.parent() {
            disk::sync_folder(folder)?;
        }
        let copying = Copying::default();
        let writer = Writer::start(
            settings.name,
            what.clone(),
            connection,
            Headroom::new(with_suffix(&path, "-wal"), settings.wal_bytes / 4 * 5),
            Brake::new(copying.clone(), settings.page_bytes, settings.wal_bytes),
        )?;
        let checkpointer =
            Checkpointer::start(&path, &settings, what.clone(), writer.queue(), copying)?;
        writer.tell_commits_to(checkpointer.bell());
        let readers = Readers::new(
            path.clone(),
            what,
            settings.reader_cache_kib,
            settings.readers,
        );
        Ok(Database {
            path,
            settings,
            _checkpointer: checkpointer,
            writer,
            readers,
        })
    }

    /// Runs a job on the writer's thread, in the order asked.
    pub(crate) async fn write<T, J>(&self, job: J) -> Result<T>
    where
        T: Send + 'static,
        J: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    {
        self.writer.run(job).await
    }

    /// Runs a job on a reader's connection, beside writes and other reads.
    pub(crate) async fn read<T, J>(&self, job: J) -> Result<T>
    where
        T: Send + 'static,
        J: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    {
        self.readers.run(job).await
    }

    /// The writer's queue, for jobs that nobody waits for.
    pub(crate) fn queue(&self) -> Queue {
        self.writer.queue()
    }

    /// Whether a job of the writer would run at once.
    pub(crate) fn is_writer_free(&self) -> bool {
        self.writer.is_free()
    }

    /// Bytes of the file and its log.
    pub(crate) fn size_bytes(&self) -> Result<u64> {
        let mut bytes = 0;
        for name in [self.path.clone(), with_suffix(&self.path, "-wal")] {
            match std::fs::metadata(&name) {
                Ok(found) => bytes += found.len(),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(disk::failure(format!("file {}", name.display()), &error));
                }
            }
        }
        Ok(bytes)
    }

    /// Copies the database as of one commit into `folder`, durable, under its own file name, and
    /// makes that folder a data directory.
    ///
    /// One read transaction and one pass: writers go on, only the log cannot start over meanwhile.
    pub(crate) async fn back_up(&self, folder: &Path) -> Result<PathBuf> {
        let name = self.path.file_name().unwrap_or_default();
        let target = folder.join(name);
        let (folder, what) = (folder.to_path_buf(), format!("backup {}", target.display()));
        let copy = target.clone();
        self.read(move |source| {
            crate::Directory::prepare(&folder)?;
            for old in [
                copy.clone(),
                with_suffix(&copy, "-wal"),
                with_suffix(&copy, "-shm"),
            ] {
                disk::remove(&old)?;
            }
            copy_pages(source, &copy).map_err(|error| failure(&what, &error))?;
            disk::sync_folder(&folder)
        })
        .await?;
        Ok(target)
    }

    /// What it is called in errors.
    pub(crate) fn what(&self) -> String {
        what(self.settings.name, &self.path)
    }
}

/// What an SQLite error means to the caller.
pub(crate) fn failure(what: &str, error: &rusqlite::Error) -> Error {
    let what = what.to_owned();
    let Some(code) = error.sqlite_error() else {
        return Error::Engine {
            what,
            detail: error.to_string(),
        };
    };
    // The log's index is a file too, and a full disk shows there as a failure of its own.
    if code.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE {
        return Error::Full { what };
    }
    match code.code {
        ErrorCode::DiskFull => Error::Full { what },
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Error::Damaged {
            what,
            detail: error.to_string(),
        },
        _ => Error::Engine {
            what,
            detail: error.to_string(),
        },
    }
}

/// Opens a copy of a database (a backup) without threads.
pub(crate) fn open_copy(path: &Path) -> rusqlite::Result<Connection> {
    connect(path, 2_048)
}

fn connect(path: &Path, cache_kib: u32) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

fn make(connection: &Connection, settings: &Settings) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", settings.page_bytes)?;
    if settings.shrinks {
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // A log that one long backup made long is cut when it starts over.
    let most = i64::try_from(settings.wal_bytes.saturating_mul(4)).unwrap_or(i64::MAX);
    connection.pragma_update_and_check(None, "journal_size_limit", most, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    let fresh = connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| {
        row.get(0)
    })?;
    connection.execute_batch(&format!("BEGIN IMMEDIATE;{}", settings.schema))?;
    if fresh {
        connection.pragma_update(None, "application_id", settings.application_id)?;
    }
    connection.execute_batch("COMMIT")
}

fn check_owner(connection: &Connection, settings: &Settings, what: &str) -> Result<()> {
    let found: i32 = connection
        .query_row("PRAGMA application_id", [], |row| row.get(0))
        .map_err(|error| failure(what, &error))?;
    if found == settings.application_id {
        return Ok(());
    }
    Err(Error::Damaged {
        what: what.to_owned(),
        detail: "it belongs to another program".into(),
    })
}

fn copy_pages(source: &Connection, target: &Path) -> rusqlite::Result<()> {
    let mut copy = Connection::open(target)?;
    let backup = rusqlite::backup::Backup::new(source, &mut copy)?;
    match backup.step(-1)? {
        rusqlite::backup::StepResult::Done => Ok(()),
        _ => Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
            Some("the copy could not start".into()),
        )),
    }
}

fn what(name: &str, path: &Path) -> String {
    format!("the {name} ({})", path.display())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
