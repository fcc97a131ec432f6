//! The bytes of a run: a header page, pages of ids, the filter's blocks, pages of the index.

use rapport_core::time::Millis;
use rapport_store::seen::SeenKey;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

/// Bytes of a page, its checksum included.
pub(crate) const PAGE_BYTES: usize = 4_096;
/// Bytes of a page before its checksum.
pub(crate) const PAGE_ROOM: usize = PAGE_BYTES - 8;
/// A key and when it was received.
pub(crate) const ID_BYTES: usize = 20;
/// Ids of a full page.
pub(crate) const IDS_A_PAGE: u64 = (PAGE_ROOM / ID_BYTES) as u64;
/// First keys (their upper halves) of a full page of the index.
pub(crate) const FIRSTS_A_PAGE: u64 = (PAGE_ROOM / 8) as u64;
/// Bytes of one block of the filter.
pub(crate) const BLOCK_BYTES: usize = 64;

/// Ids, and blocks of a filter, that a run can have.
const COUNT_MAX: u64 = 1 << 40;
const MAGIC: [u8; 8] = *b"RPRTSEEN";
const FORMAT: u32 = 1;

/// A page of a run.
pub(crate) type Page = [u8; PAGE_BYTES];

/// What a run says of itself on its first page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    magic: [u8; 8],
    format: u32,
    /// How many ids it holds.
    pub(crate) ids: u64,
    /// How many blocks its filter has.
    pub(crate) blocks: u64,
    /// Moments are stored as steps of `step_ms` since this.
    pub(crate) base: Millis,
    /// 1, unless the run spans more than 49 days.
    pub(crate) step_ms: i64,
}

impl Header {
    /// A header of a run whose moments lie within `span`.
    pub(crate) fn new(blocks: u64, span: (Millis, Millis)) -> Header {
        let span_ms = span.1.since(span.0).max(0);
        let step_ms = span_ms / i64::from(u32::MAX) + 1;
        Header {
            magic: MAGIC,
            format: FORMAT,
            ids: 0,
            blocks,
            base: span.0,
            step_ms,
        }
    }

    /// Its page.
    pub(crate) fn page(&self) -> Option<Page> {
        let mut page = [0; PAGE_BYTES];
        postcard::to_slice(self, &mut page[..PAGE_ROOM]).ok()?;
        Some(sealed(page, 0))
    }

    /// The header on a page whose seal was right.
    pub(crate) fn read(page: &Page) -> Option<Header> {
        let header: Header = postcard::take_from_bytes(&page[..PAGE_ROOM]).ok()?.0;
        let known = header.magic == MAGIC && header.format == FORMAT;
        // So that no place in the file is beyond what can be counted.
        let fits = header.ids <= COUNT_MAX && (1..=COUNT_MAX).contains(&header.blocks);
        (known && header.step_ms > 0 && fits).then_some(header)
    }

    /// Pages of ids.
    pub(crate) fn id_pages(&self) -> u64 {
        self.ids.div_ceil(IDS_A_PAGE)
    }

    /// Where the filter begins.
    pub(crate) fn filter_at(&self) -> u64 {
        (1 + self.id_pages()) * PAGE_BYTES as u64
    }

    /// Where the index begins.
    pub(crate) fn index_at(&self) -> u64 {
        self.filter_at() + self.blocks * BLOCK_BYTES as u64
    }

    /// Where the file ends.
    pub(crate) fn end(&self) -> u64 {
        self.index_at() + self.id_pages().div_ceil(FIRSTS_A_PAGE) * PAGE_BYTES as u64
    }

    /// A moment as stored; an earlier or later one than the span is cut to it.
    pub(crate) fn steps(&self, at: Millis) -> u32 {
        u32::try_from(at.since(self.base).max(0) / self.step_ms).unwrap_or(u32::MAX)
    }

    /// A stored moment.
    pub(crate) fn moment(&self, steps: u32) -> Millis {
        self.base
            .plus(i64::from(steps).saturating_mul(self.step_ms))
    }
}

/// Puts an id into its place.
pub(crate) fn put_id(place: &mut [u8], key: SeenKey, steps: u32) {
    place[..16].copy_from_slice(&key.to_be_bytes());
    place[16..ID_BYTES].copy_from_slice(&steps.to_be_bytes());
}

/// The key and the steps of an id.
pub(crate) fn id(place: &[u8]) -> (SeenKey, u32) {
    let (mut key, mut steps) = ([0; 16], [0; 4]);
    key.copy_from_slice(&place[..16]);
    steps.copy_from_slice(&place[16..ID_BYTES]);
    (SeenKey::from_be_bytes(key), u32::from_be_bytes(steps))
}

/// The half of a key that the index keeps.
pub(crate) fn upper_half(key: SeenKey) -> u64 {
    (key >> 64) as u64
}

/// A page with the checksum of its bytes and its place.
pub(crate) fn sealed(mut page: Page, place: u64) -> Page {
    let checksum = checksum(&page[..PAGE_ROOM], place);
    page[PAGE_ROOM..].copy_from_slice(&checksum.to_be_bytes());
    page
}

/// Seals what stands where the blocks of the filter should.
pub(crate) fn seal_blocks(header: &Header, bytes: &mut [u8]) {
    let from = usize::try_from(header.filter_at()).unwrap_or(usize::MAX);
    let Some(rest) = bytes.get_mut(from..) else {
        return;
    };
    let (blocks, _) = rest.as_chunks_mut::<BLOCK_BYTES>();
    for (place, block) in (0..header.blocks).zip(blocks) {
        super::filter::seal_in_place(block, place);
    }
}

/// Whether a page is as it was sealed.
pub(crate) fn is_whole(page: &[u8], place: u64) -> bool {
    page.len() == PAGE_BYTES
        && page[PAGE_ROOM..] == checksum(&page[..PAGE_ROOM], place).to_be_bytes()
}

/// A checksum of bytes at a place of a file.
pub(crate) fn checksum(bytes: &[u8], place: u64) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write_u64(place);
    hasher.write(bytes);
    hasher.finish()
}
