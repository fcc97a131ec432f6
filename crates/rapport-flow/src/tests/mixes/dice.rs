//! Seeded dice: the same seed throws the same numbers on every machine.

pub(in crate::tests) struct Dice {
    state: u64,
}

impl Dice {
    pub(in crate::tests) fn new(seed: u64) -> Dice {
        Dice {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15),
        }
    }

    /// A number below `end`.
    pub(in crate::tests) fn below(&mut self, end: u64) -> u64 {
        // SplitMix64: small, and good enough to choose with.
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    pub(in crate::tests) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub(in crate::tests) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}
