//! `attribute`.

use super::Fact;
use crate::json;

pub(super) static ATTRIBUTE: Fact = Fact {
    word: "attribute",
    about: "An attribute of the profile.",
    moved_by: |path| path.split().0,
    read: |facts, path, see| {
        let (name, inside) = path.split();
        let raw = facts.attributes.raw(name);
        see(raw.and_then(|raw| json::pick(raw, inside)).as_ref());
    },
};
