//! Stored bytes without their files: what a test that breaks them needs so that the break lies
//! behind the checksums, where it does harm.

use crate::ledger::group::{self, Encoded};
use crate::seen::format::{self, Header, PAGE_BYTES, Page};
use rapport_store::Result;
use rapport_store::ledger::Submission;

/// A group of requests as a row of the ledger holds it: how many (4 bytes), how it is packed (1),
/// its body.
///
/// # Errors
/// Where there are too many.
pub fn pack_group(requests: &[Submission]) -> Result<Vec<u8>> {
    let group = group::encode(requests)?;
    let mut bytes = group.count.to_be_bytes().to_vec();
    bytes.push(group.codec);
    bytes.extend(group.body);
    Ok(bytes)
}

/// Reads what [`pack_group`] packed, or anything else.
///
/// # Errors
/// What is wrong with it.
pub fn unpack_group(bytes: &[u8]) -> std::result::Result<Vec<Submission>, String> {
    let (count, rest) = bytes.split_first_chunk().ok_or("no count")?;
    let (codec, body) = rest.split_first().ok_or("no way of packing")?;
    group::decode(&Encoded {
        count: u32::from_be_bytes(*count),
        codec: *codec,
        body: body.to_vec(),
    })
}

/// Makes the length and the checksums of a run of seen ids what its header says they are, where
/// it does not speak of more than `bytes_max`; returns how many ids it speaks of.
pub fn seal_run(bytes: &mut Vec<u8>, bytes_max: usize) -> Option<u64> {
    let (header, _) = bytes.split_first_chunk_mut::<PAGE_BYTES>()?;
    *header = format::sealed(*header, 0);
    let header = Header::read(header)?;
    let end = usize::try_from(header.end()).ok()?;
    if end > bytes_max {
        return Some(header.ids);
    }
    bytes.resize(end, 0);
    for number in 1..=header.id_pages() {
        seal_page(bytes, number * PAGE_BYTES as u64, number);
    }
    format::seal_blocks(&header, bytes);
    let index_pages = (header.end() - header.index_at()) / PAGE_BYTES as u64;
    for place in 0..index_pages {
        seal_page(bytes, header.index_at() + place * PAGE_BYTES as u64, place);
    }
    Some(header.ids)
}

fn seal_page(bytes: &mut [u8], at: u64, place: u64) {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    let found = bytes
        .get_mut(at..)
        .and_then(<[u8]>::first_chunk_mut::<PAGE_BYTES>);
    if let Some(page) = found {
        let sealed: Page = format::sealed(*page, place);
        *page = sealed;
    }
}
