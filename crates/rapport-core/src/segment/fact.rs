//! What is known of a person besides events: each kind of fact is a file, and a line in [`FACTS`].

use crate::json::Value;
use crate::segment::path::Path;
use crate::segment::person::Facts;
use crate::time::Millis;

mod attribute;
mod company;
mod computed;
mod consent;
mod score;

pub use self::company::MOVED as COMPANIES_MOVED;
pub use self::computed::WORD as TRAIT_WORD;

/// A kind of fact. Both spellings are made from this.
#[derive(Debug)]
pub struct Fact {
    /// How both spellings write it: `attribute`.
    pub word: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// The name of the attribute (or of what moves like one) that a path looks into.
    pub(super) moved_by: fn(&Path) -> &str,
    /// Shows the value at a path.
    read: Read,
}

/// Shows a value of a person at a path, or several.
type Read = fn(&Facts<'_>, &Path, &mut dyn FnMut(Option<&Value<'_>>));

/// Every kind of fact.
pub static FACTS: [&Fact; 5] = [
    &attribute::ATTRIBUTE,
    &consent::CONSENT,
    &score::SCORE,
    &company::COMPANY,
    &computed::TRAIT,
];

impl Fact {
    /// The kind behind a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<&'static Fact> {
        FACTS.into_iter().find(|fact| fact.word == word)
    }

    /// Shows the value at a path as it was at `now`. Nothing is known of what was before the
    /// present value: that counts as none.
    pub(super) fn read<T>(
        &self,
        facts: &Facts<'_>,
        path: &Path,
        now: Millis,
        mut see: impl FnMut(Option<&Value<'_>>) -> T,
    ) -> T {
        if self.since(facts, path).is_some_and(|since| since > now) {
            return see(None);
        }
        let mut seen = None;
        (self.read)(facts, path, &mut |value| seen = Some(see(value)));
        seen.unwrap_or_else(|| see(None))
    }

    /// Since when the value at a path is what it is.
    pub(super) fn since(&self, facts: &Facts<'_>, path: &Path) -> Option<Millis> {
        facts.attributes.since((self.moved_by)(path))
    }
}

impl PartialEq for Fact {
    fn eq(&self, other: &Fact) -> bool {
        self.word == other.word
    }
}
