//! The JSON spelling of rules, for programs and the visual builder.
//!
//! ```json
//! {"all": [
//!   {"did": "Product Viewed", "where": {"property": "category", "operator": "=", "value": "shoes"},
//!    "at_least": 3, "within": "7 days"},
//!   {"did_not": "Order Completed", "within": "7 days"},
//!   {"did": {"type": "page", "name": "Pricing"}},
//!   {"any": [{"attribute": "plan", "operator": "in", "values": ["gold", "silver"]},
//!            {"not": {"in_segment": "staff"}}]}
//! ]}
//! ```
//!
//! Paths are one text, dotted and quoted as in the text spelling, and so are windows. Numbers keep
//! their digits. [`print()`] is the way back.

use crate::event::Kind;
use crate::json::{self, Decimal, Value};
use crate::segment::computed::Computed;
use crate::segment::error::{Error, nearest};
use crate::segment::fact::FACTS;
use crate::segment::path::Path;
use crate::segment::random::Random;
use crate::segment::rule::{Happening, NESTING_MAX, RULE_BYTES_MAX, Rule};
use crate::segment::span::Span;
use crate::segment::text;
use serde_json::value::RawValue;

pub use self::computed::print_computed;
pub use self::print::print;

mod computed;
mod did;
mod filter;
mod print;
mod sequence;
mod window;

/// Reads a rule from its JSON spelling. An error says where, and what to write instead where that
/// can be guessed.
pub fn parse(text: &str) -> Result<Rule, Error> {
    let rule = read(text, |reader, raw| reader.rule(raw))?;
    rule.check()
        .map_err(|message| Error::rule(text, 0, message))?;
    Ok(rule)
}

/// Reads how a computed trait is made.
///
/// # Errors
/// As [`parse`].
pub fn parse_computed(text: &str) -> Result<Computed, Error> {
    read(text, |reader, raw| reader.computed(raw))
}

fn read<T>(
    text: &str,
    make: impl for<'a> Fn(&mut Reader<'a>, &'a str) -> Result<T, Error>,
) -> Result<T, Error> {
    if text.len() > TREE_BYTES_MAX {
        return Err(Error::rule(
            text,
            TREE_BYTES_MAX,
            "a rule in JSON is at most 256 KB long",
        ));
    }
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| not_json(text, &error))?;
    make(&mut Reader { text, depth: 0 }, raw.get())
}

/// Room for any rule that is within its limits as text.
const TREE_BYTES_MAX: usize = 4 * RULE_BYTES_MAX;

fn not_json(text: &str, error: &serde_json::Error) -> Error {
    if error.is_eof() {
        return Error::rule(text, text.len(), "this is not JSON: it ends too early");
    }
    let lines_before = error.line().saturating_sub(1);
    let before: usize = text
        .split_inclusive('\n')
        .take(lines_before)
        .map(str::len)
        .sum();
    let mut offset = (before + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    Error::rule(text, offset, "this is not JSON")
}

struct Reader<'a> {
    text: &'a str,
    depth: usize,
}

/// The members of an object, of which each must be known and none comes twice.
struct Object<'a> {
    raw: &'a str,
    members: Vec<(String, &'a str)>,
}

impl<'a> Object<'a> {
    fn take(&mut self, name: &str) -> Option<&'a str> {
        let place = self.members.iter().position(|(key, _)| key == name)?;
        Some(self.members.swap_remove(place).1)
    }
}

const RULE_KEYS: [&str; 15] = [
    "all",
    "any",
    "not",
    "attribute",
    "consent",
    "score",
    "company",
    "trait",
    "did",
    "did_not",
    "sequence",
    "random",
    "for",
    "in_segment",
    "not_in_segment",
];
const FILTER_KEYS: [&str; 4] = ["all", "any", "not", "property"];
/// The most members an object may have.
const MEMBERS_MAX: usize = 16;

impl<'a> Reader<'a> {
    fn rule(&mut self, raw: &'a str) -> Result<Rule, Error> {
        self.go_deeper(raw)?;
        let mut object = self.object(raw)?;
        let rule = if let Some(list) = object.take("all") {
            one_or(self.list(list, Self::rule)?, Rule::All)
        } else if let Some(list) = object.take("any") {
            one_or(self.list(list, Self::rule)?, Rule::Any)
        } else if let Some(part) = object.take("not") {
            Rule::Not(Box::new(self.rule(part)?))
        } else if let Some(rule) = self.condition(&mut object)? {
            rule
        } else {
            return Err(self.unknown(&object, "a condition", &RULE_KEYS));
        };
        self.depth -= 1;
        self.nothing_left(&object)?;
        Ok(rule)
    }

    fn condition(&mut self, object: &mut Object<'a>) -> Result<Option<Rule>, Error> {
        for fact in FACTS {
            if let Some(path) = object.take(fact.word) {
                let (path, test) = self.path_and_test(path, object)?;
                return Ok(Some(Rule::Known { fact, path, test }));
            }
        }
        let rule = if let Some(what) = object.take("did") {
            self.did(what, object)?
        } else if let Some(what) = object.take("did_not") {
            self.did_not(what, object)?
        } else if let Some(steps) = object.take("sequence") {
            self.sequence(steps, object)?
        } else if let Some(salt) = object.take("random") {
            self.random(salt, object)?
        } else if let Some(span) = object.take("for") {
            let span = self.span(span)?;
            let Some(rule) = object.take("rule") else {
                return Err(self.error(object.raw, "this needs a `rule`"));
            };
            let rule = Box::new(self.rule(rule)?);
            Rule::Held { rule, span }
        } else if let Some(key) = object.take("in_segment") {
            Rule::In(self.string(key)?.into())
        } else if let Some(key) = object.take("not_in_segment") {
            Rule::NotIn(self.string(key)?.into())
        } else {
            return Ok(None);
        };
        Ok(Some(rule))
    }

    fn random(&self, salt: &'a str, object: &mut Object<'a>) -> Result<Rule, Error> {
        let mut share = |name: &str, other: &str| {
            let raw = object.take(name).unwrap_or(other).to_owned();
            Decimal::parse(&raw).and_then(Random::places)
        };
        let (from, to) = (share("from", "0"), share("below", "100"));
        let salt = self.string(salt)?;
        let (Some(from), Some(to)) = (from, to) else {
            return Err(self.error(object.raw, "`from` and `below` are percent: 0 to 100"));
        };
        let random = Random {
            salt: salt.into(),
            from,
            to,
        };
        random
            .check()
            .map_err(|message| self.error(object.raw, message))?;
        Ok(Rule::Random(random))
    }

    /// `"Order Completed"`, or `{"type": "page", "name": "Pricing"}`.
    fn happening(&self, raw: &'a str) -> Result<Happening, Error> {
        if let Some(Value::Text(name)) = Value::parse(raw) {
            return self.named(raw, Kind::Track, Some(name.into()));
        }
        let mut object = self.object(raw)?;
        let Some(kind_raw) = object.take("type") else {
            return Err(self.error(raw, "this needs a `type`, like \"page\""));
        };
        let Some(kind) = Kind::from_word(&self.string(kind_raw)?) else {
            let help = "types are track, page, screen, identify, group and alias";
            return Err(self
                .error(kind_raw, "there is no such type of events")
                .with_help(help));
        };
        let name = object
            .take("name")
            .map(|raw| self.string(raw))
            .transpose()?;
        self.nothing_left(&object)?;
        self.named(raw, kind, name.map(Into::into))
    }

    fn named(&self, raw: &str, kind: Kind, name: Option<Box<str>>) -> Result<Happening, Error> {
        if name.as_ref().is_some_and(|name| name.is_empty()) {
            return Err(self.error(raw, "this name is empty"));
        }
        if name.is_some() && !Happening::has_names(kind) {
            let message = format!("events of type `{}` have no name", kind.word());
            return Err(self.error(raw, &message));
        }
        Ok(Happening { kind, name })
    }

    fn list<T>(
        &mut self,
        raw: &'a str,
        read: impl Fn(&mut Self, &'a str) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let Some(Value::List(_)) = Value::parse(raw) else {
            return Err(self.error(raw, "this is a list: [...]"));
        };
        let items: Result<Vec<_>, _> = json::items(raw).map(|item| read(self, item)).collect();
        match items? {
            none if none.is_empty() => Err(self.error(raw, "this list is empty")),
            items => Ok(items),
        }
    }

    fn path(&self, raw: &'a str) -> Result<Path, Error> {
        let spelled = self.string(raw)?;
        text::parse_path(&spelled).map_err(|error| self.moved(raw, error))
    }

    fn span(&self, raw: &'a str) -> Result<Span, Error> {
        let span = self.string(raw)?;
        text::parse_span(&span).map_err(|error| self.moved(raw, error))
    }

    fn whole_number(&self, raw: &'a str, what: &str) -> Result<u32, Error> {
        raw.parse().map_err(|_| self.error(raw, what))
    }

    fn string(&self, raw: &'a str) -> Result<String, Error> {
        match Value::parse(raw) {
            Some(Value::Text(text)) => Ok(text.into_owned()),
            _ => Err(self.error(raw, "this is a text in double quotes")),
        }
    }

    fn object(&self, raw: &'a str) -> Result<Object<'a>, Error> {
        let Some(Value::Object(raw)) = Value::parse(raw) else {
            return Err(self.error(raw, "this is an object: {...}"));
        };
        let mut members: Vec<(String, &str)> = Vec::new();
        for (key, value) in json::members(raw) {
            if members.iter().any(|(known, _)| **known == *key) {
                return Err(self.error(value, &format!("`{key}` was said before")));
            }
            if members.len() == MEMBERS_MAX {
                return Err(self.error(value, "this has too many members"));
            }
            members.push((key.into_owned(), value));
        }
        Ok(Object { raw, members })
    }

    fn nothing_left(&self, object: &Object<'_>) -> Result<(), Error> {
        match object.members.first() {
            None => Ok(()),
            Some((key, value)) => Err(self.error(value, &format!("`{key}` means nothing here"))),
        }
    }

    fn unknown(&self, object: &Object<'_>, what: &str, keys: &[&str]) -> Error {
        let error = self.error(object.raw, &format!("this is not {what}"));
        let words = object.members.iter().map(|(key, _)| key);
        let meant = words
            .filter_map(|word| nearest(word, keys.iter().copied()))
            .next();
        error.with_help(match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("it has one of {}", keys.join(", ")),
        })
    }

    /// An error at a part of the text.
    fn error(&self, part: &str, message: &str) -> Error {
        Error::rule(self.text, self.offset(part), message)
    }

    /// An error inside a text inside the JSON, told at the place where that text starts.
    fn moved(&self, part: &str, error: Error) -> Error {
        let (message, help) = match error {
            Error::Rule { message, help, .. } => (message, help),
            other => (other.to_string(), other.help()),
        };
        let moved = self.error(part, &message);
        help.map_or(moved.clone(), |help| moved.with_help(help))
    }

    /// Parts are slices of the text, so their addresses tell where they stand.
    fn offset(&self, part: &str) -> usize {
        let offset = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        if offset <= self.text.len() { offset } else { 0 }
    }

    fn go_deeper(&mut self, raw: &str) -> Result<(), Error> {
        self.depth += 1;
        match self.depth > NESTING_MAX {
            true => Err(self.error(raw, "this nests too deep")),
            false => Ok(()),
        }
    }
}

fn one_or<T>(mut parts: Vec<T>, join: fn(Vec<T>) -> T) -> T {
    if parts.len() == 1 {
        parts.swap_remove(0)
    } else {
        join(parts)
    }
}
