//! `trait`: a computed trait. Its value is made of events where the rule is compiled, so that
//! nothing is read here.

use super::Fact;

/// The word of this kind of fact.
pub const WORD: &str = "trait";

pub(super) static TRAIT: Fact = Fact {
    word: WORD,
    about: "A computed trait, by its key.",
    moved_by: |_| "",
    read: |_, _, see| see(None),
};
