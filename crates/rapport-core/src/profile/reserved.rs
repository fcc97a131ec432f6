//! The traits the ecosystem's vocabulary reserves, and what an event says of a person or a company.

use crate::event::{Event, Kind};
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The form a reserved trait is expected to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A date or a point in time.
    Moment,
    /// An object, kept whole: an address, a company.
    Object,
}

/// The traits of a person that have a meaning everywhere, as Segment's SDKs spell them. They are
/// attributes of the same name; `email` and `phone` are identifiers too.
pub const OF_A_PERSON: [(&str, Form); 17] = [
    ("address", Form::Object),
    ("age", Form::Number),
    ("avatar", Form::Text),
    ("birthday", Form::Moment),
    ("company", Form::Object),
    ("createdAt", Form::Moment),
    ("description", Form::Text),
    ("email", Form::Text),
    ("firstName", Form::Text),
    ("gender", Form::Text),
    ("id", Form::Text),
    ("lastName", Form::Text),
    ("name", Form::Text),
    ("phone", Form::Text),
    ("title", Form::Text),
    ("username", Form::Text),
    ("website", Form::Text),
];

/// The traits of a company that have a meaning everywhere.
pub const OF_A_COMPANY: [(&str, Form); 12] = [
    ("address", Form::Object),
    ("avatar", Form::Text),
    ("createdAt", Form::Moment),
    ("description", Form::Text),
    ("email", Form::Text),
    ("employees", Form::Number),
    ("id", Form::Text),
    ("industry", Form::Text),
    ("name", Form::Text),
    ("phone", Form::Text),
    ("website", Form::Text),
    ("plan", Form::Text),
];

/// Other spellings in use, and the reserved trait they mean.
const SPELLINGS: [(&str, &str); 8] = [
    ("first_name", "firstName"),
    ("firstname", "firstName"),
    ("last_name", "lastName"),
    ("lastname", "lastName"),
    ("created_at", "createdAt"),
    ("created", "createdAt"),
    ("createdat", "createdAt"),
    ("birthdate", "birthday"),
];

/// The member of an event's `extra` in which a track, page or screen says something of its person,
/// and any event what holds only where nothing is known yet: `{"set": {...}, "once": {...}}`.
pub const SAID: &str = "$said";

/// The reserved trait of a person a name stands for, in whichever spelling.
#[must_use]
pub fn of_a_person(name: &str) -> Option<(&'static str, Form)> {
    let spelling = SPELLINGS.iter().find(|(spelling, _)| *spelling == name);
    let name = spelling.map_or(name, |(_, reserved)| reserved);
    OF_A_PERSON
        .iter()
        .copied()
        .find(|(reserved, _)| *reserved == name)
}

/// What an identify says of a person or a group call of a company: names and raw JSON values. For
/// identify `context.traits` counts too, below `traits` (one SDK sends them only there). Of a name
/// that is sent twice the last counts. Other events say something only in [`SAID`].
#[must_use]
pub fn traits_of(event: &Event) -> Vec<(Cow<'_, str>, &str)> {
    match event.kind {
        Kind::Identify => {
            let mut traits = members(&event.traits);
            let more = member(&event.context, "traits")
                .map(members)
                .unwrap_or_default();
            for (name, value) in more {
                if traits.iter().all(|(known, _)| *known != name) {
                    traits.push((name, value));
                }
            }
            traits
        }
        Kind::Group => members(&event.traits),
        Kind::Track | Kind::Page | Kind::Screen => said(event, "set"),
        Kind::Alias | Kind::List => Vec::new(),
    }
}

/// What an event says of its person where nothing of that name is known yet.
#[must_use]
pub fn once_of(event: &Event) -> Vec<(Cow<'_, str>, &str)> {
    said(event, "once")
}

fn said<'a>(event: &'a Event, name: &str) -> Vec<(Cow<'a, str>, &'a str)> {
    if &*event.extra == "{}" {
        return Vec::new();
    }
    let said = member(&event.extra, SAID).and_then(|said| member(said, name));
    said.map(members).unwrap_or_default()
}

/// The members of a JSON object, in order, each name once with its last value; none where the
/// text is no object.
#[must_use]
pub fn members(object: &str) -> Vec<(Cow<'_, str>, &str)> {
    if object == "{}" {
        return Vec::new();
    }
    let mut json = serde_json::Deserializer::from_str(object);
    json.deserialize_map(Members).unwrap_or_default()
}

/// One member of a JSON object, the last of its name.
#[must_use]
pub fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    // The escape-free name must occur in the text, which spares parsing most contexts.
    if !object.contains(name) {
        return None;
    }
    members(object)
        .into_iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de str)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Self::Value = Vec::new();
        while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            match members.iter_mut().find(|(known, _)| *known == name) {
                Some(member) => member.1 = value.get(),
                None => members.push((name, value.get())),
            }
        }
        Ok(members)
    }
}

/// A member's name, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Name<'de>, D::Error> {
        struct Borrowing;
        impl<'de> Visitor<'de> for Borrowing {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(name))
            }
            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(name.to_owned()))
            }
        }
        deserializer.deserialize_str(Borrowing).map(Name)
    }
}

#[cfg(test)]
mod tests;
