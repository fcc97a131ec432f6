//! Reads a map from its JSON, and names the place of what is wrong.

use super::condition::{Condition, Test};
use super::error::Error;
use super::expression::{Expression, Members};
use super::node::Value;
use super::path::{Each, Path};
use super::{MAP_BYTES_MAX, Make, Map, Part, Recipe, Rule};
use crate::event::Kind;
use crate::identity::IdKind;
use serde_json::Value as Json;
use std::borrow::Cow;

mod expression;
mod object;

use expression::{expression, members, named};
use object::Object;

const PARTS_MAX: usize = 32;
const RULES_MAX: usize = 256;
const TESTS_MAX: usize = 64;

/// Reads a map.
pub(super) fn map(text: &str) -> Result<Map, Error> {
    if text.len() > MAP_BYTES_MAX {
        let message = format!("a map may have {MAP_BYTES_MAX} bytes");
        return Err(Error::new("", message));
    }
    let json: Json = serde_json::from_str(text)
        .map_err(|error| Error::new("", format!("a map is JSON: {error}")))?;
    let mut object = Object::of(&json, "")?;
    let skips_others = match object.take("otherwise") {
        None => false,
        Some((Json::String(word), _)) if word == "skip" => true,
        Some((Json::String(word), _)) if word == "reject" => false,
        Some((_, place)) => {
            return Err(Error::new(&place, "this is `\"skip\"` or `\"reject\"`"));
        }
    };
    let parts = match object.take("parts") {
        Some((parts, place)) => {
            let parts = list(parts, &place, PARTS_MAX)?;
            let read = parts.map(|(json, place)| part(Object::of(json, &place)?));
            read.collect::<Result<_, _>>()?
        }
        // A map of one part may leave the list out.
        None => {
            return Ok(Map {
                parts: vec![part(object)?],
                skips_others,
            });
        }
    };
    object.end()?;
    Ok(Map {
        parts,
        skips_others,
    })
}

fn part(mut object: Object<'_>) -> Result<Part, Error> {
    let each = match object.take("each") {
        Some((json, place)) => Each::parse(text(json, &place)?, &place)?,
        None => Each::default(),
    };
    let (rules, place) = object.need("rules")?;
    let levels = each.levels();
    let rules = list(rules, &place, RULES_MAX)?
        .map(|(json, place)| rule(Object::of(json, &place)?, levels))
        .collect::<Result<_, _>>()?;
    object.end()?;
    Ok(Part { each, rules })
}

fn rule(mut object: Object<'_>, levels: usize) -> Result<Rule, Error> {
    let place = object.place().into();
    let when = match object.take("when") {
        Some((json, place)) => condition(json, levels, &place)?,
        None => Condition::default(),
    };
    let make = match object.take("skip") {
        Some((Json::Bool(true), _)) => Make::Skip,
        Some((_, place)) => return Err(Error::new(&place, "this is `true`")),
        None => Make::Event(Box::new(recipe(&mut object, levels)?)),
    };
    object.end()?;
    Ok(Rule { place, when, make })
}

fn recipe(object: &mut Object<'_>, levels: usize) -> Result<Recipe, Error> {
    let (word, place) = object.need("type")?;
    let kind = Kind::from_word(text(word, &place)?).filter(|kind| *kind != Kind::List);
    let kind = kind.ok_or_else(|| {
        let message = "this is `track`, `identify`, `page`, `screen`, `group` or `alias`";
        Error::new(&place, message)
    })?;
    let mut one = |name: &str| match object.take(name) {
        Some((json, place)) => expression(json, levels, &place, 0).map(Some),
        None => Ok(None),
    };
    let (name, previous, group) = (one("event")?, one("previous")?, one("group")?);
    let (time, message_id) = (one("time")?, one("message_id")?);
    let mut all = |name: &str| match object.take(name) {
        Some((json, place)) => members(json, levels, &place, 0),
        None => Ok(Members::new()),
    };
    let (properties, traits, context) = (all("properties")?, all("traits")?, all("context")?);
    let (named, place) = object.need("identifiers")?;
    let identifiers = identifiers(named, levels, &place)?;
    let missing = match kind {
        Kind::Track if name.is_none() => Some("`track` needs `event`, the event's name"),
        Kind::Group if group.is_none() => Some("`group` needs `group`, the company's id"),
        Kind::Alias if previous.is_none() => Some("`alias` needs `previous`, the id before"),
        _ if identifiers.is_empty() => Some("an event needs `identifiers`: whom it is about"),
        _ => None,
    };
    if let Some(message) = missing {
        return Err(Error::new(object.place(), message));
    }
    Ok(Recipe {
        kind,
        name,
        identifiers,
        previous,
        group,
        time,
        message_id,
        properties,
        traits,
        context,
    })
}

fn identifiers(
    json: &Json,
    levels: usize,
    place: &str,
) -> Result<Vec<(IdKind, Expression)>, Error> {
    let kind = |(word, expression): (Box<str>, Expression)| {
        let message = "a kind of identifier has lower case letters, digits and `_`";
        let wrong = || Error::new(&object::inside(place, &word), message);
        Ok((IdKind::from_word(&word).ok_or_else(wrong)?, expression))
    };
    named(json, levels, place, 0)?
        .into_iter()
        .map(kind)
        .collect()
}

/// An object of tests, or a list of such objects of which one must hold.
fn condition(json: &Json, levels: usize, place: &str) -> Result<Condition, Error> {
    let all = |json: &Json, place: &str| {
        let Json::Object(members) = json else {
            let message = "a condition is an object of paths, or a list of such objects";
            return Err(Error::new(place, message));
        };
        let tests = members.iter().map(|(path, wanted)| {
            let place = object::inside(place, path);
            let test = test(wanted, levels, &place, 0)?;
            Ok((Path::parse(path, levels, &place)?, test))
        });
        tests.collect::<Result<Vec<_>, Error>>()
    };
    let any = match json {
        Json::Array(_) => list(json, place, TESTS_MAX)?
            .map(|(json, place)| all(json, &place))
            .collect::<Result<_, _>>()?,
        one => vec![all(one, place)?],
    };
    Ok(Condition { any })
}

fn test(json: &Json, levels: usize, place: &str, depth: usize) -> Result<Test, Error> {
    let Json::Object(members) = json else {
        return match json {
            Json::Null => Ok(Test::Exists(false)),
            scalar => Ok(Test::Equals(self::scalar(scalar, place)?)),
        };
    };
    let mut all = members.iter();
    let (Some((word, wanted)), None) = (all.next(), all.next()) else {
        return Err(Error::new(place, "a test has one member"));
    };
    let place = object::inside(place, word);
    match (word.as_str(), wanted) {
        ("exists", Json::Bool(wanted)) => Ok(Test::Exists(*wanted)),
        ("exists", _) => Err(Error::new(&place, "this is `true` or `false`")),
        ("starts_with", start) => Ok(Test::StartsWith(text(start, &place)?.into())),
        ("in", values) => {
            let values = list(values, &place, RULES_MAX)?;
            let read = values.map(|(json, place)| scalar(json, &place));
            Ok(Test::OneOf(read.collect::<Result<_, _>>()?))
        }
        ("same_as", path) => {
            let path = Path::parse(text(path, &place)?, levels, &place)?;
            Ok(Test::SameAs(path))
        }
        ("not", inner) if depth == 0 => Ok(Test::Not(Box::new(test(inner, levels, &place, 1)?))),
        _ => {
            let message =
                "a test is a value, or has `exists`, `in`, `starts_with`, `same_as` or one `not`";
            Err(Error::new(&place, message))
        }
    }
}

fn scalar(json: &Json, place: &str) -> Result<Value<'static>, Error> {
    match json {
        Json::String(text) => Ok(Value::Text(Cow::Owned(text.clone()))),
        Json::Number(number) => Ok(Value::Number(Cow::Owned(number.to_string()))),
        Json::Bool(bool) => Ok(Value::Bool(*bool)),
        _ => Err(Error::new(
            place,
            "this is a text, a number, `true` or `false`",
        )),
    }
}

fn text<'j>(json: &'j Json, place: &str) -> Result<&'j str, Error> {
    json.as_str()
        .ok_or_else(|| Error::new(place, "this is a text"))
}

/// The items of a list, each with its place; there is one at least.
fn list<'j>(
    json: &'j Json,
    place: &str,
    max: usize,
) -> Result<impl Iterator<Item = (&'j Json, String)>, Error> {
    let items = json.as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() || items.len() > max {
        let message = format!("this is a list with 1 to {max} items");
        return Err(Error::new(place, message));
    }
    let place = place.to_owned();
    let numbered = items.iter().enumerate();
    Ok(numbered.map(move |(number, item)| (item, format!("{place}[{number}]"))))
}
