//! PostHog's capture calls: what a body of `/batch/`, `/e/` or `/capture/` says, as events.
//!
//! A body is `{"batch": [...]}`, an array of events, or one event. Decisions where the two models
//! differ:
//! - PostHog has one `distinct_id`; whether it names a person or a visitor is `whose` rule.
//! - `$identify`, `$set` and `$set_once` are identify, `$create_alias` and `$merge_dangerously`
//!   are alias, `$groupidentify` is group, `$pageview` is page, `$screen` is screen; everything
//!   else is track.
//! - `$set` and `$set_once` write attributes whatever event carries them, the latter only where
//!   the person has none of that name.
//! - `uuid` is the message id, else `$insert_id`. `offset` is how many milliseconds before it was
//!   sent an event without `timestamp` happened.
//! - Properties stay as sent, those with a `$` too; what the context is for is copied into it.
//!   The token is dropped: it is a credential.

use super::limits::Limits;
use super::object::{self, Builder};
use super::readable::readable;
use super::segment::{GROUP_ID_CHARS_MAX, MESSAGE_ID_CHARS_MAX, check_size};
use super::value;
use crate::event::{Dialect, Event, Kind, Request, Validated, skew};
use crate::identity::{IdKind, Identifier, extract};
use crate::outcome::Reason;
use crate::position::Position;
use crate::profile::reserved::SAID;
use crate::time::Millis;
use serde_json::value::RawValue;
use std::borrow::Cow;

mod context;
mod item;
#[cfg(test)]
mod tests;
mod whose;

use item::{Item, Properties};
use whose::Whose;

/// Makes events of a request in PostHog's dialect.
#[must_use]
pub fn validate(request: &Request) -> Vec<Validated> {
    let body = readable(&request.body);
    let text = body.trim();
    match Body::read(text) {
        Ok((items, shared)) => {
            let items = items.iter().enumerate();
            items
                // A body holds fewer than 2^32 items: it would be over 8 GB.
                .map(|(index, raw)| one(request, &shared, index as u32, raw))
                .collect()
        }
        Err(reason) => vec![Validated::Invalid {
            position: Position::event(request.number, 0),
            reason,
            raw: text.into(),
        }],
    }
}

/// What a body says for all of its items.
#[derive(Default)]
struct Shared<'a> {
    context: Option<&'a str>,
    sent: Option<Millis>,
}

struct Body;

impl Body {
    fn read(text: &str) -> Result<(Vec<&str>, Shared<'_>), Reason> {
        if text.starts_with('[') {
            return Ok((list(text)?, Shared::default()));
        }
        let (mut batch, mut shared) = (None, Shared::default());
        object::members(text, |name, value| match name.as_ref() {
            "batch" => batch = Some(value.get()),
            "sent_at" => shared.sent = value::instant(value.get()),
            "context" => shared.context = Some(value.get()).filter(|raw| raw.starts_with('{')),
            _ => {}
        })
        .map_err(|error| Reason::new("invalid_json", format!("the body is no JSON: {error}")))?;
        match batch {
            Some(batch) => Ok((list(batch)?, shared)),
            None => Ok((vec![text], Shared::default())),
        }
    }
}

fn list(text: &str) -> Result<Vec<&str>, Reason> {
    let items: Result<Vec<&RawValue>, _> = serde_json::from_str(text);
    let invalid = |_| Reason::new("invalid_batch", "`batch` must be an array of events");
    Ok(items
        .map_err(invalid)?
        .into_iter()
        .map(RawValue::get)
        .collect())
}

fn one(request: &Request, shared: &Shared<'_>, index: u32, raw: &str) -> Validated {
    let position = Position::event(request.number, index);
    match event(request, shared, position, raw) {
        Ok(event) => Validated::Event(Box::new(event)),
        Err(reason) => Validated::Invalid {
            position,
            reason,
            raw: raw.into(),
        },
    }
}

fn event(
    request: &Request,
    shared: &Shared<'_>,
    position: Position,
    raw: &str,
) -> Result<Event, Reason> {
    check_size(raw, Limits::of(Dialect::Posthog).event_bytes)?;
    let item = Item::read(raw)?;
    let properties = Properties::read(item.properties.unwrap_or("{}"))?;
    let name = item.name()?;
    let kind = kind(&name);
    let about = About::read(kind, &name, &item, &properties, request)?;
    let sent = item.sent.or(shared.sent);
    let original = item.original(sent.unwrap_or(request.received));
    let message_id = match item.uuid.clone().or_else(|| properties.insert_id.clone()) {
        Some(id) if id.chars().count() > MESSAGE_ID_CHARS_MAX => {
            let message = format!("`uuid` may have {MESSAGE_ID_CHARS_MAX} characters");
            return Err(Reason::new("message_id_too_long", message));
        }
        Some(id) => id.into(),
        None => format!("position-{}-{}", position.request, position.index).into(),
    };
    Ok(Event {
        position,
        received: request.received,
        original,
        sent,
        at: skew::corrected(original, sent, request.received),
        source: request.origin.source,
        key_kind: request.origin.key_kind,
        kind,
        name: match kind {
            Kind::Track => name.into(),
            Kind::Page => properties.title.as_deref().unwrap_or_default().into(),
            Kind::Screen => properties.screen_name.as_deref().unwrap_or_default().into(),
            _ => "".into(),
        },
        message_id,
        identifiers: about.identifiers,
        previous: about.previous,
        group: about.group,
        traits: about.traits,
        context: context::of(&properties, &request.origin, shared.context),
        properties: match kind {
            Kind::Track | Kind::Page | Kind::Screen => properties.kept(),
            _ => "{}".into(),
        },
        extra: extra(kind, &item, &properties),
    })
}

fn kind(name: &str) -> Kind {
    match name {
        "$identify" | "$set" | "$set_once" | "$unset" => Kind::Identify,
        "$create_alias" | "$merge_dangerously" => Kind::Alias,
        "$groupidentify" => Kind::Group,
        "$pageview" => Kind::Page,
        "$screen" => Kind::Screen,
        _ => Kind::Track,
    }
}

/// Whom an event is about, and what it says of them.
struct About {
    identifiers: Vec<Identifier>,
    previous: Option<Box<str>>,
    group: Option<Box<str>>,
    traits: Box<str>,
}

impl About {
    fn read(
        kind: Kind,
        name: &str,
        item: &Item<'_>,
        properties: &Properties<'_>,
        request: &Request,
    ) -> Result<About, Reason> {
        let set = merged(item.set, properties.set);
        let mut about = About {
            identifiers: Vec::new(),
            previous: None,
            group: None,
            traits: set.unwrap_or_else(|| "{}".into()),
        };
        let distinct = item
            .distinct_id
            .as_deref()
            .or(properties.distinct_id.as_deref());
        match kind {
            Kind::Alias => about.join(distinct, properties.alias.as_deref())?,
            Kind::Group => about.company(distinct, properties, request)?,
            _ => {
                let missing = || Reason::new("missing_id", "an event needs `distinct_id`");
                let distinct = distinct.ok_or_else(missing)?;
                about.identifiers = match name {
                    "$identify" => whose::identified(distinct, properties.anonymous.as_deref()),
                    _ => Whose::of(distinct, properties, request.origin.key_kind)
                        .identifiers(distinct, properties.user_id.as_deref()),
                };
                about.identifiers.extend(extract::of_traits(&about.traits));
            }
        }
        Ok(about)
    }

    /// An alias joins two ids; the one an SDK made up is the visitor's.
    fn join(&mut self, distinct: Option<&str>, alias: Option<&str>) -> Result<(), Reason> {
        let missing = |what, message| Reason::new(what, message);
        let distinct =
            distinct.ok_or_else(|| missing("missing_user_id", "an alias needs `distinct_id`"))?;
        let alias =
            alias.ok_or_else(|| missing("missing_previous_id", "an alias needs `alias`"))?;
        let (person, previous) = if whose::is_made(distinct) && !whose::is_made(alias) {
            (alias, distinct)
        } else {
            (distinct, alias)
        };
        self.identifiers = vec![Identifier::new(IdKind::UserId, person)];
        self.previous = Some(previous.into());
        Ok(())
    }

    /// A group call describes a company and, where it names somebody, links them to it. SDKs
    /// that have nobody to name make up an id, which is nobody's.
    fn company(
        &mut self,
        distinct: Option<&str>,
        properties: &Properties<'_>,
        request: &Request,
    ) -> Result<(), Reason> {
        let missing = || Reason::new("missing_group_id", "`$groupidentify` needs `$group_key`");
        let key = properties.group_key.as_deref().ok_or_else(missing)?;
        let type_ = properties.group_type.as_deref().unwrap_or("company");
        let group = match type_ {
            "company" | "organization" | "account" => Cow::Borrowed(key),
            other => Cow::Owned(format!("{other}:{key}")),
        };
        if group.chars().count() > GROUP_ID_CHARS_MAX {
            let message = format!("a group's key may have {GROUP_ID_CHARS_MAX} characters");
            return Err(Reason::new("group_id_too_long", message));
        }
        self.group = Some(group.into());
        self.traits = properties.group_set.unwrap_or("{}").into();
        let made_up = |id: &str| {
            id == format!("${type_}_{key}") || (whose::is_made(id) && properties.tells_nothing())
        };
        if let Some(id) = distinct.filter(|id| !made_up(id)) {
            self.identifiers = Whose::of(id, properties, request.origin.key_kind)
                .identifiers(id, properties.user_id.as_deref());
        }
        Ok(())
    }
}

/// Both objects as one; the first wins.
fn merged(over: Option<&str>, under: Option<&str>) -> Option<Box<str>> {
    match (over, under) {
        (Some(over), Some(under)) => Some(object::merged(over, under)),
        (Some(one), None) | (None, Some(one)) => Some(one.into()),
        (None, None) => None,
    }
}

/// What the event says of the person beside its own type's words, and what this version does not
/// know.
fn extra(kind: Kind, item: &Item<'_>, properties: &Properties<'_>) -> Box<str> {
    let set = match kind {
        // Their traits say it already.
        Kind::Identify | Kind::Group | Kind::Alias => None,
        _ => merged(item.set, properties.set),
    };
    let once = merged(item.set_once, properties.set_once);
    let rest = match kind {
        Kind::Identify | Kind::Group | Kind::Alias => Some(properties.kept()),
        _ => None,
    };
    if set.is_none() && once.is_none() && rest.is_none() && item.unknown.is_empty() {
        return "{}".into();
    }
    let mut extra = Builder::new();
    if set.is_some() || once.is_some() {
        let mut said = Builder::new();
        for (name, value) in [("set", &set), ("once", &once)] {
            if let Some(value) = value {
                said.put(name, value);
            }
        }
        extra.put(SAID, &said.finish());
    }
    if let Some(rest) = rest.filter(|rest| &**rest != "{}") {
        extra.put("properties", &rest);
    }
    for (name, value) in &item.unknown {
        extra.put(name, value);
    }
    extra.finish()
}
