//! `consent`: what the attribute `consent` says, an object of topics.

use super::Fact;
use crate::json;

pub(super) static CONSENT: Fact = Fact {
    word: "consent",
    about: "What the person agreed to: a member of the attribute `consent`.",
    moved_by: |_| "consent",
    read: |facts, path, see| {
        let raw = facts.attributes.raw("consent");
        see(raw.and_then(|raw| json::pick(raw, path.names())).as_ref());
    },
};
