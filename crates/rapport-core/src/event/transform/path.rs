//! Paths into an event as its SDK sent it: `properties.price`, `context."user agent"`,
//! `properties.products.*.sku`.

use crate::json::edit::Part;
use serde::{Deserialize, Serialize};

/// The most parts a path may have.
pub const PARTS_MAX: usize = 16;

/// What an event is known by, and what only Rapport says: no transformation may change it.
const FIXED: [&str; 6] = [
    "messageId",
    "type",
    "receivedAt",
    "sentAt",
    "originalTimestamp",
    "writeKey",
];

/// A path. The traits of a person are one thing: `traits.email` and `context.traits.email` name
/// the same, except in group calls, where `traits` are the company's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Path {
    text: Box<str>,
    parts: Box<[Part]>,
    twin: Option<Box<[Part]>>,
}

impl Path {
    /// Its parts.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The other way to the same trait of a person.
    #[must_use]
    pub fn twin(&self) -> Option<&[Part]> {
        self.twin.as_deref()
    }

    /// Whether it leads to the traits of the call itself.
    #[must_use]
    pub fn is_of_call(&self) -> bool {
        !is(self.parts.first(), "context")
    }

    /// Whether a part of it stands for many names.
    #[must_use]
    pub fn has_many(&self) -> bool {
        self.parts.contains(&Part::Any)
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Why a transformation may not change what stands here.
    ///
    /// # Errors
    /// Where it may not: a sentence.
    pub fn check_target(&self) -> Result<(), String> {
        let fixed = FIXED.iter().find(|fixed| is(self.parts.first(), fixed));
        match fixed {
            Some(fixed) => Err(format!("`{fixed}` cannot be changed")),
            None => Ok(()),
        }
    }
}

fn is(part: Option<&Part>, name: &str) -> bool {
    matches!(part, Some(Part::Name(known)) if **known == *name)
}

fn twin(parts: &[Part]) -> Option<Box<[Part]>> {
    let name = |name: &str| Part::Name(name.into());
    if is(parts.first(), "traits") {
        return Some([&[name("context")], parts].concat().into());
    }
    (is(parts.first(), "context") && is(parts.get(1), "traits")).then(|| parts[1..].into())
}

impl TryFrom<String> for Path {
    type Error = String;

    fn try_from(text: String) -> Result<Path, String> {
        let parts = parts(&text)?;
        Ok(Path {
            twin: twin(&parts),
            parts: parts.into(),
            text: text.into(),
        })
    }
}

impl From<Path> for String {
    fn from(path: Path) -> String {
        path.text.into()
    }
}

fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, behind) = part(rest).map_err(|why| format!("`{text}` is no path: {why}"))?;
        parts.push(part);
        if parts.len() > PARTS_MAX {
            return Err(format!("`{text}` is no path: at most {PARTS_MAX} names"));
        }
        match behind.strip_prefix('.') {
            Some(behind) => rest = behind,
            None if behind.is_empty() => return Ok(parts),
            None => {
                return Err(format!(
                    "`{text}` is no path: a dot must stand before `{behind}`"
                ));
            }
        }
    }
}

fn part(text: &str) -> Result<(Part, &str), &'static str> {
    if text.starts_with('"') {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
        let name = values
            .next()
            .and_then(Result::ok)
            .ok_or("the quotes do not close")?;
        let behind = &text[values.byte_offset()..];
        return Ok((Part::Name(name.into()), behind));
    }
    let end = text.find(['.', '"']).unwrap_or(text.len());
    let (name, behind) = text.split_at(end);
    match name {
        "" => Err("a name is empty"),
        "*" => Ok((Part::Any, behind)),
        name if name.contains(char::is_whitespace) => {
            Err("a name with blanks stands in double quotes")
        }
        name => Ok((Part::Name(name.into()), behind)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Path, String> {
        Path::try_from(text.to_owned())
    }

    #[test]
    fn paths_are_names_between_dots() {
        let path = read(r#"properties."first.name".*.sku"#).expect("a path");
        let name = |name: &str| Part::Name(name.into());
        assert_eq!(
            path.parts(),
            [
                name("properties"),
                name("first.name"),
                Part::Any,
                name("sku")
            ]
        );
        for text in [
            "", ".", "a.", ".a", "a..b", "a b", "\"a", "\"a\"b", "a\"b\"",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&"a.".repeat(20)).is_err());
    }

    #[test]
    fn the_traits_of_a_person_have_two_ways() {
        let path = read("traits.email").expect("a path");
        let other = read("context.traits.email").expect("a path");
        assert_eq!(path.twin(), Some(other.parts()));
        assert_eq!(other.twin(), Some(path.parts()));
        assert_eq!(read("context.ip").expect("a path").twin(), None);
    }

    #[test]
    fn what_an_event_is_known_by_stays() {
        for (text, may) in [("messageId", false), ("type", false), ("userId", true)] {
            assert_eq!(read(text).expect("a path").check_target().is_ok(), may);
        }
    }
}
