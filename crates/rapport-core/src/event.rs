//! The one event behind every dialect, and the request it came in.

use crate::identity::Identifier;
use crate::outcome::Reason;
use crate::position::Position;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

pub mod dialect;
pub mod mapping;
mod sighting;
pub mod skew;
pub mod transform;
pub mod webhook;

pub use self::sighting::Sighting;

/// Number of a source (a website, an app, a server): dense, from 1, never recycled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceNo(pub u32);

/// What kind of key a request carried, which decides how far its identity claims are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// A write key that anybody can read in a page or an app.
    Browser,
    /// A key kept on a server.
    Server,
}

/// The wire format a request was sent in; a number that is stored, so never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Segment's HTTP tracking API.
    Segment,
    /// RudderStack's, which grew out of Segment's.
    Rudder,
    /// Jitsu's, which grew out of Segment's.
    Jitsu,
    /// PostHog's capture API.
    Posthog,
    /// What a webhook of another system sent, with its headers.
    Webhook,
    /// Rows of an imported file, as the job that reads it hands them over.
    Import,
    /// Who is put on lists and taken off them, as Rapport itself hands it over.
    List,
    /// Events of the HubSpot-compatible API, as its door hands them over.
    Hubspot,
}

impl Dialect {
    /// The word the API uses: `segment`, `rudder` and so on.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Dialect::Segment => "segment",
            Dialect::Rudder => "rudder",
            Dialect::Jitsu => "jitsu",
            Dialect::Posthog => "posthog",
            Dialect::Webhook => "webhook",
            Dialect::Import => "import",
            Dialect::List => "list",
            Dialect::Hubspot => "hubspot",
        }
    }

    /// The dialect behind a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Dialect> {
        [
            Dialect::Segment,
            Dialect::Rudder,
            Dialect::Jitsu,
            Dialect::Posthog,
            Dialect::Webhook,
            Dialect::Import,
            Dialect::List,
            Dialect::Hubspot,
        ]
        .into_iter()
        .find(|dialect| dialect.word() == word)
    }
}

/// Which call of the dialect a request was; single calls fix the type of their one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// One event of this type.
    One(Kind),
    /// `{"batch": [...]}` of events that name their own types.
    Batch,
}

/// The type of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody did something.
    Track,
    /// Somebody is this, and has these traits.
    Identify,
    /// A page was viewed.
    Page,
    /// An app's screen was viewed.
    Screen,
    /// Somebody belongs to this company.
    Group,
    /// A previous id and a user id are the same person.
    Alias,
    /// Somebody was put on a list or taken off it. No door takes these from outside.
    List,
}

impl Kind {
    /// The word of the tracking API: `track`, `identify` and so on.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Track => "track",
            Kind::Identify => "identify",
            Kind::Page => "page",
            Kind::Screen => "screen",
            Kind::Group => "group",
            Kind::Alias => "alias",
            Kind::List => "list",
        }
    }

    /// The type behind a word, exactly as the tracking API spells it.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Kind> {
        Some(match word {
            "track" => Kind::Track,
            "identify" => Kind::Identify,
            "page" => Kind::Page,
            "screen" => Kind::Screen,
            "group" => Kind::Group,
            "alias" => Kind::Alias,
            "list" => Kind::List,
            _ => return None,
        })
    }
}

/// What the door knows of a request beside its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The source whose key was used.
    pub source: SourceNo,
    /// How far that key is trusted.
    pub key_kind: KeyKind,
    /// The wire format.
    pub dialect: Dialect,
    /// Which of its calls.
    pub call: Call,
    /// The sender's address as the socket gave it; browser events get it as `context.ip`.
    pub ip: Option<String>,
    /// The `User-Agent` header; browser events without one in their context get it.
    pub user_agent: Option<String>,
}

/// One request as it stands on the ledger: the bytes as accepted, and where and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its number on the ledger.
    pub number: u64,
    /// Stamped by the ledger's writer in append order; never decreases.
    pub received: Millis,
    /// What the door knew.
    pub origin: Origin,
    /// The body, decompressed: known to be JSON.
    pub body: Vec<u8>,
}

/// A JSON text as received, not parsed further: an object unless said otherwise.
pub type RawJson = Box<str>;

/// One event, whatever dialect it came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its place on the ledger.
    pub position: Position,
    /// When the ledger took it.
    pub received: Millis,
    /// The client's own timestamp, as sent.
    pub original: Option<Millis>,
    /// When the client says it sent it.
    pub sent: Option<Millis>,
    /// The client's time corrected for skew; never later than `received`.
    pub at: Millis,
    /// Where it came from.
    pub source: SourceNo,
    /// How far its identity claims are trusted.
    pub key_kind: KeyKind,
    /// Its type.
    pub kind: Kind,
    /// The event's name for track, the page's or screen's name where there is one; else empty.
    pub name: Box<str>,
    /// The client's message id, or one made from the position.
    pub message_id: Box<str>,
    /// Every identifier it carries, as sent (not yet normalised), in the order found. For alias
    /// the new user id; the previous one is in `previous`.
    pub identifiers: Vec<Identifier>,
    /// Alias only: the id that was used before (a user id or an anonymous id), as sent.
    pub previous: Option<Box<str>>,
    /// Group only: the company's id.
    pub group: Option<Box<str>>,
    /// Identify and group traits (also `context.traits`), `{}` where none.
    pub traits: RawJson,
    /// Track, page and screen properties, `{}` where none.
    pub properties: RawJson,
    /// The context, `{}` where none.
    pub context: RawJson,
    /// `integrations` and every top-level field this version does not know, `{}` where none.
    pub extra: RawJson,
}

/// What validation made of one item of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validated {
    /// An event, ready for the next step.
    Event(Box<Event>),
    /// Not an event; the bytes are kept for inspection and re-drive.
    Invalid {
        /// Its place on the ledger.
        position: Position,
        /// Why not.
        reason: Reason,
        /// The item as received.
        raw: RawJson,
    },
    /// Left out on purpose, by the configuration of its source.
    Filtered {
        /// Its place on the ledger.
        position: Position,
        /// What left it out.
        reason: Reason,
        /// The item as received.
        raw: RawJson,
    },
}
