//! Writing a run from ids in ascending order, in one pass.

use super::filter::Filter;
use super::format::{self, FIRSTS_A_PAGE, Header, ID_BYTES, IDS_A_PAGE, PAGE_BYTES, Page};
use crate::disk;
use rapport_core::time::Millis;
use rapport_store::seen::{Run, SeenKey};
use rapport_store::{Error, Result};
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A run being written under a temporary name.
pub(super) struct RunWriter {
    path: PathBuf,
    file: BufWriter<File>,
    header: Header,
    filter: Filter,
    /// Upper halves of the first keys of the pages so far.
    firsts: Vec<u64>,
    page: Page,
    received: Option<(Millis, Millis)>,
}

impl RunWriter {
    /// A writer of at most `ids_max` ids received within `span`.
    pub(super) fn create(path: &Path, ids_max: u64, span: (Millis, Millis)) -> Result<RunWriter> {
        let filter = Filter::for_ids(ids_max);
        let file = File::create(path).map_err(|error| failure(path, &error))?;
        let mut writer = RunWriter {
            path: path.to_path_buf(),
            file: BufWriter::with_capacity(1 << 18, file),
            header: Header::new(filter.len(), span),
            filter,
            firsts: Vec::new(),
            page: [0; PAGE_BYTES],
            received: None,
        };
        // The header's room; it is written last, when the count is known.
        writer.put(&[0; PAGE_BYTES])?;
        Ok(writer)
    }

    /// Adds an id; keys ascend strictly.
    pub(super) fn push(&mut self, key: SeenKey, at: Millis) -> Result<()> {
        let place = (self.header.ids % IDS_A_PAGE) as usize;
        if place == 0 {
            self.write_page()?;
            self.firsts.push(format::upper_half(key));
        }
        let steps = self.header.steps(at);
        format::put_id(&mut self.page[place * ID_BYTES..][..ID_BYTES], key, steps);
        self.filter.insert(key);
        self.header.ids += 1;
        let (first, last) = self.received.unwrap_or((at, at));
        self.received = Some((first.min(at), last.max(at)));
        Ok(())
    }

    /// Writes the rest and syncs it; the caller gives the file its name.
    pub(super) fn finish(mut self, name: String) -> Result<Run> {
        self.write_page()?;
        let filter = std::mem::replace(&mut self.filter, Filter::for_ids(0));
        self.put(filter.sealed().as_flattened())?;
        self.write_index()?;
        let header = self.header.page().ok_or_else(|| Error::Engine {
            what: format!("seen run {name}"),
            detail: "its header does not fit".into(),
        })?;
        self.file
            .seek(SeekFrom::Start(0))
            .map_err(|error| failure(&self.path, &error))?;
        self.put(&header)?;
        self.file
            .flush()
            .map_err(|error| failure(&self.path, &error))?;
        self.file
            .get_ref()
            .sync_all()
            .map_err(|error| failure(&self.path, &error))?;
        Ok(Run {
            name,
            ids: self.header.ids,
            bytes: self.header.end(),
            received: self.received.unwrap_or_default(),
        })
    }

    /// Writes the page begun, if there is one.
    fn write_page(&mut self) -> Result<()> {
        if self.firsts.is_empty() {
            return Ok(());
        }
        let page = format::sealed(self.page, self.firsts.len() as u64);
        self.page = [0; PAGE_BYTES];
        self.put(&page)
    }

    fn write_index(&mut self) -> Result<()> {
        let firsts = std::mem::take(&mut self.firsts);
        for (place, firsts) in (0..).zip(firsts.chunks(FIRSTS_A_PAGE as usize)) {
            let mut page = [0; PAGE_BYTES];
            for (room, first) in page.chunks_exact_mut(8).zip(firsts) {
                room.copy_from_slice(&first.to_be_bytes());
            }
            self.put(&format::sealed(page, place))?;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all(bytes)
            .map_err(|error| failure(&self.path, &error))
    }
}

fn failure(path: &Path, error: &std::io::Error) -> Error {
    disk::failure(format!("seen run {}", path.display()), error)
}
