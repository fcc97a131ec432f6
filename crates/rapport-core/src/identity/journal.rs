//! Why profiles were joined, why others were not, and what was taken back.

use crate::entry::Reference;
use crate::event;
use crate::identity::{Identifier, ProfileNo};
use crate::position::Position;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// One line of the merge journal. Its number is given by the store that keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The entry it happened in.
    pub place: Position,
    /// When that entry was received.
    pub received: Millis,
    /// What happened.
    pub what: What,
}

/// What a line of the journal says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Two profiles became one.
    Merged {
        /// The profile that lives on: the one with the lower number.
        survivor: ProfileNo,
        /// The entry that made it.
        survivor_birth: Position,
        /// The profile whose number redirects from now on.
        absorbed: ProfileNo,
        /// The entry that made it.
        absorbed_birth: Position,
        /// Why.
        cause: MergeCause,
    },
    /// An event's identifier was not followed, because following it would have broken a rule.
    Refused {
        /// The profile the event went to, and the one the identifier belongs to, if any.
        profiles: Vec<ProfileNo>,
        /// The identifier.
        dropped: Identifier,
        /// The rule.
        why: RefusalWhy,
    },
    /// A member took a merge back.
    Undone {
        /// The journal number of the merge.
        merge: u64,
    },
    /// An identifier was found to be shared by several people and no longer resolves.
    Shared {
        /// The identifier.
        identifier: Identifier,
        /// Which threshold it reached.
        why: SharedWhy,
    },
    /// A member let a shared identifier resolve again.
    Released {
        /// The identifier.
        identifier: Identifier,
    },
}

/// What joined two profiles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeCause {
    /// An event that carries identifiers of both.
    Event {
        /// The identifiers that were followed, normalised, strongest first.
        identifiers: Vec<Identifier>,
        /// Its type.
        kind: event::Kind,
    },
    /// Somebody asked for it.
    Member {
        /// Who.
        actor: String,
        /// One of the two, as they named it: a refold asks again whom that means.
        left: Reference,
        /// The other.
        right: Reference,
    },
}

/// The rule an identifier was dropped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalWhy {
    /// The profile would hold more identifiers of a kind than the policy allows.
    Limit,
    /// Two profiles with a user id each would have become one.
    TwoUserIds,
    /// A browser key would have joined two known profiles.
    TwoKnown,
    /// A browser key's unconfirmed e-mail or phone would have put a user id on a profile that
    /// holds that address confirmed.
    Claimed,
    /// A member took this merge back.
    Vetoed,
    /// An alias with a browser key named a user id as the previous one.
    AliasNeedsServerKey,
    /// It breaks no rule itself, but a stronger identifier of the same event was dropped, and
    /// an event that contradicts itself joins nothing weaker.
    Contradicted,
}

/// The threshold that made an identifier shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedWhy {
    /// It was refused too often.
    Refusals,
    /// Too many user ids were seen with it.
    UserIds,
}
