//! Segment's tracking calls: what a body of `/v1/track` or `/v1/batch` says, as events.
//!
//! Decisions where the protocol leaves room:
//! - A missing or empty `messageId` becomes `position-<request>-<index>`: unique, and the same in
//!   every refold. One over 100 characters is refused, as Segment's own profiles do.
//! - Ids may be numbers; `null` and `""` count as absent; any other type is refused.
//! - A timestamp that cannot be read counts as absent and is kept in `extra` as it came. Numbers
//!   are milliseconds since 1970 from 1e11 on, seconds below.
//! - Of repeated members the last wins. `writeKey` is dropped: it is a credential.
//! - A batch's `context` and `integrations` lie under each item's own, member by member; its
//!   other members say nothing about events.

use crate::event::dialect::manner::{Manner, Merge, Types};
use crate::event::dialect::object::{self, Walk};
use crate::event::dialect::readable::{mend_surrogates, readable};
use crate::event::dialect::value;
use crate::event::{Call, Dialect, Event, Kind, Origin, Request, Validated, skew};
use crate::identity::{IdKind, Identifier, extract};
use crate::outcome::Reason;
use crate::position::Position;
use crate::time::Millis;
use serde::de::MapAccess;
use serde_json::value::RawValue;
use std::borrow::Cow;

mod item;
mod print;
#[cfg(test)]
mod tests;

use item::{Context, Item};

pub use print::print;

/// Largest event, in bytes of its JSON text.
pub const EVENT_BYTES_MAX: usize = 32 * 1024;
/// Largest event after its transformations; what a batch says for all of its events is part of it.
pub const PRINTED_BYTES_MAX: usize = 2 * EVENT_BYTES_MAX;
/// Largest body of a batch, decompressed.
pub const BATCH_BYTES_MAX: usize = 500 * 1024;
/// Most events of a batch.
pub const BATCH_EVENTS_MAX: usize = 2_500;
/// Longest message id, in characters.
pub const MESSAGE_ID_CHARS_MAX: usize = 100;
/// Longest group id, in characters.
pub const GROUP_ID_CHARS_MAX: usize = 500;

const MANNER: Manner = Manner {
    dialect: Dialect::Segment,
    types: Types::OfTheCall,
    ..Manner::PLAIN
};

/// Makes events of a request in Segment's dialect.
#[must_use]
pub fn validate(request: &Request) -> Vec<Validated> {
    validate_as(request, &MANNER)
}

/// Makes events of a request in a dialect that is Segment's but for its manner.
pub(super) fn validate_as(request: &Request, manner: &Manner) -> Vec<Validated> {
    let body = readable(&request.body);
    let one = |shared: &Shared<'_>, index, raw| one(request, manner, shared, index, raw);
    match request.origin.call {
        Call::One(_) => vec![one(&Shared::default(), 0, body.trim())],
        Call::Batch => match Batch::read(&body) {
            Ok((items, shared)) => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, raw)| {
                        // A body holds fewer than 2^32 items: it would be over 8 GB.
                        one(&shared, index as u32, raw.get())
                    })
                    .collect()
            }
            Err(reason) => vec![Validated::Invalid {
                position: Position::event(request.number, 0),
                reason,
                raw: body.as_ref().into(),
            }],
        },
    }
}

/// What a batch says for all of its items.
#[derive(Default)]
struct Shared<'a> {
    context: Option<&'a str>,
    integrations: Option<&'a str>,
    sent: Option<Millis>,
}

#[derive(Default)]
struct Batch<'a> {
    items: Option<Vec<&'a RawValue>>,
    shared: Shared<'a>,
}

impl<'a> Walk<'a> for &mut Batch<'a> {
    fn member<A: MapAccess<'a>>(
        &mut self,
        name: Cow<'a, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if name == "batch" {
            self.items = Some(map.next_value()?);
            return Ok(());
        }
        let raw = map.next_value::<&RawValue>()?.get();
        match name.as_ref() {
            "context" => self.shared.context = Some(raw).filter(|raw| raw.starts_with('{')),
            "integrations" => {
                self.shared.integrations = Some(raw).filter(|raw| raw.starts_with('{'));
            }
            "sentAt" => self.shared.sent = value::instant(raw),
            _ => {}
        }
        Ok(())
    }
}

impl<'a> Batch<'a> {
    fn read(body: &'a str) -> Result<(Vec<&'a RawValue>, Shared<'a>), Reason> {
        let mut batch = Batch::default();
        object::walk(body, &mut batch).map_err(|error| {
            if error.is_data() && body.trim_start().starts_with('{') {
                Reason::new("invalid_batch", "`batch` must be an array of events")
            } else {
                Reason::new(
                    "invalid_json",
                    format!("the body is no JSON object: {error}"),
                )
            }
        })?;
        let items = batch.items;
        let items = items.ok_or_else(|| Reason::new("missing_batch", "a batch needs `batch`"))?;
        Ok((items, batch.shared))
    }
}

fn one(
    request: &Request,
    manner: &Manner,
    shared: &Shared<'_>,
    index: u32,
    raw: &str,
) -> Validated {
    let position = Position::event(request.number, index);
    let size = check_size(raw, manner.limits().event_bytes);
    match size.and_then(|()| event(request, manner, shared, position, raw)) {
        Ok(event) => Validated::Event(Box::new(event)),
        Err(reason) => Validated::Invalid {
            position,
            reason,
            raw: raw.into(),
        },
    }
}

/// Reads an item that was [printed](print()) and then edited. What an event is known by, where it
/// came from and when it was received stay as they are in `before`.
///
/// # Errors
/// Where it is no event any more: why not.
pub fn reread(before: &Event, item: &str) -> Result<Event, Reason> {
    let request = Request {
        number: before.position.request,
        received: before.received,
        origin: Origin {
            source: before.source,
            key_kind: before.key_kind,
            dialect: Dialect::Segment,
            call: Call::Batch,
            ip: None,
            user_agent: None,
        },
        body: Vec::new(),
    };
    let item = mend_surrogates(item);
    check_size(&item, PRINTED_BYTES_MAX)?;
    let read = event(
        &request,
        &MANNER,
        &Shared::default(),
        before.position,
        &item,
    )?;
    Ok(Event {
        message_id: before.message_id.clone(),
        original: before.original,
        sent: before.sent,
        ..read
    })
}

fn event(
    request: &Request,
    manner: &Manner,
    shared: &Shared<'_>,
    position: Position,
    raw: &str,
) -> Result<Event, Reason> {
    let item = Item::read(raw, request.origin.call, manner)?;
    let merge = match (manner.merge, item.extra_member("mergeProperties")) {
        (Some(read), Some(pair)) => Some(read(pair)?),
        _ => None,
    };
    match merge {
        None => item.check(manner.needs)?,
        Some(_) => item.check_lengths()?,
    }

    let original = item.original();
    let sent = item.sent_at.and_then(value::instant).or(shared.sent);
    let context = item.context(&request.origin, manner, shared.context)?;
    let traits = item.traits(context.traits.as_deref())?;
    let Merge {
        kind,
        identifiers,
        previous,
    } = match merge {
        Some(merge) => merge,
        None => Merge {
            kind: item.kind,
            identifiers: identifiers_of(&item, &context, &traits),
            previous: item.previous().map(Into::into),
        },
    };
    manner.needs.check(&identifiers)?;
    Ok(Event {
        position,
        received: request.received,
        original,
        sent,
        at: skew::corrected(original, sent, request.received),
        source: request.origin.source,
        key_kind: request.origin.key_kind,
        kind,
        name: item.name().into(),
        message_id: item.message_id(position),
        identifiers,
        previous,
        group: item.group().map(Into::into),
        traits,
        properties: item.properties()?,
        context: context.raw,
        extra: item.extra(shared.integrations)?,
    })
}

/// Refuses an event that is longer than its dialect allows.
pub(super) fn check_size(raw: &str, bytes_max: usize) -> Result<(), Reason> {
    if raw.len() <= bytes_max {
        return Ok(());
    }
    let message = format!(
        "an event may have {bytes_max} bytes, this one has {}",
        raw.len()
    );
    Err(Reason::new("event_too_large", message))
}

/// Ids of the call first, then those in the person's traits and in the context.
fn identifiers_of(item: &Item<'_>, context: &Context<'_>, traits: &str) -> Vec<Identifier> {
    let user = item
        .user_id
        .as_deref()
        .map(|id| Identifier::new(IdKind::UserId, id));
    let anonymous = item
        .anonymous_id
        .as_deref()
        .map(|id| Identifier::new(IdKind::AnonymousId, id));
    let mut found: Vec<Identifier> = user.into_iter().chain(anonymous).collect();
    // The traits of a group call describe the company.
    let of_person = if item.kind == Kind::Group {
        context.traits.as_deref()
    } else {
        Some(traits)
    };
    found.extend(of_person.map(extract::of_traits).unwrap_or_default());
    if context.names_ids {
        found.extend(extract::of_context(&context.raw));
    }
    found
}
