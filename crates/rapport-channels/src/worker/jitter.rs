//! Random numbers that spread retries: quick, repeatable from a seed, and good for nothing else.

use std::hash::{BuildHasher, Hasher, RandomState};

/// SplitMix64.
pub(super) struct Jitter(u64);

impl Jitter {
    pub(super) fn new(seed: u64) -> Jitter {
        Jitter(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// A number that differs between processes.
pub(super) fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
