//! Files that are whole or not there: names of failures, durable renames, durable folders.

use rapport_store::{Error, Result};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// What an input or output error means to the caller.
pub(crate) fn failure(what: impl Into<String>, error: &io::Error) -> Error {
    let what = what.into();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full { what },
        io::ErrorKind::UnexpectedEof => Error::Damaged {
            what,
            detail: "it ends too early".into(),
        },
        _ => Error::Engine {
            what,
            detail: error.to_string(),
        },
    }
}

/// Makes the names inside a folder durable: files made, renamed and removed in it.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|handle| handle.sync_all())
        .map_err(|error| failure(format!("folder {}", folder.display()), &error))
}

/// Makes a folder and its parents where they are missing, durable.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_folder(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(failure(format!("folder {}", folder.display()), &error));
        }
        _ => {}
    }
    sync_folder(parent.unwrap_or(Path::new(".")))
}

/// Gives a synced temporary file its final name, durable.
pub(crate) fn publish(temporary: &Path, last: &Path) -> Result<()> {
    fs::rename(temporary, last)
        .map_err(|error| failure(format!("file {}", last.display()), &error))?;
    sync_folder(last.parent().unwrap_or(Path::new(".")))
}

/// Removes a file; one that is gone already is no failure.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failure(format!("file {}", path.display()), &error))
        }
        _ => Ok(()),
    }
}

/// Gives a file a second name inside `folder`: a link, or a synced copy where links cannot be.
pub(crate) fn link_or_copy(from: &Path, folder: &Path) -> Result<()> {
    let Some(name) = from.file_name() else {
        return Ok(());
    };
    let to = folder.join(name);
    let what = || format!("copy {}", to.display());
    remove(&to)?;
    if fs::hard_link(from, &to).is_ok() {
        return Ok(());
    }
    fs::copy(from, &to).map_err(|error| failure(what(), &error))?;
    File::open(&to)
        .and_then(|copy| copy.sync_all())
        .map_err(|error| failure(what(), &error))
}
