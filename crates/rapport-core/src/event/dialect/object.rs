//! Walks and rewrites JSON objects as text: members are borrowed, values are never parsed.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Calls `each` with every member of a JSON object, in the order written, repeated names too.
///
/// # Errors
/// Where the text is no JSON object; `each` may have been called before that is found out.
pub fn members<'a>(
    object: &'a str,
    each: impl FnMut(Cow<'a, str>, &'a RawValue),
) -> Result<(), serde_json::Error> {
    walk(object, Each(each))
}

/// A reader that takes the value of each member itself, as the type it wants.
pub trait Walk<'a> {
    /// Takes the value behind `name`, exactly once, with `map.next_value`.
    ///
    /// # Errors
    /// Where the value is not of the type wanted; the walk ends with that error.
    fn member<A: MapAccess<'a>>(&mut self, name: Cow<'a, str>, map: &mut A)
    -> Result<(), A::Error>;
}

/// Reads a JSON object in one pass, each value by `reader`'s choice of type.
///
/// # Errors
/// Where the text is no JSON object, or `reader` refuses a value (a data error).
pub fn walk<'a>(object: &'a str, reader: impl Walk<'a>) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    deserializer.deserialize_map(Members(reader))?;
    deserializer.end()
}

/// `over` with those members of `under` whose names it lacks; both are JSON objects.
#[must_use]
pub fn merged(over: &str, under: &str) -> Box<str> {
    let mut names = Vec::new();
    if members(over, |name, _| names.push(name)).is_err() {
        return under.into();
    }
    let mut built = Builder::extending(over);
    // What is no object has no members to give.
    let _ = members(under, |name, value| {
        if !names.contains(&name) {
            built.put(&name, value.get());
        }
    });
    built.finish()
}

/// The object without the members of these names.
#[must_use]
pub fn without(object: &str, names: &[&str]) -> Box<str> {
    let mut built = Builder::new();
    let walked = members(object, |name, value| {
        if !names.contains(&name.as_ref()) {
            built.put(&name, value.get());
        }
    });
    match walked {
        Ok(()) => built.finish(),
        Err(_) => object.into(),
    }
}

/// Writes a JSON object member by member.
pub struct Builder(String);

impl Builder {
    /// Starts with no members.
    #[must_use]
    pub fn new() -> Builder {
        Builder(String::from("{"))
    }

    /// Starts with the members of an existing JSON object.
    #[must_use]
    pub fn extending(object: &str) -> Builder {
        let open = object
            .trim_end()
            .strip_suffix('}')
            .unwrap_or("{")
            .trim_end();
        let mut text = String::with_capacity(object.len() + 64);
        text.push_str(open);
        Builder(text)
    }

    /// Adds a member whose value is already JSON.
    pub fn put(&mut self, name: &str, raw_value: &str) {
        self.separate();
        self.push_text(name);
        self.0.push(':');
        self.0.push_str(raw_value);
    }

    /// Adds a member whose value is a text.
    pub fn put_text(&mut self, name: &str, value: &str) {
        self.separate();
        self.push_text(name);
        self.0.push(':');
        self.push_text(value);
    }

    /// The object.
    #[must_use]
    pub fn finish(mut self) -> Box<str> {
        self.0.push('}');
        self.0.into_boxed_str()
    }

    fn separate(&mut self) {
        if !self.0.ends_with('{') {
            self.0.push(',');
        }
    }

    fn push_text(&mut self, text: &str) {
        let plain = text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\');
        if plain {
            self.0.push('"');
            self.0.push_str(text);
            self.0.push('"');
        } else {
            // Writing a `str` as JSON into memory cannot fail.
            self.0
                .push_str(&serde_json::to_string(text).unwrap_or_default());
        }
    }
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

struct Each<F>(F);

impl<'a, F: FnMut(Cow<'a, str>, &'a RawValue)> Walk<'a> for Each<F> {
    fn member<A: MapAccess<'a>>(
        &mut self,
        name: Cow<'a, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        (self.0)(name, map.next_value()?);
        Ok(())
    }
}

struct Members<W>(W);

impl<'a, W: Walk<'a>> Visitor<'a> for Members<W> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Text<'a>>()? {
            self.0.member(name.0, &mut map)?;
        }
        Ok(())
    }
}

/// A text, borrowed where it has no escapes.
pub struct Text<'a>(pub Cow<'a, str>);

impl<'a> Deserialize<'a> for Text<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Text<'a>, D::Error> {
        struct Borrowing;
        impl<'a> Visitor<'a> for Borrowing {
            type Value = Text<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrowing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_the_order_written_with_their_raw_values() {
        let mut seen = Vec::new();
        members(
            r#" {"a": [1, 2], "b\n": {"c":"d"} , "a":null} "#,
            |name, value| {
                seen.push((name.into_owned(), value.get()));
            },
        )
        .expect("an object");
        let expected = [("a", "[1, 2]"), ("b\n", r#"{"c":"d"}"#), ("a", "null")];
        assert_eq!(seen, expected.map(|(name, value)| (name.to_owned(), value)));
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for text in ["", "[]", "1", "\"a\"", "{", "{}x", "null", "{\"a\":}"] {
            assert!(members(text, |_, _| ()).is_err(), "{text}");
        }
    }

    #[test]
    fn merging_keeps_what_stands_above() {
        for (over, under, expected) in [
            ("{}", "{}", "{}"),
            (r#"{ "a": 1 }"#, r#"{"a":2,"b":3}"#, r#"{ "a": 1,"b":3}"#),
            ("{}", r#"{"a":2}"#, r#"{"a":2}"#),
            (r#"{"a":1}"#, "[]", r#"{"a":1}"#),
        ] {
            assert_eq!(&*merged(over, under), expected);
        }
    }

    #[test]
    fn members_are_left_out_by_name_however_often_they_stand_there() {
        for (object, expected) in [
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"b":2}"#),
            (r#"{"\u0061":1}"#, "{}"),
            ("[1]", "[1]"),
        ] {
            assert_eq!(&*without(object, &["a"]), expected);
        }
    }

    #[test]
    fn names_and_texts_are_escaped() {
        let mut object = Builder::new();
        object.put_text("a\"b", "c\\d\u{0}");
        assert_eq!(&*object.finish(), r#"{"a\"b":"c\\d\u0000"}"#);
    }
}
