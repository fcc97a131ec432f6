//! Words that may count only once. They are held in memory: after a restart an old delivery is
//! taken again, and its events end as duplicates by their message ids.

use rapport_core::event::SourceNo;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many words are remembered.
const WORDS_MAX: usize = 200_000;

type Word = (SourceNo, Box<str>);

/// Words that counted, the newest of them.
#[derive(Default)]
pub(crate) struct Replays(Mutex<Held>);

#[derive(Default)]
struct Held {
    known: BTreeSet<Word>,
    order: VecDeque<Word>,
}

impl Replays {
    /// Lets a word count; false where it did before.
    pub(crate) fn begin(&self, source: SourceNo, word: &str) -> bool {
        let mut held = self.held();
        let word: Word = (source, word.into());
        if !held.known.insert(word.clone()) {
            return false;
        }
        held.order.push_back(word);
        if held.order.len() > WORDS_MAX
            && let Some(oldest) = held.order.pop_front()
        {
            held.known.remove(&oldest);
        }
        true
    }

    /// Lets a word that did not count after all count again.
    pub(crate) fn forget(&self, source: SourceNo, word: &str) {
        let mut held = self.held();
        let word: Word = (source, word.into());
        held.known.remove(&word);
        // It is among the newest.
        if let Some(at) = held.order.iter().rposition(|other| *other == word) {
            held.order.remove(at);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_once_per_source_unless_it_is_forgotten() {
        let (replays, one, two) = (Replays::default(), SourceNo(1), SourceNo(2));
        assert!(replays.begin(one, "a"));
        assert!(!replays.begin(one, "a"));
        assert!(replays.begin(two, "a"));
        replays.forget(one, "a");
        assert!(replays.begin(one, "a"));
        assert!(!replays.begin(one, "a"));
    }

    #[test]
    fn only_the_newest_words_are_held() {
        let (replays, source) = (Replays::default(), SourceNo(1));
        for number in 0..=WORDS_MAX {
            assert!(replays.begin(source, &number.to_string()));
        }
        assert!(replays.begin(source, "0"));
        assert_eq!(replays.held().known.len(), WORDS_MAX);
    }
}
