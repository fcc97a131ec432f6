//! In what the dialects that grew out of Segment's differ from it.

use super::limits::Limits;
use crate::event::{Dialect, Kind};
use crate::identity::Identifier;
use crate::outcome::Reason;

/// What is a dialect's own in calls that are otherwise Segment's.
pub(super) struct Manner {
    /// Whose limits hold.
    pub(super) dialect: Dialect,
    /// What decides the type of a single call.
    pub(super) types: Types,
    /// Whose word counts for address and agent.
    pub(super) sockets: Sockets,
    /// Who must be named.
    pub(super) needs: Needs,
    /// Reads `mergeProperties`, where the dialect has a `merge` call.
    pub(super) merge: Option<ReadMerge>,
}

/// Reads the properties of a merge.
pub(super) type ReadMerge = fn(&str) -> Result<Merge, Reason>;

/// What decides the type of a single call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Types {
    /// The address it was sent to.
    OfTheCall,
    /// Its own `type`, and the address where that says nothing.
    OfTheItem,
}

/// Whose word counts for the address and the agent of a browser's event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sockets {
    /// The event's; the socket's where it says nothing.
    UnderTheEvent,
    /// The socket's, whatever the event says.
    OverTheEvent,
}

/// Who an event must name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// A user or an anonymous visitor.
    AnId,
    /// Somebody, by an identifier of any kind: a row of a file may know a person by e-mail, phone or
    /// card alone.
    AnyIdentifier,
}

impl Needs {
    /// Checks that the identifiers found name somebody.
    ///
    /// # Errors
    /// Where there is none and any would have done.
    pub(super) fn check(self, identifiers: &[Identifier]) -> Result<(), Reason> {
        if self == Needs::AnyIdentifier && identifiers.is_empty() {
            let message =
                "a row needs an identifier: a user id, an e-mail, a phone, or another kind";
            return Err(Reason::new("missing_id", message));
        }
        Ok(())
    }
}

/// Whom a call is about, where it is not said by `userId` and its like.
pub(super) struct Merge {
    /// The type of the event that means the same.
    pub(super) kind: Kind,
    /// The identifiers, as sent.
    pub(super) identifiers: Vec<Identifier>,
    /// The id that was used before.
    pub(super) previous: Option<Box<str>>,
}

impl Manner {
    /// Segment's own.
    pub(super) const PLAIN: Manner = Manner {
        dialect: Dialect::Segment,
        types: Types::OfTheCall,
        sockets: Sockets::UnderTheEvent,
        needs: Needs::AnId,
        merge: None,
    };

    /// What a request may hold.
    pub(super) fn limits(&self) -> Limits {
        Limits::of(self.dialect)
    }

    /// The type behind a word of the dialect. A `merge` counts as an alias until its pair is read.
    pub(super) fn kind(&self, word: &str) -> Option<Kind> {
        match word {
            "merge" if self.merge.is_some() => Some(Kind::Alias),
            _ => Kind::from_word(word).filter(|kind| *kind != Kind::List),
        }
    }
}
