//! Turns a change of a segment's membership into messages for the destinations that hear of it.
//!
//! The shapes are Segment's own (`Audience Entered`, `Audience Exited`, or a boolean trait), so
//! whatever already receives audiences from Segment receives them from here.

use crate::entry::{Destination, Shape};
use crate::identity::{IdKind, Identifier, ProfileNo};
use crate::outbox::About;
use crate::position::Position;
use crate::time::Millis;
use serde::Serialize;
use serde_json::{Map, Value};
use siphasher::sip128::SipHasher13;

#[cfg(test)]
mod tests;

/// What the `namespace` and `space_id` of every message say: one directory is one workspace.
const SPACE: &str = "rapport";

/// The version of the payload, as Segment's webhooks number it.
const PAYLOAD_VERSION: u32 = 2;

/// Somebody entered or left a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// The segment's key.
    pub segment_key: &'a str,
    /// The segment's number.
    pub segment_no: u32,
    /// The segment's name for people.
    pub segment_name: &'a str,
    /// Whether they are in it now; else they have just left.
    pub entered: bool,
    /// The moment of the change.
    pub at: Millis,
    /// Whether a late event caused it.
    pub late: bool,
    /// Who, as numbered when it happened.
    pub person: ProfileNo,
    /// Where that number leads now: whose profile it is.
    pub profile: ProfileNo,
    /// The identifiers it is about, in the order attached; all those of the person, but where a
    /// merge or an undo changes something for some of them only.
    pub names: &'a [Identifier],
    /// The entry that caused it. Where only time did, `Position::default()`: which entry happens
    /// to be folded next is chance, and must not reach the idempotency key.
    pub cause: Position,
}

/// A message for one destination: what becomes a row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Key of the destination.
    pub destination: String,
    /// Whom or what it is about; order is kept per each.
    pub about: About,
    /// Idempotency key: the same in every fold of the same entries, and the body's `messageId`.
    pub key: String,
    /// The JSON text exactly as it will be sent and signed.
    pub body: String,
    /// How many events that is.
    pub events: u32,
}

/// One message for each destination that hears of the segment, in the destinations' order.
#[must_use]
pub fn messages(destinations: &[Destination], change: &Change<'_>) -> Vec<Message> {
    let listening = destinations
        .iter()
        .filter(|destination| hears(destination, change));
    listening
        .map(|destination| message(destination, change))
        .collect()
}

fn hears(destination: &Destination, change: &Change<'_>) -> bool {
    // An app hears of records.
    if destination.shape == Shape::HubSpot {
        return false;
    }
    let wanted = &destination.segments;
    wanted.is_empty() || wanted.iter().any(|key| key == change.segment_key)
}

fn message(destination: &Destination, change: &Change<'_>) -> Message {
    let key = idempotency_key(destination, change);
    let payload = Payload::new(destination.shape, change, &key);
    // Only maps with keys that are not text can fail here, and there are none.
    let body = serde_json::to_string(&payload).unwrap_or_default();
    Message {
        destination: destination.key.clone(),
        about: About::Person(change.profile),
        key,
        body,
        events: 1,
    }
}

/// `aud_` and 128 bits in hex over the rule (destination and segment), the person, the entry, the
/// moment and the direction. The destination is part of it, because two destinations may share a
/// receiver; the moment, because one person's timers can flip a segment twice without an entry.
fn idempotency_key(destination: &Destination, change: &Change<'_>) -> String {
    let Change {
        segment_no,
        person,
        cause,
        at,
        entered,
        ..
    } = change;
    // Text, so that no machine's byte order matters; the destination stands last, so that nothing
    // in its key can pass for another field.
    let text = format!(
        "{segment_no} {person} {cause} {} {entered} {}",
        at.0, destination.key
    );
    // The hash keys are fixed: stored rows and receivers remember the result, so never change them.
    let hasher = SipHasher13::new_with_keys(0x7261_7070_6f72_7400, 0x6163_7469_7661_7465);
    let hash = hasher.hash(text.as_bytes());
    format!("aud_{:032x}", hash.as_u128())
}

fn latest<'a>(names: &'a [Identifier], kind: &IdKind) -> Option<&'a str> {
    let of_kind = names.iter().rfind(|name| name.kind == *kind);
    of_kind.map(|name| &*name.value)
}

/// The body, in the order it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    message_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anonymous_id: Option<&'a str>,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traits: Option<Map<String, Value>>,
    context: Context<'a>,
    version: u32,
}

/// Beside Segment's `personas` and `externalIds`: the profile's own id, the name for people, and
/// the late mark.
#[derive(Serialize)]
struct Context<'a> {
    personas: Personas<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traits: Option<ContextTraits<'a>>,
    #[serde(rename = "externalIds", skip_serializing_if = "Vec::is_empty")]
    external_ids: Vec<ExternalId<'a>>,
    profile_id: String,
    audience_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    late: Option<bool>,
}

/// One of the identifiers the message is about, as Segment lists them.
#[derive(Serialize)]
struct ExternalId<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    collection: &'static str,
    encoding: &'static str,
}

impl<'a> ExternalId<'a> {
    fn of(identifier: &'a Identifier) -> ExternalId<'a> {
        ExternalId {
            id: &identifier.value,
            kind: identifier.kind.word(),
            collection: "users",
            encoding: "none",
        }
    }
}

#[derive(Serialize)]
struct ContextTraits<'a> {
    email: &'a str,
}

#[derive(Serialize)]
struct Personas<'a> {
    computation_class: &'static str,
    computation_id: String,
    computation_key: &'a str,
    namespace: &'static str,
    space_id: &'static str,
}

impl<'a> Payload<'a> {
    fn new(shape: Shape, change: &Change<'a>, key: &'a str) -> Payload<'a> {
        let payload = Payload {
            kind: "identify",
            event: None,
            message_id: key,
            user_id: latest(change.names, &IdKind::UserId),
            anonymous_id: latest(change.names, &IdKind::AnonymousId),
            timestamp: change.at.to_string(),
            properties: None,
            traits: None,
            context: Context::of(change),
            version: PAYLOAD_VERSION,
        };
        let mut flag = Map::new();
        flag.insert(change.segment_key.to_owned(), Value::Bool(change.entered));
        match shape {
            Shape::Identify | Shape::HubSpot => Payload {
                traits: Some(flag),
                ..payload
            },
            Shape::Track => {
                // Last, so that a segment whose key is `audience_key` still names itself.
                flag.insert("audience_key".to_owned(), Value::from(change.segment_key));
                let event = if change.entered {
                    "Audience Entered"
                } else {
                    "Audience Exited"
                };
                Payload {
                    kind: "track",
                    event: Some(event),
                    properties: Some(flag),
                    ..payload
                }
            }
        }
    }
}

impl<'a> Context<'a> {
    fn of(change: &Change<'a>) -> Context<'a> {
        Context {
            personas: Personas {
                computation_class: "audience",
                computation_id: format!("seg_{}", change.segment_no),
                computation_key: change.segment_key,
                namespace: SPACE,
                space_id: SPACE,
            },
            traits: latest(change.names, &IdKind::Email).map(|email| ContextTraits { email }),
            external_ids: change.names.iter().map(ExternalId::of).collect(),
            profile_id: change.profile.to_string(),
            audience_name: change.segment_name,
            late: change.late.then_some(true),
        }
    }
}
