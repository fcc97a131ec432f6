//! One item of PostHog's dialect and its properties, sorted by what they mean.

use crate::event::dialect::{object, value};
use crate::outcome::Reason;
use crate::time::Millis;
use std::borrow::Cow;

/// Members that hold the token: a credential, and not kept.
const TOKENS: [&str; 3] = ["token", "$token", "api_key"];

/// The members of an item.
#[derive(Default)]
pub(super) struct Item<'a> {
    event: Option<Cow<'a, str>>,
    pub(super) distinct_id: Option<Cow<'a, str>>,
    pub(super) uuid: Option<Cow<'a, str>>,
    pub(super) properties: Option<&'a str>,
    pub(super) set: Option<&'a str>,
    pub(super) set_once: Option<&'a str>,
    pub(super) sent: Option<Millis>,
    pub(super) unknown: Vec<(Cow<'a, str>, &'a str)>,
    timestamp: Option<Millis>,
    offset_ms: Option<i64>,
    /// It came as `/engage/` sends it: the person's members with a `$`, and no event.
    is_about_person: bool,
}

impl<'a> Item<'a> {
    /// Reads an item's members.
    ///
    /// # Errors
    /// Where it is no object, or a member is of a type it cannot have.
    pub(super) fn read(raw: &'a str) -> Result<Item<'a>, Reason> {
        let mut item = Item::default();
        let mut wrong = None;
        object::members(raw, |name, value| {
            if let Err(reason) = item.set(name, value.get()) {
                wrong = Some(reason);
            }
        })
        .map_err(|_| Reason::new("invalid_event", "an event must be a JSON object"))?;
        match wrong {
            Some(reason) => Err(reason),
            None => Ok(item),
        }
    }

    fn set(&mut self, name: Cow<'a, str>, raw: &'a str) -> Result<(), Reason> {
        match name.as_ref() {
            "event" => self.event = value::id(raw, "event", "invalid_event_name")?,
            "distinct_id" => self.distinct_id = value::id(raw, "distinct_id", "invalid_id")?,
            "$distinct_id" => {
                self.is_about_person = true;
                self.distinct_id = value::id(raw, "$distinct_id", "invalid_id")?;
            }
            "uuid" => self.uuid = value::id(raw, "uuid", "invalid_message_id")?,
            "properties" => {
                self.properties = value::object(raw, "properties", "invalid_properties")?;
            }
            "$set" => self.set = value::object(raw, "$set", "invalid_traits")?,
            "$set_once" => self.set_once = value::object(raw, "$set_once", "invalid_traits")?,
            "sent_at" => self.sent = value::instant(raw),
            "offset" => self.offset_ms = offset(raw),
            "timestamp" => {
                self.timestamp = value::instant(raw);
                if self.timestamp.is_none() && raw != "null" {
                    self.keep(name, raw);
                }
            }
            other if TOKENS.contains(&other) => {}
            _ => self.keep(name, raw),
        }
        Ok(())
    }

    fn keep(&mut self, name: Cow<'a, str>, raw: &'a str) {
        self.unknown.retain(|(known, _)| *known != name);
        self.unknown.push((name, raw));
    }

    /// The event's name.
    ///
    /// # Errors
    /// Where it has none.
    pub(super) fn name(&self) -> Result<Cow<'a, str>, Reason> {
        match &self.event {
            Some(name) => Ok(name.clone()),
            None if self.is_about_person => Ok(Cow::Borrowed("$set")),
            None => Err(Reason::new(
                "missing_event_name",
                "an event needs `event`, its name",
            )),
        }
    }

    /// The client's own timestamp, where it was sent at `sent`.
    pub(super) fn original(&self, sent: Millis) -> Option<Millis> {
        let before = self.offset_ms.map(|offset_ms| sent.plus(-offset_ms));
        self.timestamp.or(before)
    }
}

/// How long before it was sent an event happened: never after, at most ten years.
fn offset(raw: &str) -> Option<i64> {
    let number: f64 = raw.parse().ok()?;
    let fits = (0.0..=crate::event::skew::SKEW_MAX_MS as f64).contains(&number);
    fits.then_some(number as i64)
}

/// The properties that say more than that the event had them.
#[derive(Default)]
pub(super) struct Properties<'a> {
    raw: &'a str,
    has_token: bool,
    pub(super) distinct_id: Option<Cow<'a, str>>,
    pub(super) insert_id: Option<Cow<'a, str>>,
    pub(super) user_id: Option<Cow<'a, str>>,
    pub(super) device_id: Option<Cow<'a, str>>,
    pub(super) anonymous: Option<Cow<'a, str>>,
    pub(super) alias: Option<Cow<'a, str>>,
    pub(super) is_identified: Option<bool>,
    pub(super) has_person: Option<bool>,
    pub(super) group_type: Option<Cow<'a, str>>,
    pub(super) group_key: Option<Cow<'a, str>>,
    pub(super) group_set: Option<&'a str>,
    pub(super) set: Option<&'a str>,
    pub(super) set_once: Option<&'a str>,
    pub(super) title: Option<Cow<'a, str>>,
    pub(super) screen_name: Option<Cow<'a, str>>,
    /// What the context is made of: the name there, and the value.
    pub(super) context: Vec<(&'static str, &'a str)>,
}

/// Properties that are part of the context, and their names there.
const CONTEXT: [(&str, &str); 12] = [
    ("$lib", "library.name"),
    ("$lib_version", "library.version"),
    ("$current_url", "page.url"),
    ("$pathname", "page.path"),
    ("$referrer", "page.referrer"),
    ("title", "page.title"),
    ("$ip", "ip"),
    ("$raw_user_agent", "userAgent"),
    ("$user_agent", "userAgent"),
    ("$browser_language", "locale"),
    ("$timezone", "timezone"),
    ("$session_id", "sessionId"),
];

impl<'a> Properties<'a> {
    /// Reads an event's properties.
    ///
    /// # Errors
    /// Where an id is neither text nor number, or what must be an object is none.
    pub(super) fn read(raw: &'a str) -> Result<Properties<'a>, Reason> {
        let mut properties = Properties {
            raw,
            ..Properties::default()
        };
        let mut wrong = None;
        // They are an object of a document that has parsed.
        let _ = object::members(raw, |name, value| {
            if let Err(reason) = properties.set(&name, value.get()) {
                wrong = Some(reason);
            }
        });
        match wrong {
            Some(reason) => Err(reason),
            None => Ok(properties),
        }
    }

    fn set(&mut self, name: &str, raw: &'a str) -> Result<(), Reason> {
        let text = || value::text(raw).filter(|text| !text.is_empty());
        if let Some((_, place)) = CONTEXT.iter().find(|(known, _)| *known == name)
            && raw.starts_with('"')
        {
            self.context.push((place, raw));
        }
        match name {
            "token" | "$token" | "api_key" => self.has_token = true,
            "distinct_id" => self.distinct_id = value::id(raw, "distinct_id", "invalid_id")?,
            "$insert_id" => self.insert_id = text(),
            "$user_id" => self.user_id = value::id(raw, "$user_id", "invalid_user_id")?,
            "$device_id" => self.device_id = text(),
            "$anon_distinct_id" => {
                self.anonymous = value::id(raw, "$anon_distinct_id", "invalid_anonymous_id")?;
            }
            "alias" => {
                self.alias = value::id(raw, "alias", "invalid_previous_id")
                    .ok()
                    .flatten()
            }
            "$is_identified" => self.is_identified = raw.parse().ok(),
            "$process_person_profile" => self.has_person = raw.parse().ok(),
            "$group_type" => self.group_type = text(),
            "$group_key" => self.group_key = value::id(raw, "$group_key", "invalid_group_id")?,
            "$group_set" => self.group_set = value::object(raw, name, "invalid_traits")?,
            "$set" => self.set = value::object(raw, name, "invalid_traits")?,
            "$set_once" => self.set_once = value::object(raw, name, "invalid_traits")?,
            "title" => self.title = text(),
            "$screen_name" => self.screen_name = text(),
            _ => {}
        }
        Ok(())
    }

    /// Whether nothing in them says if their `distinct_id` names a person or a visitor.
    pub(super) fn tells_nothing(&self) -> bool {
        self.user_id.is_none()
            && self.device_id.is_none()
            && self.is_identified.is_none()
            && self.has_person.is_none()
    }

    /// The properties as they are kept: as sent, without the token.
    pub(super) fn kept(&self) -> Box<str> {
        if self.has_token {
            return object::without(self.raw, &TOKENS);
        }
        self.raw.into()
    }
}
