//! The messages that tell apps what happened to records: a JSON array of events each, all of one
//! record and one transaction.
//!
//! A message is stored as for its first attempt; what is sent says how often it was tried, and may
//! be several messages in one ([`Parcel`]).

use super::kind::Spelled;
use super::{AppNo, Happened, Kind, Of, Subscription, Subscriptions, What};
use crate::activate::Message;
use crate::crm::association::Category;
use crate::crm::property::Sensitivity;
use crate::crm::{Definitions, ObjectType, Property, RecordNo, TypeId, derived};
use crate::entry::Destination;
use crate::outbox::{self, About};
use crate::position::Position;
use serde::{Deserialize, Serialize};
use siphasher::sip128::SipHasher13;
use std::collections::{BTreeMap, BTreeSet};

/// Events of one request at most.
pub const EVENTS_MAX: usize = 100;

/// The number of the account: a directory holds one.
pub const PORTAL: u64 = 1;

/// An event, in the order it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_id: u64,
    subscription_id: u64,
    portal_id: u64,
    app_id: u64,
    occurred_at: i64,
    subscription_type: String,
    attempt_number: u32,
    object_type_id: String,
    object_id: u64,
    #[serde(flatten)]
    more: More,
    change_source: String,
    source_id: String,
}

/// What only some events say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct More {
    #[serde(skip_serializing_if = "Option::is_none")]
    change_flag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    property_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    property_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_sensitive: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_object_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_object_ids: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_object_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number_of_properties_moved: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    association_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    association_category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    association_type_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_object_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_object_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_object_type_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    association_removed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_primary_association: Option<bool>,
}

/// What an event tells of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The type of the record.
    pub object: TypeId,
    /// What happens.
    pub what: What,
    /// The property that changes, by name, where one does.
    pub property: Option<Box<str>>,
}

impl Told {
    /// What a subscription tells of.
    #[must_use]
    pub fn by(subscription: &Subscription) -> Told {
        Told {
            object: subscription.kind.object,
            what: subscription.kind.what,
            property: subscription.property.clone(),
        }
    }
}

/// What leaves in one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Idempotency key: the same for the same messages, however often they are sent together.
    pub key: String,
    /// The body, as it is signed.
    pub body: String,
}

/// The messages of one transaction, in order; each tells one app of one record.
#[must_use]
pub fn messages(
    subscriptions: &Subscriptions,
    definitions: &Definitions,
    destinations: &[Destination],
    happened: &[Happened],
) -> Vec<Message> {
    let targets = destinations.iter();
    let targets: BTreeMap<AppNo, &str> = targets
        .filter_map(|one| Some((AppNo::of(one)?, &*one.key)))
        .collect();
    let mut told: BTreeMap<(AppNo, TypeId, RecordNo), Vec<Event>> = BTreeMap::new();
    let mut order = Vec::new();
    let moved = moved(happened);
    for one in happened {
        let Some(topic) = topic(definitions, one) else {
            continue;
        };
        for subscription in subscriptions.active(one.object, one.of.what(), topic) {
            let app = subscription.app;
            let event = event(definitions, subscription, one, &moved);
            let Some(event) = event.filter(|_| targets.contains_key(&app)) else {
                continue;
            };
            let place = (app, one.object, one.record);
            let events = told.entry(place).or_insert_with(|| {
                order.push(place);
                Vec::new()
            });
            events.push(event);
        }
    }
    let mut messages = Vec::new();
    for place @ (app, object, record) in order {
        let events = told.remove(&place).unwrap_or_default();
        for some in events.chunks(EVENTS_MAX) {
            messages.push(Message {
                destination: targets[&app].to_owned(),
                about: About::Record(object, record),
                key: key(app, some),
                body: written(some),
                events: u32::try_from(some.len()).unwrap_or(u32::MAX),
            });
        }
    }
    messages
}

/// Several messages as one request; each event says how often its message was tried before.
#[must_use]
pub fn parcel<'a>(messages: impl Iterator<Item = &'a outbox::Message>) -> Parcel {
    let mut keys = Vec::new();
    let mut events: Vec<Event> = Vec::new();
    for message in messages {
        keys.push(&*message.key);
        // It was written here; what is damaged says nothing rather than something else.
        let own: Vec<Event> = serde_json::from_str(&message.body).unwrap_or_default();
        events.extend(own.into_iter().map(|event| Event {
            attempt_number: message.attempts,
            ..event
        }));
    }
    let key = match &keys[..] {
        [one] => (*one).to_owned(),
        several => spelled(&several.join(" ")),
    };
    Parcel {
        key,
        body: written(&events),
    }
}

/// What a message tells of; `None` where that cannot be read any more.
#[must_use]
pub fn told(body: &str) -> Option<Vec<Told>> {
    let events: Vec<Event> = serde_json::from_str(body).ok()?;
    let told = events.into_iter().map(|event| {
        let what = match Kind::read(&event.subscription_type) {
            Spelled::Of(_, what) | Spelled::OfAny(what) => what,
            Spelled::NotHere | Spelled::Unknown => return None,
        };
        Some(Told {
            object: TypeId::parse(&event.object_type_id)?,
            what,
            property: event.more.property_name.map(Into::into),
        })
    });
    told.collect()
}

fn written(events: &[Event]) -> String {
    // Only maps with keys that are not text can fail here, and there are none.
    serde_json::to_string(events).unwrap_or_default()
}

/// `hub_` and 128 bits in hex over the app and what it is told.
fn key(app: AppNo, events: &[Event]) -> String {
    let ids = events.iter().map(|event| event.event_id.to_string());
    spelled(&format!("{app} {}", ids.collect::<Vec<_>>().join(" ")))
}

fn spelled(text: &str) -> String {
    format!("hub_{:032x}", hash(text))
}

fn hash(text: &str) -> u128 {
    // The hash keys are fixed: receivers remember the result, so never change them.
    let hasher = SipHasher13::new_with_keys(0x7261_7070_6f72_7400, 0x7375_6273_6372_6962);
    hasher.hash(text.as_bytes()).as_u128()
}

/// The same in every fold of the same entries, and small enough for every client.
fn event_id(subscription: &Subscription, one: &Happened) -> u64 {
    let text = format!(
        "{} {} {} {} {} {} {}",
        subscription.no,
        one.object,
        one.record,
        one.place,
        one.place.index,
        one.of.what().word(),
        one.of.mark(),
    );
    u64::try_from(hash(&text) >> 75).unwrap_or_default()
}

/// The property whose change it is, by name, and nothing of anything else; `None` where it is one
/// that is no more.
fn topic<'a>(definitions: &'a Definitions, one: &Happened) -> Option<&'a str> {
    let Of::Changed { property, .. } = &one.of else {
        return Some("");
    };
    let object = definitions.types.get(&one.object)?;
    let property = object.properties.get(property)?;
    (!property.archived).then_some(&*property.name)
}

/// What a subscription tells of something that happened; `None` where that is defined no more.
fn event(
    definitions: &Definitions,
    subscription: &Subscription,
    one: &Happened,
    moved: &Moved,
) -> Option<Event> {
    let source_id = match one.origin.member {
        Some(member) => format!("userId:{member}"),
        None => one.origin.id.to_string(),
    };
    Some(Event {
        event_id: event_id(subscription, one),
        subscription_id: subscription.no.0,
        portal_id: PORTAL,
        app_id: subscription.app.0,
        occurred_at: one.at.0,
        subscription_type: subscription.kind.spelled(),
        attempt_number: 0,
        object_type_id: one.object.to_string(),
        object_id: one.record.0,
        more: more(definitions, one, moved)?,
        change_source: one.origin.door.word().to_owned(),
        source_id,
    })
}

fn more(definitions: &Definitions, one: &Happened, moved: &Moved) -> Option<More> {
    let flag = |word: &str| More {
        change_flag: Some(word.to_owned()),
        ..More::default()
    };
    Some(match &one.of {
        Of::Created => flag("CREATED"),
        Of::Archived => flag("DELETED"),
        Of::Restored => flag("RESTORED"),
        Of::Changed { property, value } => {
            let object = definitions.types.get(&one.object)?;
            let property = object.properties.get(property)?;
            let sensitive = is_sensitive(definitions, object, property);
            let value = value
                .as_ref()
                .map_or_else(String::new, |value| value.spelled());
            More {
                property_name: Some(property.name.to_string()),
                // What not everybody may read is read with a token.
                property_value: (!sensitive).then_some(value),
                is_sensitive: Some(sensitive),
                ..More::default()
            }
        }
        Of::Merged { absorbed } => More {
            primary_object_id: Some(one.record.0),
            merged_object_ids: Some(vec![absorbed.0]),
            new_object_id: Some(one.record.0),
            number_of_properties_moved: Some(moved.get(&whole(one)).copied().unwrap_or_default()),
            ..More::default()
        },
        Of::Linked {
            to,
            other,
            kind,
            removed,
        } => {
            let association = definitions.association(one.object, *to, *kind)?;
            let category = association.category;
            let is_own = category != Category::Standard;
            let label = association.label.as_deref().filter(|_| is_own);
            let name = label.map_or_else(
                || association.name.to_ascii_uppercase(),
                |label| label.to_owned(),
            );
            More {
                association_type: Some(name),
                association_category: Some(category.word().to_owned()),
                association_type_id: Some(*kind),
                from_object_id: Some(one.record.0),
                to_object_id: Some(other.0),
                to_object_type_id: Some(to.to_string()),
                association_removed: Some(*removed),
                is_primary_association: Some(association.primary),
                ..More::default()
            }
        }
    })
}

/// Whether a property, or anything that can be read off it, is not for everybody.
fn is_sensitive(definitions: &Definitions, object: &ObjectType, property: &Property) -> bool {
    let mut known = BTreeSet::new();
    let mut open = vec![(object, property)];
    while let Some((object, property)) = open.pop() {
        if !known.insert((object.id(), property.no)) {
            continue;
        }
        if property.sensitivity != Sensitivity::NonSensitive {
            return true;
        }
        let needs = derived::needs(object, property);
        let related = needs.related.iter();
        let related = related.filter_map(|(other, names)| Some((definitions.find(other)?, names)));
        for (from, names) in related.chain([(object, &needs.own)]) {
            let sources = names.iter().filter_map(|name| from.property(name));
            open.extend(sources.map(|source| (from, source)));
        }
    }
    false
}

/// A record and an entry that changed it.
type Whole = (TypeId, RecordNo, Position);
/// How many properties entries changed, where they merged records.
type Moved = BTreeMap<Whole, usize>;

fn whole(one: &Happened) -> Whole {
    (one.object, one.record, one.place)
}

/// How many properties of the ones that are left merges changed.
fn moved(happened: &[Happened]) -> Moved {
    let merges = happened.iter();
    let merges = merges.filter(|one| matches!(one.of, Of::Merged { .. }));
    let mut moved: Moved = merges.map(|one| (whole(one), 0)).collect();
    for one in happened {
        if let (Of::Changed { .. }, Some(count)) = (&one.of, moved.get_mut(&whole(one))) {
            *count += 1;
        }
    }
    moved
}
