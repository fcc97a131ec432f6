//! A filter asked with one small read: whether a row group can hold a number at all.
//!
//! Loading the whole filter would cost as much as reading the column; one block of 32 bytes
//! answers, and the page cache keeps the blocks that are asked often.

use super::opened::Opened;
use parquet::bloom_filter::Sbbf;
use parquet::file::reader::ChunkReader;
use rapport_store::Result;

const BLOCK: u64 = 32;

/// Whether the column of a row group may hold `value`; true where there is no filter.
pub(super) fn may_hold(opened: &Opened, group: usize, column: usize, value: u64) -> Result<bool> {
    let chunk = opened.footer().row_group(group).column(column);
    let (Some(offset), Some(length)) = (chunk.bloom_filter_offset(), chunk.bloom_filter_length())
    else {
        return Ok(true);
    };
    // The header is shorter than a block, and the filter behind it a power of two of bytes.
    let length = length.unsigned_abs();
    let Some(filter_bytes) = length.checked_ilog2().map(|log| 1_u64 << log) else {
        return Ok(true);
    };
    if filter_bytes < BLOCK {
        return Ok(true);
    }
    let start = offset as u64 + u64::from(length) - filter_bytes;
    let blocks = filter_bytes / BLOCK;
    let block = ((xxh64(value) >> 32) * blocks) >> 32;
    let bytes = opened
        .bytes
        .get_bytes(start + block * BLOCK, BLOCK as usize)
        .map_err(|error| opened.failed(&error))?;
    Ok(Sbbf::new(&bytes).check(&(value as i64)))
}

/// XXH64 of eight little-endian bytes with seed 0, the hash of Parquet's filters.
fn xxh64(value: u64) -> u64 {
    const P1: u64 = 0x9E37_79B1_85EB_CA87;
    const P2: u64 = 0xC2B2_AE3D_27D4_EB4F;
    const P3: u64 = 0x1656_67B1_9E37_79F9;
    const P4: u64 = 0x85EB_CA77_C2B2_AE63;
    const P5: u64 = 0x27D4_EB2F_1656_67C5;
    let lane = value.wrapping_mul(P2).rotate_left(31).wrapping_mul(P1);
    let mut hash = P5.wrapping_add(8) ^ lane;
    hash = hash.rotate_left(27).wrapping_mul(P1).wrapping_add(P4);
    hash = (hash ^ (hash >> 33)).wrapping_mul(P2);
    hash = (hash ^ (hash >> 29)).wrapping_mul(P3);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_of_a_number_is_the_one_parquet_put_it_into() {
        let mut filter = Sbbf::new_with_num_of_bytes(4096);
        let numbers: Vec<u64> = (0..200_u64)
            .map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15))
            .collect();
        for number in &numbers {
            filter.insert(&(*number as i64));
        }
        let mut bytes = Vec::new();
        filter.write(&mut bytes).expect("a filter is written");
        let bits = &bytes[bytes.len() - 4096..];
        for number in numbers {
            let block = (((xxh64(number) >> 32) * 128) >> 32) as usize;
            let one = Sbbf::new(&bits[block * 32..block * 32 + 32]);
            assert!(
                one.check(&(number as i64)),
                "{number} is not in block {block}"
            );
        }
    }
}
