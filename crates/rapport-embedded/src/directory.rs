//! The data directory: one workspace, opened by one process at a time.

use crate::disk;
use rapport_store::{Error, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The format this version writes, and the newest it reads.
const FORMAT: u32 = 1;
const FORMAT_FILE: &str = "format";
const FORMAT_WORD: &str = "rapport-data";
const LOCK_FILE: &str = "lock";

/// An open data directory. It stays locked until the last clone is dropped; engines hold one each.
#[derive(Clone, Debug)]
pub struct Directory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// The kernel drops the lock with the handle, however the process ends.
    _lock: File,
}

impl Directory {
    /// Opens a directory for this process alone, and makes what is missing in it.
    ///
    /// # Errors
    /// [`Error::InUse`] where another process (or another `Directory` of this one) has it open,
    /// [`Error::Damaged`] where it is not a data directory this version can read.
    pub fn open(path: impl AsRef<Path>) -> Result<Directory> {
        let path = path.as_ref().to_path_buf();
        disk::make_folder(&path)?;
        let lock = lock(&path)?;
        prepare(&path)?;
        Ok(Directory {
            inner: Arc::new(Inner { path, _lock: lock }),
        })
    }

    /// Whether there is a data directory at `path`, sound or not.
    #[must_use]
    pub fn is_at(path: impl AsRef<Path>) -> bool {
        let names = [FORMAT_FILE, "state.db", "ledger.db"];
        names.iter().any(|name| path.as_ref().join(name).exists())
    }

    /// Makes `path` an empty data directory, without opening it: where a backup is copied to.
    ///
    /// # Errors
    /// [`Error::Damaged`] where it holds something else, or a format this version cannot read.
    pub fn prepare(path: impl AsRef<Path>) -> Result<()> {
        disk::make_folder(path.as_ref())?;
        prepare(path.as_ref())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The ledger's database file.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.inner.path.join("ledger.db")
    }

    /// The state's database file.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.inner.path.join("state.db")
    }

    /// The folder of history files.
    #[must_use]
    pub fn history(&self) -> PathBuf {
        self.inner.path.join("history")
    }

    /// The folder of seen runs.
    #[must_use]
    pub fn seen(&self) -> PathBuf {
        self.inner.path.join("seen")
    }
}

fn lock(path: &Path) -> Result<File> {
    let name = path.join(LOCK_FILE);
    let what = || format!("lock {}", name.display());
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&name)
        .map_err(|error| disk::failure(what(), &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(in_use(path, &mut file)),
        Err(TryLockError::Error(error)) => return Err(disk::failure(what(), &error)),
    }
    // The number only helps a reader of the message; a full disk must not keep us from opening.
    let _ = file
        .set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

fn in_use(path: &Path, file: &mut File) -> Error {
    let mut holder = String::new();
    let _ = file
        .rewind()
        .and_then(|()| file.take(20).read_to_string(&mut holder));
    let what = match holder.trim() {
        "" => format!("the data directory {}", path.display()),
        pid => format!("the data directory {} (process {pid})", path.display()),
    };
    Error::InUse { what }
}

/// The format file comes first: a directory with databases and without one is not ours.
fn prepare(path: &Path) -> Result<()> {
    let name = path.join(FORMAT_FILE);
    match std::fs::read_to_string(&name) {
        Ok(text) => check_format(path, &text)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if path.join("state.db").exists() || path.join("ledger.db").exists() {
                return Err(Error::Damaged {
                    what: format!("the data directory {}", path.display()),
                    detail: format!("it holds databases but no `{FORMAT_FILE}` file"),
                });
            }
            write_format(&name)?;
        }
        Err(error) => return Err(disk::failure(format!("file {}", name.display()), &error)),
    }
    disk::make_folder(&path.join("history"))?;
    disk::make_folder(&path.join("seen"))
}

fn check_format(path: &Path, text: &str) -> Result<()> {
    let found = text
        .trim()
        .strip_prefix(FORMAT_WORD)
        .and_then(|rest| rest.trim().parse::<u32>().ok());
    let detail = match found {
        Some(format) if format <= FORMAT => return Ok(()),
        Some(format) => format!(
            "its format {format} is newer than the {FORMAT} this version reads: use a newer version"
        ),
        None => format!("its `{FORMAT_FILE}` file says {:?}", text.trim()),
    };
    Err(Error::Damaged {
        what: format!("the data directory {}", path.display()),
        detail,
    })
}

fn write_format(name: &Path) -> Result<()> {
    let temporary = name.with_extension("tmp");
    File::create(&temporary)
        .and_then(|mut file| {
            writeln!(file, "{FORMAT_WORD} {FORMAT}")?;
            file.sync_all()
        })
        .map_err(|error| disk::failure(format!("file {}", temporary.display()), &error))?;
    disk::publish(&temporary, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_opener_is_refused_by_name_and_process() {
        let folder = tempfile::tempdir().unwrap();
        let first = Directory::open(folder.path()).unwrap();
        let refusal = Directory::open(folder.path()).unwrap_err().to_string();
        assert!(
            refusal.contains(&folder.path().display().to_string()),
            "{refusal}"
        );
        assert!(
            refusal.contains(&format!("process {}", std::process::id())),
            "{refusal}"
        );
        drop(first);
        Directory::open(folder.path()).unwrap();
    }

    #[test]
    fn a_clone_keeps_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let first = Directory::open(folder.path()).unwrap();
        let clone = first.clone();
        drop(first);
        assert!(matches!(
            Directory::open(folder.path()),
            Err(Error::InUse { .. })
        ));
        drop(clone);
        assert!(Directory::open(folder.path()).is_ok());
    }

    #[test]
    fn missing_folders_are_made_deeply() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(folder.path().join("a/b")).unwrap();
        assert!(directory.history().is_dir() && directory.seen().is_dir());
    }

    #[test]
    fn a_newer_or_foreign_format_is_refused() {
        for text in ["rapport-data 2\n", "something else", ""] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(FORMAT_FILE), text).unwrap();
            let refusal = Directory::open(folder.path());
            assert!(
                matches!(refusal, Err(Error::Damaged { .. })),
                "{text:?}: {refusal:?}"
            );
        }
    }

    #[test]
    fn databases_without_a_format_are_not_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("state.db"), "x").unwrap();
        assert!(matches!(
            Directory::open(folder.path()),
            Err(Error::Damaged { .. })
        ));
    }
}
