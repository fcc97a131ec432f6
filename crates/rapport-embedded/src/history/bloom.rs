//! Filters that say whether a row group can hold a value at all, read no further than asked.
//!
//! For a few values one block of 32 bytes each answers; for many the filter is read whole. Nothing
//! is kept: the page cache keeps what is asked often, and gives it back under pressure.

use super::opened::Opened;
use bytes::Bytes;
use parquet::file::reader::ChunkReader;
use rapport_store::Result;
use twox_hash::XxHash64;

const BLOCK: u64 = 32;
/// From this many values on, reading the whole filter is cheaper than their blocks.
const MANY: usize = 64;
/// What spreads a hash over the eight words of a block: part of the Parquet format.
const SALT: [u32; 8] = [
    0x47b6_137b,
    0x4497_4d91,
    0x8824_ad5b,
    0xa2b7_289d,
    0x7054_95c7,
    0x2df1_424b,
    0x9efc_4947,
    0x5c6b_fb31,
];

/// A value as filters know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hash(u64);

impl Hash {
    /// Of a number.
    pub(super) fn of_number(value: u64) -> Hash {
        Hash::of_bytes(&value.to_le_bytes())
    }

    /// Of a text.
    pub(super) fn of_text(value: &str) -> Hash {
        Hash::of_bytes(value.as_bytes())
    }

    fn of_bytes(bytes: &[u8]) -> Hash {
        Hash(XxHash64::oneshot(0, bytes))
    }

    /// Sixteen of its bits that blocks do not depend on alone.
    pub(super) fn mark(self) -> u16 {
        (self.0 ^ (self.0 >> 16)) as u16
    }

    fn block(self, blocks: u64) -> u64 {
        ((self.0 >> 32) * blocks) >> 32
    }

    /// Whether a block has all the bits that this value sets.
    fn is_in(self, block: &[u8]) -> bool {
        let low = self.0 as u32;
        block.as_chunks().0.iter().zip(SALT).all(|(word, salt)| {
            let bit = low.wrapping_mul(salt) >> 27;
            u32::from_le_bytes(*word) & (1 << bit) != 0
        })
    }
}

/// The filter of one column of one row group.
pub(super) struct Filter<'a> {
    opened: &'a Opened,
    /// Where its blocks start, and how many there are.
    blocks: Option<(u64, u64)>,
}

impl<'a> Filter<'a> {
    /// Finds the filter; reads nothing.
    pub(super) fn of(opened: &'a Opened, group: usize, column: usize) -> Filter<'a> {
        let chunk = opened.footer().row_group(group).column(column);
        let place = chunk.bloom_filter_offset().zip(chunk.bloom_filter_length());
        let blocks = place.and_then(|(offset, length)| {
            // The header is shorter than a block, and the filter behind it a power of two of bytes.
            let length = length.unsigned_abs();
            let filter_bytes = length.checked_ilog2().map(|log| 1_u64 << log)?;
            let end = u64::try_from(offset).ok()?.checked_add(u64::from(length))?;
            let start = end - filter_bytes;
            (filter_bytes >= BLOCK).then_some((start, filter_bytes / BLOCK))
        });
        Filter { opened, blocks }
    }

    /// Whether the row group may hold the value; true where there is no filter.
    pub(super) fn may_hold(&self, hash: Hash) -> Result<bool> {
        let Some((start, blocks)) = self.blocks else {
            return Ok(true);
        };
        let block = self.read(start + hash.block(blocks) * BLOCK, BLOCK)?;
        Ok(hash.is_in(&block))
    }

    /// Those of `asked` whose value the row group may hold. `room` is used again and again: a
    /// look-up reads thousands of filters.
    pub(super) fn may_hold_of(
        &self,
        asked: &[usize],
        hash_of: impl Fn(usize) -> Hash,
        room: &mut Vec<u8>,
    ) -> Result<Vec<usize>> {
        let Some((start, blocks)) = self.blocks else {
            return Ok(asked.to_vec());
        };
        if asked.len() >= MANY {
            let length = (blocks * BLOCK) as usize;
            if room.len() < length {
                room.resize(length, 0);
            }
            let whole = &mut room[..length];
            self.opened
                .bytes
                .read_at(start, whole)
                .map_err(|error| self.opened.failed(&error))?;
            let whole = &*whole;
            let may_hold = |value: &usize| {
                let hash = hash_of(*value);
                let at = (hash.block(blocks) * BLOCK) as usize;
                hash.is_in(&whole[at..at + BLOCK as usize])
            };
            return Ok(asked.iter().copied().filter(may_hold).collect());
        }
        let mut held = Vec::new();
        for value in asked {
            if self.may_hold(hash_of(*value))? {
                held.push(*value);
            }
        }
        Ok(held)
    }

    fn read(&self, start: u64, length: u64) -> Result<Bytes> {
        let bytes = self.opened.bytes.get_bytes(start, length as usize);
        bytes.map_err(|error| self.opened.failed(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::bloom_filter::Sbbf;

    #[test]
    fn a_value_is_where_parquet_put_it_and_a_stranger_is_not() {
        let mut filter = Sbbf::new_with_num_of_bytes(8192);
        let numbers: Vec<u64> = (0..200_u64)
            .map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15))
            .collect();
        for number in &numbers {
            filter.insert(&(*number as i64));
            filter.insert(format!("message-{number}").as_str());
        }
        let mut bytes = Vec::new();
        filter.write(&mut bytes).expect("a filter is written");
        let bits = &bytes[bytes.len() - 8192..];
        let holds = |hash: Hash| {
            let at = (hash.block(256) * BLOCK) as usize;
            hash.is_in(&bits[at..at + BLOCK as usize])
        };
        for number in &numbers {
            assert!(holds(Hash::of_number(*number)), "{number}");
            assert!(
                holds(Hash::of_text(&format!("message-{number}"))),
                "message-{number}"
            );
        }
        let strangers = (0..1_000).filter(|n| holds(Hash::of_text(&format!("stranger-{n}"))));
        assert!(strangers.count() < 10, "few strangers pass");
    }
}
