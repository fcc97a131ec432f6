//! Reading a run: its filter, its index, and the one page where a key can be.

use super::filter::{self, Filter};
use super::format::{self, BLOCK_BYTES, Header, ID_BYTES, IDS_A_PAGE, PAGE_BYTES, PAGE_ROOM, Page};
use crate::disk;
use rapport_core::time::Millis;
use rapport_store::seen::{Run, SeenKey};
use rapport_store::{Error, Result};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// An open run.
pub(super) struct OpenRun {
    what: String,
    file: File,
    header: Header,
    /// Upper halves of the first keys of its pages, ascending.
    firsts: Vec<u64>,
    filter: Mutex<Option<Arc<Filter>>>,
}

impl OpenRun {
    /// Opens the file of a listed run.
    pub(super) fn open(path: &Path, listed: &Run) -> Result<OpenRun> {
        let what = format!("seen run {}", path.display());
        let damaged = |detail: &str| Error::Damaged {
            what: what.clone(),
            detail: detail.into(),
        };
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(damaged("it is missing"));
            }
            opened => opened.map_err(|error| disk::failure(what.clone(), &error))?,
        };
        let length = file
            .metadata()
            .map_err(|error| disk::failure(what.clone(), &error))?
            .len();
        let mut page = [0; PAGE_BYTES];
        file.read_exact_at(&mut page, 0)
            .map_err(|error| disk::failure(what.clone(), &error))?;
        let header = Some(page)
            .filter(|page| format::is_whole(page, 0))
            .and_then(|page| Header::read(&page))
            .ok_or_else(|| damaged("its header is not the one that was written"))?;
        if header.ids != listed.ids || header.end() != length {
            return Err(damaged("it is not as long as it says"));
        }
        let mut run = OpenRun {
            what,
            file,
            header,
            firsts: Vec::new(),
            filter: Mutex::default(),
        };
        run.firsts = run.read_index()?;
        Ok(run)
    }

    /// How many ids it holds.
    pub(super) fn ids(&self) -> u64 {
        self.header.ids
    }

    /// What its filter takes in memory.
    pub(super) fn filter_bytes(&self) -> u64 {
        self.header.blocks * BLOCK_BYTES as u64
    }

    /// Keeps its filter in memory from now on.
    pub(super) fn keep_filter(&self) -> Result<()> {
        let mut kept = self.filter.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            *kept = Some(Arc::new(self.read_filter()?));
        }
        Ok(())
    }

    /// Reads its filter from disk from now on.
    pub(super) fn drop_filter(&self) {
        *self.filter.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Raises `latest` to the moments of those of the sorted `keys` that it holds.
    pub(super) fn find(&self, keys: &[SeenKey], latest: &mut [Option<Millis>]) -> Result<()> {
        let filter = self
            .filter
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut page = (0, [0; PAGE_BYTES]);
        for (key, latest) in keys.iter().zip(latest) {
            let maybe = match &filter {
                Some(filter) => filter.may_hold(*key),
                None => self.may_hold(*key)?,
            };
            if maybe {
                *latest = (*latest).max(self.find_in_pages(*key, &mut page)?);
            }
        }
        Ok(())
    }

    /// Reads pages of ids from page `first` (from 1) on, at most `count`.
    pub(super) fn ids_from(&self, first: u64, count: u64) -> Result<Vec<(SeenKey, Millis)>> {
        let behind = self.header.id_pages().min(first + count - 1) + 1;
        let mut ids = Vec::new();
        for number in first..behind {
            let page = self.read_page(number)?;
            ids.extend(
                self.ids_of(number, &page)
                    .map(|(key, steps)| (key, self.header.moment(steps))),
            );
        }
        Ok(ids)
    }

    fn find_in_pages(&self, key: SeenKey, page: &mut (u64, Page)) -> Result<Option<Millis>> {
        let half = format::upper_half(key);
        // Keys of one upper half may fill several pages and the end of the one before.
        let from = self.firsts.partition_point(|first| *first < half).max(1) as u64;
        let to = self.firsts.partition_point(|first| *first <= half) as u64;
        for number in from..=to {
            if page.0 != number {
                *page = (number, self.read_page(number)?);
            }
            let (places, _) = page.1[..self.ids_on(number) * ID_BYTES].as_chunks::<ID_BYTES>();
            if let Ok(place) = places.binary_search_by_key(&key, |place| format::id(place).0) {
                return Ok(Some(self.header.moment(format::id(&places[place]).1)));
            }
        }
        Ok(None)
    }

    fn ids_of(&self, number: u64, page: &Page) -> impl Iterator<Item = (SeenKey, u32)> {
        page.chunks_exact(ID_BYTES)
            .take(self.ids_on(number))
            .map(format::id)
    }

    /// How many ids are on a page (pages are numbered from 1).
    fn ids_on(&self, number: u64) -> usize {
        (self.header.ids - (number - 1) * IDS_A_PAGE).min(IDS_A_PAGE) as usize
    }

    fn read_page(&self, number: u64) -> Result<Page> {
        let mut page = [0; PAGE_BYTES];
        self.read(&mut page, number * PAGE_BYTES as u64)?;
        if format::is_whole(&page, number) {
            Ok(page)
        } else {
            Err(self.damaged("a page of ids"))
        }
    }

    fn may_hold(&self, key: SeenKey) -> Result<bool> {
        let place = filter::place(key, self.header.blocks);
        let mut block = [0; BLOCK_BYTES];
        self.read(
            &mut block,
            self.header.filter_at() + place * BLOCK_BYTES as u64,
        )?;
        if !filter::is_whole(&block, place) {
            return Err(self.damaged("a block of its filter"));
        }
        Ok(filter::holds(&block, key))
    }

    fn read_filter(&self) -> Result<Filter> {
        let mut bytes = vec![0; usize::try_from(self.filter_bytes()).unwrap_or(usize::MAX)];
        self.read(&mut bytes, self.header.filter_at())?;
        Filter::read(&bytes).ok_or_else(|| self.damaged("its filter"))
    }

    fn read_index(&self) -> Result<Vec<u64>> {
        let length = self.header.end() - self.header.index_at();
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        self.read(&mut bytes, self.header.index_at())?;
        let mut firsts = Vec::new();
        for (place, page) in (0..).zip(bytes.chunks(PAGE_BYTES)) {
            if !format::is_whole(page, place) {
                return Err(self.damaged("its index"));
            }
            let (halves, _) = page[..PAGE_ROOM].as_chunks::<8>();
            firsts.extend(halves.iter().map(|half| u64::from_be_bytes(*half)));
        }
        firsts.truncate(usize::try_from(self.header.id_pages()).unwrap_or(usize::MAX));
        Ok(firsts)
    }

    fn read(&self, bytes: &mut [u8], at: u64) -> Result<()> {
        self.file
            .read_exact_at(bytes, at)
            .map_err(|error| disk::failure(self.what.clone(), &error))
    }

    fn damaged(&self, part: &str) -> Error {
        Error::Damaged {
            what: self.what.clone(),
            detail: format!("{part} is not as it was written"),
        }
    }
}
