//! A blocked Bloom filter: one cache line says whether a key may be in a run.
//!
//! About one stranger in seventy is let through. A block checks itself (60 bytes of bits, 4 of
//! checksum), so that one block of an old run can be read from disk alone.

use super::format::{BLOCK_BYTES, checksum};
use rapport_store::seen::SeenKey;

const BITS_A_BLOCK: u64 = 480;
const BITS_AN_ID: u64 = 10;
const PROBES: u32 = 7;
const SEAL: usize = 60;

/// One block.
pub(super) type Block = [u8; BLOCK_BYTES];

/// The blocks of one run.
pub(super) struct Filter {
    blocks: Vec<Block>,
}

impl Filter {
    /// An empty filter for this many ids.
    pub(super) fn for_ids(ids: u64) -> Filter {
        let blocks = (ids * BITS_AN_ID).div_ceil(BITS_A_BLOCK).max(1);
        Filter {
            blocks: vec![[0; BLOCK_BYTES]; usize::try_from(blocks).unwrap_or(usize::MAX)],
        }
    }

    /// A filter from the bytes of a file; `None` where a block is not as it was sealed.
    pub(super) fn read(bytes: &[u8]) -> Option<Filter> {
        let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
        let whole = (0..)
            .zip(blocks)
            .all(|(place, block)| is_whole(block, place));
        (whole && rest.is_empty()).then(|| Filter {
            blocks: blocks.to_vec(),
        })
    }

    /// How many blocks it has.
    pub(super) fn len(&self) -> u64 {
        self.blocks.len() as u64
    }

    /// Takes a key in.
    pub(super) fn insert(&mut self, key: SeenKey) {
        let place = place(key, self.len());
        for bit in bits(key) {
            self.blocks[place as usize][bit / 8] |= 1 << (bit % 8);
        }
    }

    /// Whether a key may have been taken in.
    pub(super) fn may_hold(&self, key: SeenKey) -> bool {
        holds(&self.blocks[place(key, self.len()) as usize], key)
    }

    /// The blocks as a file keeps them.
    pub(super) fn sealed(mut self) -> Vec<Block> {
        for (place, block) in (0..).zip(&mut self.blocks) {
            seal_in_place(block, place);
        }
        self.blocks
    }
}

/// Seals a block.
pub(super) fn seal_in_place(block: &mut Block, place: u64) {
    let seal = seal(block, place);
    block[SEAL..].copy_from_slice(&seal);
}

/// The block of a key among so many.
pub(super) fn place(key: SeenKey, blocks: u64) -> u64 {
    ((u128::from(mixed(key, 1)) * u128::from(blocks)) >> 64) as u64
}

/// Whether a block has every bit of a key.
pub(super) fn holds(block: &Block, key: SeenKey) -> bool {
    bits(key).all(|bit| block[bit / 8] & (1 << (bit % 8)) != 0)
}

/// Whether a block is as it was sealed.
pub(super) fn is_whole(block: &Block, place: u64) -> bool {
    block[SEAL..] == seal(block, place)
}

fn seal(block: &Block, place: u64) -> [u8; 4] {
    ((checksum(&block[..SEAL], place) >> 32) as u32).to_be_bytes()
}

fn bits(key: SeenKey) -> impl Iterator<Item = usize> {
    let hash = mixed(key, 2);
    (0..PROBES).map(move |probe| {
        let nine = (hash >> (9 * probe)) & 511;
        ((nine * BITS_A_BLOCK) >> 9) as usize
    })
}

/// Keys are hashes already; mixing keeps the filter good for keys that are not.
fn mixed(key: SeenKey, salt: u64) -> u64 {
    let mut hash = (key as u64) ^ ((key >> 64) as u64).rotate_left(23) ^ salt.wrapping_mul(GOLDEN);
    hash = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash = (hash ^ (hash >> 29)).wrapping_mul(GOLDEN);
    hash ^ (hash >> 32)
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
