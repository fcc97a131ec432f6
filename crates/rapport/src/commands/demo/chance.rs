//! Chance that repeats: one seed tells one story.

/// A seeded generator (SplitMix64).
pub(super) struct Chance(u64);

impl Chance {
    /// The chance of one thread of the story.
    pub(super) fn new(seed: u64, thread: u64) -> Chance {
        let mut chance = Chance(seed ^ thread.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        chance.next();
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.abs_diff(low) + 1;
        low.saturating_add_unsigned(self.next() % span)
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, cases: i64) -> bool {
        self.between(1, 100) <= cases
    }

    /// One of several.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let last = i64::try_from(from.len()).unwrap_or(i64::MAX) - 1;
        &from[usize::try_from(self.between(0, last)).unwrap_or(0)]
    }

    /// An identifier in the form of a UUID.
    pub(super) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xFFFF,
            high & 0xFFF,
            low >> 52,
            low & 0xFFFF_FFFF_FFFF
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence_and_threads_differ() {
        let draw = |seed, thread| {
            let mut chance = Chance::new(seed, thread);
            (0..50)
                .map(|_| chance.between(0, 1_000_000))
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(7, 1), draw(7, 1));
        assert_ne!(draw(7, 1), draw(7, 2));
        assert_ne!(draw(7, 1), draw(8, 1));
    }

    #[test]
    fn numbers_stay_between_their_ends_and_reach_both() {
        let mut chance = Chance::new(1, 1);
        let drawn: Vec<i64> = (0..500).map(|_| chance.between(-2, 2)).collect();
        assert_eq!(
            (drawn.iter().min(), drawn.iter().max()),
            (Some(&-2), Some(&2))
        );
    }
}
