//! `score`: what the attribute `scores` says, an object of predictions by name.

use super::Fact;
use crate::json;

pub(super) static SCORE: Fact = Fact {
    word: "score",
    about: "A prediction: a member of the attribute `scores`.",
    moved_by: |_| "scores",
    read: |facts, path, see| {
        let raw = facts.attributes.raw("scores");
        see(raw.and_then(|raw| json::pick(raw, path.names())).as_ref());
    },
};
