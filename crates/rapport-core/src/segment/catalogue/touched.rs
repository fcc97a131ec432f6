//! The segments that an entry may have moved.

/// A set of segments of one catalogue; kept from entry to entry, it never allocates.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    words: Vec<u64>,
}

impl Touched {
    /// Whether nothing is touched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Forgets everything, as when the catalogue changes.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    pub(super) fn insert(&mut self, rank: usize) {
        let word = rank / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (rank % 64);
    }

    pub(super) fn extend(&mut self, ranks: &[usize]) {
        ranks.iter().for_each(|rank| self.insert(*rank));
    }

    /// Takes the lowest rank out.
    pub(super) fn take_first(&mut self) -> Option<usize> {
        let (at, word) = self
            .words
            .iter_mut()
            .enumerate()
            .find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros() as usize;
        *word &= *word - 1;
        Some(at * 64 + bit)
    }
}
