//! What is kept of an import beside its rows: what it is, how far it is, how it ended. A file of
//! JSON in the import's own folder, replaced whole.

use crate::error::{Result, disk};
use crate::format::Format;
use crate::mapping::Mapping;
use rapport_core::event::{KeyKind, SourceNo};
use rapport_core::time::Millis;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// How far an import is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Uploaded; another one runs.
    #[default]
    Waiting,
    /// Its rows are being sent.
    Running,
    /// Every row was sent, and folded.
    Done,
    /// It cannot go on.
    Failed,
    /// Somebody stopped it; what it sent stays.
    Cancelled,
}

impl State {
    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, State::Done | State::Failed | State::Cancelled)
    }
}

/// How far the reading of a file has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The last row that was sent or rejected.
    pub rows: u64,
    /// Rows that were rejected.
    pub rejected: u64,
    /// Bytes of the file of rejected rows.
    pub kept: u64,
}

/// One import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its number: `imp_7` is 7.
    pub number: u64,
    /// The source its events are of.
    pub source: SourceNo,
    /// How far its identity claims are trusted.
    pub trust: KeyKind,
    /// The kind of file.
    pub format: Format,
    /// What its columns mean; `None` where rows are events already.
    #[serde(default)]
    pub mapping: Option<Mapping>,
    /// What was guessed.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The file's name, as the client said it.
    #[serde(default)]
    pub name: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// When it was uploaded; no row's time may be far ahead of it.
    pub created: Millis,
    /// How far it is.
    #[serde(default)]
    pub state: State,
    /// When its first row was sent.
    #[serde(default)]
    pub started: Option<Millis>,
    /// When it was over.
    #[serde(default)]
    pub ended: Option<Millis>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
    /// How many rows there are, where that is known.
    #[serde(default)]
    pub total: Option<u64>,
    /// How far the reading had come when it was over.
    #[serde(default)]
    pub cursor: Cursor,
}

/// The folder of one import.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// Of an import, below the folder of all.
    #[must_use]
    pub fn of(all: &Path, number: u64) -> Folder {
        Folder(all.join(number.to_string()))
    }

    /// The file as it was uploaded.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        self.0.join("spool")
    }

    /// Rejected rows.
    #[must_use]
    pub fn rejected(&self) -> PathBuf {
        self.0.join("rejected.ndjson")
    }

    /// Which rows repeat an earlier one.
    #[must_use]
    pub fn repeats(&self) -> PathBuf {
        self.0.join("repeats")
    }

    fn record(&self) -> PathBuf {
        self.0.join("import.json")
    }

    /// Keeps the record: durable when this returns.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn keep(&self, record: &Record) -> Result<()> {
        let failed = || disk(format!("the record of imp_{}", record.number));
        let json = serde_json::to_vec_pretty(record).unwrap_or_default();
        let draft = self.0.join("import.json.new");
        let mut file = File::create(&draft).map_err(failed())?;
        file.write_all(&json).map_err(failed())?;
        file.sync_all().map_err(failed())?;
        fs::rename(&draft, self.record()).map_err(failed())?;
        sync(&self.0).map_err(failed())
    }

    /// The record; `None` where there is none, or none that can be read.
    #[must_use]
    pub fn read(&self) -> Option<Record> {
        serde_json::from_slice(&fs::read(self.record()).ok()?).ok()
    }

    /// Removes what only a running import needs.
    pub fn tidy(&self) {
        let _ = fs::remove_file(self.spool());
        let _ = fs::remove_dir_all(self.repeats());
    }
}

/// Makes the names inside a folder durable.
pub(crate) fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}
