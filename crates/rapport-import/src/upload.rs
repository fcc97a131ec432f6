//! An upload: a file on its way to disk, bounded by what is allowed and by what the disk has.

use crate::desk::Desk;
use crate::error::{Error, Result, disk};
use crate::format::Format;
use crate::mapping::Mapping;
use crate::plan::Plan;
use crate::preview::{self, Preview};
use crate::record::{Folder, Record, State, sync};
use flate2::read::MultiGzDecoder;
use rapport_core::event::{KeyKind, SourceNo};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// How many bytes are written between two looks at the disk.
const LOOK_BYTES: u64 = 32 << 20;
/// Events of a preview.
const PREVIEWED: usize = 10;

/// What the client says of a file.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The source its events are of.
    pub source: SourceNo,
    /// How far its identity claims are trusted.
    pub trust: KeyKind,
    /// The kind of file, where it is said.
    pub format: Option<Format>,
    /// What its columns mean, where it is said.
    pub mapping: Option<Mapping>,
    /// What it is called; may be empty.
    pub name: String,
}

/// A file on its way to disk; gone when dropped before it is finished.
pub struct Upload {
    desk: Arc<Desk>,
    number: u64,
    folder: Folder,
    file: Option<tokio::fs::File>,
    bytes: u64,
    looked: u64,
}

impl Upload {
    pub(crate) async fn begin(desk: Arc<Desk>, bytes: Option<u64>) -> Result<Upload> {
        let max = desk.settings.bytes_max;
        if bytes.is_some_and(|bytes| bytes > max) {
            return Err(Error::TooLarge { max });
        }
        check_room(&desk, bytes.unwrap_or(0))?;
        let mut number = desk.next();
        // A number that the flow has heard of is never given again, even where its folder is gone.
        loop {
            let is_new = desk.rapport.import_tally(number).await?.cursor.is_empty();
            let folder = Folder::of(&desk.folder, number);
            if is_new && fs::create_dir(&folder.0).is_ok() {
                break;
            }
            if !folder.0.exists() && is_new {
                let error = std::io::Error::other("its folder cannot be made");
                return Err(disk("the upload")(error));
            }
            number += 1;
        }
        let folder = Folder::of(&desk.folder, number);
        let file = tokio::fs::File::create(folder.spool()).await;
        let mut upload = Upload {
            desk,
            number,
            folder,
            file: None,
            bytes: 0,
            looked: 0,
        };
        upload.file = Some(file.map_err(disk("the upload"))?);
        Ok(upload)
    }

    /// Writes the next bytes.
    ///
    /// # Errors
    /// Where they are too many, or the disk is full.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let max = self.desk.settings.bytes_max;
        self.bytes += bytes.len() as u64;
        if self.bytes > max {
            return Err(Error::TooLarge { max });
        }
        if self.bytes - self.looked >= LOOK_BYTES {
            self.looked = self.bytes;
            check_room(&self.desk, 0)?;
        }
        if let Some(file) = &mut self.file {
            file.write_all(bytes).await.map_err(disk("the upload"))?;
        }
        Ok(())
    }

    /// Takes the file in, durably: it is run when its turn comes. Returns its number.
    ///
    /// # Errors
    /// Where the file is not what it is said to be.
    pub async fn finish(mut self, asked: Asked) -> Result<u64> {
        self.settle().await?;
        let path = self.folder.spool();
        let plan = in_background(move || plan(&path, asked.format, asked.mapping)).await?;
        let record = Record {
            number: self.number,
            source: asked.source,
            trust: asked.trust,
            format: plan.format,
            mapping: plan.mapping().cloned(),
            notes: plan.notes.clone(),
            name: asked.name,
            bytes: self.bytes,
            created: self.desk.rapport.clock().now(),
            state: State::Waiting,
            started: None,
            ended: None,
            error: None,
            total: None,
            cursor: crate::record::Cursor::default(),
        };
        self.folder.keep(&record)?;
        sync(&self.desk.folder).map_err(disk("the upload"))?;
        self.desk.add(record);
        // It is the desk's now.
        self.file = None;
        self.number = 0;
        Ok(self.folder_number())
    }

    /// Shows what the file's first events would be, and lets it go.
    ///
    /// # Errors
    /// Where the file is not what it is said to be.
    pub async fn preview(mut self, asked: Asked) -> Result<Preview> {
        self.settle().await?;
        let now = self.desk.rapport.clock().now();
        let path = self.folder.spool();
        in_background(move || {
            let format = format(&path, asked.format)?;
            preview::preview(&path, format, asked.mapping, now, PREVIEWED)
        })
        .await
    }

    fn folder_number(&self) -> u64 {
        let name = self.folder.0.file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.parse().ok()).unwrap_or(0)
    }

    async fn settle(&mut self) -> Result<()> {
        if let Some(file) = &mut self.file {
            file.flush().await.map_err(disk("the upload"))?;
            file.sync_all().await.map_err(disk("the upload"))?;
        }
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.number != 0 {
            let _ = fs::remove_dir_all(&self.folder.0);
        }
    }
}

/// Plans a file of a kind that is said or found out.
fn plan(path: &Path, said: Option<Format>, mapping: Option<Mapping>) -> Result<Plan> {
    Plan::of(path, format(path, said)?, mapping)
}

/// The kind of a file: as said, or by its first bytes.
///
/// # Errors
/// Where it cannot be read.
pub fn format(path: &Path, said: Option<Format>) -> Result<Format> {
    if let Some(format) = said {
        return Ok(format);
    }
    let failed = || disk(path.display().to_string());
    let mut start = Vec::new();
    let file = File::open(path).map_err(failed())?;
    file.take(4_096).read_to_end(&mut start).map_err(failed())?;
    if start.starts_with(&[0x1f, 0x8b]) {
        let mut plain = vec![0; 4_096];
        let read = MultiGzDecoder::new(start.as_slice()).read(&mut plain);
        plain.truncate(read.unwrap_or(0));
        start = plain;
    }
    Ok(Format::of_bytes(&start))
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::File(format!("reading the file broke off: {error}"))))
}

/// Checks that the disk keeps its reserve with so many bytes more.
fn check_room(desk: &Desk, bytes: u64) -> Result<()> {
    let reserve = desk.settings.reserve_bytes;
    let found = rustix::fs::statvfs(&desk.folder);
    let found = found.map_err(|error| disk("the disk")(error.into()))?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    if free < reserve.saturating_add(bytes) {
        return Err(Error::NoRoom { free, reserve });
    }
    Ok(())
}
