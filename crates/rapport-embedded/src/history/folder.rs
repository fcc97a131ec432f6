//! The folder of history on disk: how a file becomes durable, and how files go away.
//!
//! A name carries a checksum of the content, so damage is found wherever a file is read whole.

use super::fault;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::{Error, Result};
use siphasher::sip::SipHasher13;
use std::collections::BTreeSet;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// How unfinished files end; a sweep removes them.
const DRAFT: &str = "tmp";
/// How finished files end.
const FINISHED: &str = "parquet";

/// The root of history.
pub(super) struct Folder {
    root: PathBuf,
    /// Folders whose entries in their parents are known to be on disk.
    durable: Mutex<BTreeSet<PathBuf>>,
}

impl Folder {
    /// Opens the folder, made where it is not there.
    pub(super) fn open(root: PathBuf) -> Result<Folder> {
        fs::create_dir_all(&root).map_err(|error| fault::from_io("history folder", &error))?;
        Ok(Folder {
            root,
            durable: Mutex::default(),
        })
    }

    /// Where the file of this name is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A new unfinished file.
    pub(super) fn draft(&self) -> Result<Draft> {
        Draft::create(self.root.join(format!("{:016x}.{DRAFT}", unique())))
    }

    /// Makes a draft a durable file; returns its name and its bytes.
    pub(super) fn publish(
        &self,
        draft: Draft,
        first: Position,
        received: Millis,
    ) -> Result<(String, u64)> {
        let (day, checksum) = (day(received), draft.checksum.finish());
        let name = format!(
            "{day}/{:012}-{:08x}-{checksum:016x}.{FINISHED}",
            first.request,
            unique() >> 32
        );
        let target = self.root.join(&name);
        let bytes = self
            .publish_as(draft, &target)
            .map_err(|error| fault::from_io(&format!("history file {name}"), &error))?;
        Ok((name, bytes))
    }

    fn publish_as(&self, draft: Draft, target: &Path) -> io::Result<u64> {
        draft.file.sync_all()?;
        let bytes = draft.file.metadata()?.len();
        let folder = target.parent().unwrap_or(&self.root);
        self.make_durable(folder)?;
        fs::rename(&draft.temporary, target)?;
        if let Err(error) = sync_folder(folder) {
            let _ = fs::remove_file(target);
            return Err(error);
        }
        Ok(bytes)
    }

    /// Makes a folder under the root, and every entry that leads to it, durable.
    fn make_durable(&self, folder: &Path) -> io::Result<()> {
        if self.is_durable(folder) {
            return Ok(());
        }
        fs::create_dir_all(folder)?;
        let mut below = folder;
        while below != self.root {
            let Some(parent) = below.parent() else { break };
            sync_folder(parent)?;
            below = parent;
        }
        if let Some(parent) = self.root.parent().filter(|parent| parent.is_dir()) {
            sync_folder(parent)?;
        }
        let mut durable = self
            .durable
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        durable.insert(folder.to_owned());
        Ok(())
    }

    fn is_durable(&self, folder: &Path) -> bool {
        let durable = self
            .durable
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        durable.contains(folder)
    }

    /// Reads a file whole and compares it with the checksum in its name.
    pub(super) fn verify(&self, name: &str) -> Result<()> {
        let failed = |error: io::Error| fault::opening(name, &error);
        let mut file = fs::File::open(self.path(name)).map_err(failed)?;
        let mut checksum = SipHasher13::new();
        let mut bytes = vec![0; 256 * 1024];
        loop {
            let read = file.read(&mut bytes).map_err(failed)?;
            if read == 0 {
                break;
            }
            checksum.write(&bytes[..read]);
        }
        let found = format!("-{:016x}.{FINISHED}", checksum.finish());
        if name.ends_with(&found) {
            return Ok(());
        }
        Err(fault::damaged(
            name,
            "its bytes are not those that were written",
        ))
    }

    /// Removes these files; one that is gone already is fine.
    pub(super) fn remove(&self, names: &[String]) -> Result<()> {
        for name in names {
            match fs::remove_file(self.path(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(fault::from_io(&format!("history file {name}"), &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Names, relative to the root, of unfinished files and of finished ones.
    pub(super) fn names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        self.collect(&self.root, &mut names)
            .map_err(|error| fault::from_io("history folder", &error))?;
        Ok(names)
    }

    fn collect(&self, folder: &Path, names: &mut Vec<String>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                self.collect(&path, names)?;
                continue;
            }
            let ours = path
                .extension()
                .is_some_and(|end| end == DRAFT || end == FINISHED);
            let below = path.strip_prefix(&self.root).ok().and_then(Path::to_str);
            if let (true, Some(name)) = (ours, below) {
                names.push(name.to_owned());
            }
        }
        Ok(())
    }

    /// Links a file into `target`, or copies it where a link is not possible; durable either way.
    pub(super) fn copy(&self, name: &str, target: &Path) -> Result<()> {
        let what = format!("copy of history file {name}");
        let from = self.path(name);
        let into = target.join(name);
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => fault::opening(name, &error),
            _ => fault::from_io(&what, &error),
        };
        let folder = into.parent().ok_or_else(|| Error::Engine {
            what: what.clone(),
            detail: "the name has no folder".into(),
        })?;
        fs::create_dir_all(folder).map_err(failed)?;
        if fs::hard_link(&from, &into).is_err() {
            fs::copy(&from, &into).map_err(failed)?;
            fs::File::open(&into)
                .and_then(|file| file.sync_all())
                .map_err(failed)?;
        }
        for folder in folder
            .ancestors()
            .take_while(|folder| folder.starts_with(target))
        {
            sync_folder(folder).map_err(failed)?;
        }
        Ok(())
    }
}

/// An unfinished file: gone when dropped, unless published.
pub(super) struct Draft {
    file: fs::File,
    temporary: PathBuf,
    checksum: SipHasher13,
}

impl Draft {
    /// Begins a file under a temporary name.
    pub(super) fn create(temporary: PathBuf) -> Result<Draft> {
        let file = fs::File::options()
            .write(true)
            .read(true)
            .create(true)
            .truncate(true)
            .open(&temporary)
            .map_err(|error| fault::from_io("a new history file", &error))?;
        Ok(Draft {
            file,
            temporary,
            checksum: SipHasher13::new(),
        })
    }

    /// Makes it a durable file of this name, outside of history.
    pub(super) fn leave(self, target: &Path) -> io::Result<u64> {
        self.file.sync_all()?;
        fs::rename(&self.temporary, target)?;
        let folder = target
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        sync_folder(folder.unwrap_or(Path::new(".")))?;
        Ok(self.file.metadata()?.len())
    }

    /// A second handle of the file, which stays readable after the draft is gone.
    pub(super) fn reader(&self) -> io::Result<fs::File> {
        self.file.try_clone()
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.checksum.write(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// After a publish the temporary name is gone already, and the removal finds nothing.
impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.temporary);
    }
}

/// `2026/11/22`, the folder of a day in UTC.
fn day(instant: Millis) -> String {
    let text = instant.to_string();
    match text.split_once('T') {
        Some((date, _)) => date.replace('-', "/"),
        None => "undated".to_owned(),
    }
}

/// A number that no other file has had: names are never used twice, so whoever still holds an
/// old listing can never read the wrong file.
fn unique() -> u64 {
    RandomState::new().hash_one(std::time::Instant::now())
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}
