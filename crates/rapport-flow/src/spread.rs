//! A hasher for keys that are numbers nobody outside chooses: keyed hashes, and numbers of profiles,
//! which are given one after another. One multiplication spreads them; whoever could choose them
//! could make all of them fall on one place, so texts and ids of others never go through here.

use std::hash::{BuildHasherDefault, Hasher};

/// What maps of such numbers are built with.
pub(crate) type BySpread = BuildHasherDefault<Spread>;

/// Multiplies each number in (Fibonacci hashing; Knuth, The Art of Computer Programming 3, 6.4).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spread(u64);

/// 2^64 divided by the golden ratio, made odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let product = (self.0 ^ number).wrapping_mul(GOLDEN);
        // A map takes the lowest bits for the place and the highest for the mark.
        self.0 = product ^ (product >> 32);
    }

    fn write_u128(&mut self, number: u128) {
        self.write_u64(number as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::hash::BuildHasher;

    #[test]
    fn numbers_given_one_after_another_fall_on_places_apart() {
        let places = |mask: u64, shift: u32| {
            let places = (0..1_000_u64).map(|number| BySpread::default().hash_one(number));
            let places = places.map(|hash| (hash >> shift) & mask);
            places.collect::<BTreeSet<_>>().len()
        };
        // By chance 1,000 numbers would fall on about 632 of 1,024 places, and on all of 128 marks.
        assert!(places(1_023, 0) > 550, "{}", places(1_023, 0));
        assert_eq!(places(127, 57), 128);
    }

    #[test]
    fn a_keyed_hash_falls_where_its_lower_half_says() {
        let one = BySpread::default().hash_one(7_u128 << 64 | 9);
        assert_eq!(one, BySpread::default().hash_one(9_u128));
        assert_ne!(one, BySpread::default().hash_one(10_u128));
    }
}
