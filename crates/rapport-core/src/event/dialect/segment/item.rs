//! One item of Segment's dialect, its members sorted by what they mean.

use super::{GROUP_ID_CHARS_MAX, MESSAGE_ID_CHARS_MAX};
use crate::event::dialect::manner::Needs;
use crate::event::dialect::manner::{Manner, Sockets, Types};
use crate::event::dialect::object::{self, Builder};
use crate::event::dialect::value;
use crate::event::{Call, KeyKind, Kind, Origin, RawJson};
use crate::outcome::Reason;
use crate::position::Position;
use crate::time::Millis;
use std::borrow::Cow;

/// The members of an item: ids and texts read, objects raw.
pub(super) struct Item<'a> {
    pub(super) kind: Kind,
    pub(super) user_id: Option<Cow<'a, str>>,
    pub(super) anonymous_id: Option<Cow<'a, str>>,
    pub(super) sent_at: Option<&'a str>,
    previous_id: Option<Cow<'a, str>>,
    group_id: Option<Cow<'a, str>>,
    message_id: Option<Cow<'a, str>>,
    event_name: Option<Cow<'a, str>>,
    view_name: Option<Cow<'a, str>>,
    timestamp: Option<&'a str>,
    original_timestamp: Option<&'a str>,
    traits: Option<&'a str>,
    properties: Option<&'a str>,
    context: Option<&'a str>,
    integrations: Option<&'a str>,
    extra: Vec<(Cow<'a, str>, &'a str)>,
}

/// The context of an event, and the traits inside it.
pub(super) struct Context<'a> {
    pub(super) raw: RawJson,
    pub(super) traits: Option<Cow<'a, str>>,
    /// Whether it has a member that may hold identifiers.
    pub(super) names_ids: bool,
}

#[derive(Default)]
struct Members<'a> {
    word: Option<&'a str>,
    user_id: Option<&'a str>,
    anonymous_id: Option<&'a str>,
    previous_id: Option<&'a str>,
    group_id: Option<&'a str>,
    message_id: Option<&'a str>,
    event: Option<&'a str>,
    name: Option<&'a str>,
    timestamp: Option<&'a str>,
    original_timestamp: Option<&'a str>,
    sent_at: Option<&'a str>,
    traits: Option<&'a str>,
    properties: Option<&'a str>,
    context: Option<&'a str>,
    integrations: Option<&'a str>,
    unknown: Vec<(Cow<'a, str>, &'a str)>,
}

impl<'a> Members<'a> {
    fn read(raw: &'a str) -> Result<Members<'a>, Reason> {
        let mut members = Members::default();
        object::members(raw, |name, value| members.set(name, value.get()))
            .map_err(|_| Reason::new("invalid_event", "an event must be a JSON object"))?;
        Ok(members)
    }

    fn set(&mut self, name: Cow<'a, str>, value: &'a str) {
        let member = match name.as_ref() {
            "type" => &mut self.word,
            "userId" => &mut self.user_id,
            "anonymousId" => &mut self.anonymous_id,
            "previousId" => &mut self.previous_id,
            "groupId" => &mut self.group_id,
            "messageId" => &mut self.message_id,
            "event" => &mut self.event,
            "name" => &mut self.name,
            "timestamp" => &mut self.timestamp,
            "originalTimestamp" => &mut self.original_timestamp,
            "sentAt" => &mut self.sent_at,
            "traits" => &mut self.traits,
            "properties" => &mut self.properties,
            "context" => &mut self.context,
            "integrations" => &mut self.integrations,
            "writeKey" => return,
            _ => {
                self.unknown.retain(|(known, _)| *known != name);
                self.unknown.push((name, value));
                return;
            }
        };
        *member = Some(value);
    }

    fn kind(&self, call: Call, manner: &Manner) -> Result<Kind, Reason> {
        let own = || self.word.and_then(value::text);
        if let Call::One(kind) = call {
            return Ok(match manner.types {
                Types::OfTheCall => kind,
                Types::OfTheItem => own().and_then(|word| manner.kind(&word)).unwrap_or(kind),
            });
        }
        let word = self.word.filter(|raw| *raw != "null");
        let word =
            word.ok_or_else(|| Reason::new("missing_type", "an event of a batch needs `type`"))?;
        let kind = value::text(word).and_then(|word| manner.kind(&word));
        kind.ok_or_else(|| {
            let shown: String = word.chars().take(64).collect();
            Reason::new("unknown_type", format!("{shown} is no type of event"))
        })
    }

    /// Takes a member that means nothing for this kind of event and keeps it as extra.
    fn set_aside(&mut self, kind: Kind) {
        let views = matches!(kind, Kind::Page | Kind::Screen);
        let has_traits = matches!(kind, Kind::Identify | Kind::Group);
        let has_properties = views || kind == Kind::Track;
        for (means_something, name, member) in [
            (kind == Kind::Alias, "previousId", &mut self.previous_id),
            (kind == Kind::Group, "groupId", &mut self.group_id),
            (kind == Kind::Track, "event", &mut self.event),
            (views, "name", &mut self.name),
            (has_traits, "traits", &mut self.traits),
            (has_properties, "properties", &mut self.properties),
        ] {
            if !means_something && let Some(value) = member.take() {
                self.unknown.push((Cow::Borrowed(name), value));
            }
        }
        for (name, member) in [
            ("timestamp", self.timestamp),
            ("originalTimestamp", self.original_timestamp),
        ] {
            let unread = member.filter(|raw| *raw != "null" && value::instant(raw).is_none());
            self.unknown
                .extend(unread.map(|raw| (Cow::Borrowed(name), raw)));
        }
    }
}

impl<'a> Item<'a> {
    /// Reads an item's members.
    ///
    /// # Errors
    /// Where it is no object, has no type, or an id is neither text nor number.
    pub(super) fn read(raw: &'a str, call: Call, manner: &Manner) -> Result<Item<'a>, Reason> {
        let mut members = Members::read(raw)?;
        let kind = members.kind(call, manner)?;
        members.set_aside(kind);
        let id = |raw: Option<&'a str>, member, code| match raw {
            Some(raw) => value::id(raw, member, code),
            None => Ok(None),
        };
        Ok(Item {
            kind,
            user_id: id(members.user_id, "userId", "invalid_user_id")?,
            anonymous_id: id(members.anonymous_id, "anonymousId", "invalid_anonymous_id")?,
            previous_id: id(members.previous_id, "previousId", "invalid_previous_id")?,
            group_id: id(members.group_id, "groupId", "invalid_group_id")?,
            message_id: id(members.message_id, "messageId", "invalid_message_id")?,
            event_name: id(members.event, "event", "invalid_event_name")?,
            view_name: id(members.name, "name", "invalid_name")?,
            timestamp: members.timestamp,
            original_timestamp: members.original_timestamp,
            sent_at: members.sent_at,
            traits: members.traits,
            properties: members.properties,
            context: members.context,
            integrations: members.integrations,
            extra: members.unknown,
        })
    }

    /// The rules of the protocol: who, and what.
    pub(super) fn check(&self, needs: Needs) -> Result<(), Reason> {
        let needs_id = needs == Needs::AnId;
        match self.kind {
            Kind::Alias => {
                self.user_id
                    .as_ref()
                    .ok_or_else(|| missing("user_id", "alias needs `userId`"))?;
                self.previous_id
                    .as_ref()
                    .ok_or_else(|| missing("previous_id", "alias needs `previousId`"))?;
            }
            _ if needs_id && self.user_id.is_none() && self.anonymous_id.is_none() => {
                return Err(missing("id", "an event needs `userId` or `anonymousId`"));
            }
            Kind::Track if self.event_name.is_none() => {
                return Err(missing(
                    "event_name",
                    "track needs `event`, the event's name",
                ));
            }
            Kind::Group if self.group_id.is_none() => {
                return Err(missing("group_id", "group needs `groupId`"));
            }
            _ => {}
        }
        self.check_lengths()
    }

    /// The rules for ids that hold whatever the call is.
    pub(super) fn check_lengths(&self) -> Result<(), Reason> {
        within(
            self.message_id.as_deref(),
            MESSAGE_ID_CHARS_MAX,
            "message_id_too_long",
            "messageId",
        )?;
        within(
            self.group_id.as_deref(),
            GROUP_ID_CHARS_MAX,
            "group_id_too_long",
            "groupId",
        )
    }

    /// The client's own timestamp.
    pub(super) fn original(&self) -> Option<Millis> {
        let read = |raw: Option<&str>| raw.and_then(value::instant);
        read(self.timestamp).or_else(|| read(self.original_timestamp))
    }

    /// The event's name for track, the page's or screen's for those; else empty.
    pub(super) fn name(&self) -> &str {
        self.event_name
            .as_deref()
            .or(self.view_name.as_deref())
            .unwrap_or_default()
    }

    /// The client's message id, or one made of the position.
    pub(super) fn message_id(&self, position: Position) -> Box<str> {
        match &self.message_id {
            Some(id) => id.as_ref().into(),
            None => format!("position-{}-{}", position.request, position.index).into(),
        }
    }

    /// Alias only: the id that was used before.
    pub(super) fn previous(&self) -> Option<&str> {
        self.previous_id.as_deref()
    }

    /// Group only: the company's id.
    pub(super) fn group(&self) -> Option<&str> {
        self.group_id.as_deref()
    }

    /// A member that this version does not know, raw.
    pub(super) fn extra_member(&self, name: &str) -> Option<&'a str> {
        let found = self.extra.iter().find(|(known, _)| known == name);
        found.map(|(_, raw)| *raw)
    }

    /// The context over the batch's, with address and agent of the socket where they belong.
    pub(super) fn context(
        &self,
        origin: &Origin,
        manner: &Manner,
        of_batch: Option<&'a str>,
    ) -> Result<Context<'a>, Reason> {
        let own = match self.context {
            Some(raw) => value::object(raw, "context", "invalid_context")?,
            None => None,
        };
        let merged = match (own, of_batch) {
            (Some(own), Some(under)) => Cow::Owned(object::merged(own, under).into_string()),
            (Some(one), None) | (None, Some(one)) => Cow::Borrowed(one),
            (None, None) => Cow::Borrowed("{}"),
        };
        let from_socket =
            manner.sockets == Sockets::OverTheEvent && origin.key_kind == KeyKind::Browser;
        let merged = if from_socket {
            Cow::Owned(object::without(&merged, &["ip", "userAgent"]).into_string())
        } else {
            merged
        };
        let (found, traits) = Found::look(&merged);
        let traits = traits.map(|traits| Cow::Owned(traits.to_owned()));
        let names_ids = found.names_ids;
        Ok(Context {
            raw: found.completed(&merged, origin),
            traits,
            names_ids,
        })
    }

    /// Traits of the call, over those of the context where both are about the person.
    pub(super) fn traits(&self, of_context: Option<&str>) -> Result<RawJson, Reason> {
        let own = match self.traits {
            Some(raw) => value::object(raw, "traits", "invalid_traits")?,
            None => None,
        };
        let of_context = of_context.filter(|_| self.kind != Kind::Group);
        Ok(match (own, of_context) {
            (Some(own), Some(under)) => object::merged(own, under),
            (Some(one), None) | (None, Some(one)) => one.into(),
            (None, None) => "{}".into(),
        })
    }

    /// Properties of the call.
    pub(super) fn properties(&self) -> Result<RawJson, Reason> {
        let own = match self.properties {
            Some(raw) => value::object(raw, "properties", "invalid_properties")?,
            None => None,
        };
        Ok(own.unwrap_or("{}").into())
    }

    /// `integrations` over the batch's, and what else the item carries.
    pub(super) fn extra(&self, of_batch: Option<&str>) -> Result<RawJson, Reason> {
        let own = match self.integrations {
            Some(raw) => value::object(raw, "integrations", "invalid_integrations")?,
            None => None,
        };
        if own.is_none() && of_batch.is_none() && self.extra.is_empty() {
            return Ok("{}".into());
        }
        let mut extra = Builder::new();
        match (own, of_batch) {
            (Some(own), Some(under)) => extra.put("integrations", &object::merged(own, under)),
            (Some(one), None) | (None, Some(one)) => extra.put("integrations", one),
            (None, None) => {}
        }
        for (name, value) in &self.extra {
            extra.put(name, value);
        }
        Ok(extra.finish())
    }
}

/// What a context says about where its event came from.
#[derive(Default)]
struct Found {
    ip: bool,
    user_agent: bool,
    direct: bool,
    names_ids: bool,
}

impl Found {
    fn look(context: &str) -> (Found, Option<&str>) {
        let mut found = Found::default();
        let mut traits = None;
        // It is an object of a document that has parsed.
        let _ = object::members(context, |name, value| match name.as_ref() {
            "ip" => found.ip = value.get() != "null",
            "userAgent" => found.user_agent = value.get() != "null",
            "direct" => found.direct = value.get() == "true",
            "device" | "externalIds" => found.names_ids = true,
            "traits" => traits = Some(value.get()).filter(|raw| raw.starts_with('{')),
            _ => {}
        });
        (found, traits)
    }

    /// The context with what only the socket knows: for browsers, and for who asks (`direct`).
    fn completed(&self, context: &str, origin: &Origin) -> RawJson {
        let ip = origin.ip.as_deref().filter(|_| !self.ip);
        let user_agent = origin.user_agent.as_deref().filter(|_| !self.user_agent);
        let wanted = origin.key_kind == KeyKind::Browser || self.direct;
        if !wanted || (ip.is_none() && user_agent.is_none()) {
            return context.into();
        }
        let mut completed = Builder::extending(context);
        if let Some(ip) = ip {
            completed.put_text("ip", ip);
        }
        if let Some(user_agent) = user_agent {
            completed.put_text("userAgent", user_agent);
        }
        completed.finish()
    }
}

fn missing(what: &str, message: &str) -> Reason {
    Reason::new(&format!("missing_{what}"), message)
}

fn within(id: Option<&str>, chars_max: usize, code: &str, member: &str) -> Result<(), Reason> {
    match id {
        // Bytes first: they are an upper bound that needs no counting.
        Some(id) if id.len() > chars_max && id.chars().count() > chars_max => Err(Reason::new(
            code,
            format!("`{member}` may have {chars_max} characters"),
        )),
        _ => Ok(()),
    }
}
