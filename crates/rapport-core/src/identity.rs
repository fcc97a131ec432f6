//! Who is behind an event: identifiers, how far they are trusted, and which profile they mean.
//!
//! [`resolve::resolve`] is the rule. Around it: [`policy`] (kinds, priorities, limits, blocked
//! values), [`normalise`] (one spelling per identifier), [`journal`] (why two profiles are one),
//! [`shared`] (kiosks and bots) and [`veto`] (merges a member took back).

use crate::event::{KeyKind, SourceNo};
use crate::position::Position;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::fmt;

pub mod extract;
pub mod journal;
pub mod merge;
pub mod normalise;
pub mod policy;
pub mod resolve;
pub mod shared;
pub mod veto;

/// Number of a profile: dense, time-ordered, from 1; once given never recycled.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ProfileNo(pub u64);

/// `prf_42`, as the API spells it.
impl fmt::Display for ProfileNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "prf_{}", self.0)
    }
}

impl ProfileNo {
    /// Reads `prf_42`.
    #[must_use]
    pub fn parse(text: &str) -> Option<ProfileNo> {
        text.strip_prefix("prf_")?.parse().ok().map(ProfileNo)
    }
}

/// The kind of an identifier: `user_id`, `email`, `phone`, `anonymous_id`, `device_id` or a
/// custom word (lower case letters, digits, `_`; at most 64 characters).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum IdKind {
    /// The id a person has in the customer's own systems.
    UserId,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// The id an SDK made for a browser or an installation.
    AnonymousId,
    /// A phone's or a tablet's own id.
    DeviceId,
    /// Any other kind, by its word.
    Custom(Box<str>),
}

impl IdKind {
    /// The word the API and the rules use.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            IdKind::UserId => "user_id",
            IdKind::Email => "email",
            IdKind::Phone => "phone",
            IdKind::AnonymousId => "anonymous_id",
            IdKind::DeviceId => "device_id",
            IdKind::Custom(word) => word,
        }
    }

    /// The kind behind a word; any well-formed unknown word is a custom kind.
    #[must_use]
    pub fn from_word(word: &str) -> Option<IdKind> {
        Some(match word {
            "user_id" => IdKind::UserId,
            "email" => IdKind::Email,
            "phone" => IdKind::Phone,
            "anonymous_id" => IdKind::AnonymousId,
            "device_id" => IdKind::DeviceId,
            custom => {
                let fits = !custom.is_empty()
                    && custom.len() <= 64
                    && custom
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
                if !fits {
                    return None;
                }
                IdKind::Custom(custom.into())
            }
        })
    }
}

/// One identifier: a kind and a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identifier {
    /// What kind of identifier it is.
    pub kind: IdKind,
    /// Its value: as sent on an [`Event`](crate::event::Event), normalised everywhere else.
    pub value: Box<str>,
}

impl Identifier {
    /// An identifier from its parts.
    pub fn new(kind: IdKind, value: impl Into<Box<str>>) -> Identifier {
        Identifier {
            kind,
            value: value.into(),
        }
    }
}

/// `email:ana@example.org`, as the API spells it.
impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.word(), self.value)
    }
}

/// Why an identifier belongs to a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The identifier, normalised.
    pub identifier: Identifier,
    /// The entry that attached it first.
    pub cause: Position,
    /// The source of that entry; `None` for a member's command.
    pub source: Option<SourceNo>,
    /// When that entry was received.
    pub since: Millis,
    /// How it is vouched for.
    pub trust: Trust,
}

/// How an identifier of a profile is vouched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// An e-mail or phone that only a browser key has said.
    Claimed,
    /// Any other identifier a browser key has said.
    Seen,
    /// Said by a server key, or by a member.
    Confirmed,
}

impl Trust {
    /// The trust an identifier of this kind gets from a key of this kind.
    #[must_use]
    pub fn of(kind: &IdKind, key: KeyKind) -> Trust {
        match (key, kind) {
            (KeyKind::Server, _) => Trust::Confirmed,
            (KeyKind::Browser, IdKind::Email | IdKind::Phone) => Trust::Claimed,
            (KeyKind::Browser, _) => Trust::Seen,
        }
    }
}
