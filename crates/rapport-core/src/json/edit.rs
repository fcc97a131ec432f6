//! Edits of raw JSON text: values at a path are replaced, put or taken out, and everything else
//! stays as it was written, numbers to the last digit and keys in their order.

use super::{Scanner, child, is_key};
use std::borrow::Cow;

/// One part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The member of this name, or the item at this place of a list.
    Name(Box<str>),
    /// Every member, or every item.
    Any,
}

impl Part {
    fn is_key(&self, key: &str) -> bool {
        match self {
            Part::Name(name) => is_key(key, name),
            Part::Any => true,
        }
    }

    fn is_place(&self, place: usize) -> bool {
        match self {
            Part::Name(name) => super::index(name) == Some(place),
            Part::Any => true,
        }
    }
}

/// What becomes of a value.
#[derive(Debug)]
pub enum Edit {
    /// It stays.
    Keep,
    /// It goes, and its key with it.
    Drop,
    /// This stands in its place: JSON.
    Replace(String),
}

/// The text after `change` had its say about every value at `path`, earlier members of the same
/// name too. `None` where nothing changes.
pub fn edit(raw: &str, path: &[Part], change: &mut dyn FnMut(&str) -> Edit) -> Option<String> {
    match below(raw, path, change) {
        Edit::Replace(text) => Some(text),
        Edit::Keep | Edit::Drop => None,
    }
}

/// The text with `value` at a path of names; objects on the way are made where there is nothing.
/// `None` where something else is in the way.
#[must_use]
pub fn put(raw: &str, path: &[Part], value: &str) -> Option<String> {
    let (part, rest) = path.split_first()?;
    let mut is_there = false;
    let edited = edit(raw, std::slice::from_ref(part), &mut |inner| {
        is_there = true;
        if rest.is_empty() {
            return Edit::Replace(value.to_owned());
        }
        put(inner, rest, value).map_or(Edit::Keep, Edit::Replace)
    });
    if is_there {
        return edited;
    }
    let Part::Name(name) = part else { return None };
    let mut inner = value.to_owned();
    for part in rest.iter().rev() {
        let Part::Name(name) = part else { return None };
        inner = format!("{{{}:{inner}}}", quoted(name));
    }
    raw.trim_ascii_start().strip_prefix('{')?;
    let open = raw.trim_ascii_end().strip_suffix('}')?.trim_ascii_end();
    let comma = if open.ends_with('{') { "" } else { "," };
    Some(format!("{open}{comma}{}:{inner}}}", quoted(name)))
}

/// The text of the value at a path of names; of members of the same name the last counts.
#[must_use]
pub fn at<'a>(raw: &'a str, path: &[Part]) -> Option<&'a str> {
    let mut raw = raw;
    for part in path {
        let Part::Name(name) = part else { return None };
        raw = child(raw, name)?;
    }
    Some(raw)
}

/// The object with the member `from` called `to`, where it stood; what was called `to` goes. `None`
/// where there is no such member.
#[must_use]
pub fn rename(raw: &str, from: &str, to: &str) -> Option<String> {
    child(raw, from)?;
    let mut scanner = Scanner::inside(raw, b'{');
    let mut members = Vec::new();
    let name = quoted(to);
    let name = &name[1..name.len() - 1];
    while let Some((key, value)) = scanner.member() {
        if is_key(key, from) {
            members.push((name, Cow::Borrowed(value)));
        } else if !is_key(key, to) {
            members.push((key, Cow::Borrowed(value)));
        }
    }
    Some(object(&members))
}

/// A text as JSON.
#[must_use]
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn below(raw: &str, path: &[Part], change: &mut dyn FnMut(&str) -> Edit) -> Edit {
    let Some((part, rest)) = path.split_first() else {
        return change(raw);
    };
    match raw.trim_ascii_start().as_bytes().first() {
        Some(b'{') => in_members(raw, part, rest, change),
        Some(b'[') => in_items(raw, part, rest, change),
        _ => Edit::Keep,
    }
}

fn in_members(raw: &str, part: &Part, rest: &[Part], change: &mut dyn FnMut(&str) -> Edit) -> Edit {
    let mut scanner = Scanner::inside(raw, b'{');
    let mut members = Vec::new();
    let mut is_changed = false;
    while let Some((key, value)) = scanner.member() {
        let edit = if part.is_key(key) {
            below(value, rest, change)
        } else {
            Edit::Keep
        };
        is_changed |= !matches!(edit, Edit::Keep);
        match edit {
            Edit::Keep => members.push((key, Cow::Borrowed(value))),
            Edit::Replace(text) => members.push((key, Cow::Owned(text))),
            Edit::Drop => {}
        }
    }
    if is_changed {
        Edit::Replace(object(&members))
    } else {
        Edit::Keep
    }
}

fn in_items(raw: &str, part: &Part, rest: &[Part], change: &mut dyn FnMut(&str) -> Edit) -> Edit {
    let mut scanner = Scanner::inside(raw, b'[');
    let mut items = Vec::new();
    let mut is_changed = false;
    let mut place = 0;
    while let Some(item) = scanner.item() {
        let edit = if part.is_place(place) {
            below(item, rest, change)
        } else {
            Edit::Keep
        };
        is_changed |= !matches!(edit, Edit::Keep);
        match edit {
            Edit::Keep => items.push(Cow::Borrowed(item)),
            Edit::Replace(text) => items.push(Cow::Owned(text)),
            Edit::Drop => {}
        }
        place += 1;
    }
    if is_changed {
        Edit::Replace(format!("[{}]", items.join(",")))
    } else {
        Edit::Keep
    }
}

fn object(members: &[(&str, Cow<'_, str>)]) -> String {
    let bytes: usize = members.iter().map(|(k, v)| k.len() + v.len() + 4).sum();
    let mut text = String::with_capacity(bytes + 2);
    text.push('{');
    for (place, (key, value)) in members.iter().enumerate() {
        text.push_str(if place == 0 { "\"" } else { ",\"" });
        text.push_str(key);
        text.push_str("\":");
        text.push_str(value);
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<Part> {
        let part = |name: &str| match name {
            "*" => Part::Any,
            name => Part::Name(name.into()),
        };
        text.split('.').map(part).collect()
    }

    fn without(raw: &str, at: &str) -> Option<String> {
        edit(raw, &path(at), &mut |_| Edit::Drop)
    }

    #[test]
    fn a_value_is_taken_out_and_the_rest_stays_as_it_was_written() {
        for (raw, at, expected) in [
            (r#"{"a":1.50,"b":2}"#, "b", Some(r#"{"a":1.50}"#)),
            (
                r#"{"b":{"c":12345678901234567890.0,"d":1}}"#,
                "b.d",
                Some(r#"{"b":{"c":12345678901234567890.0}}"#),
            ),
            (r#"{"a":1}"#, "a", Some("{}")),
            (r#"{"a":1}"#, "b", None),
            (r#"{"a":1}"#, "a.b", None),
            (r#"{"a":[1,2,3]}"#, "a.1", Some(r#"{"a":[1,3]}"#)),
            (
                r#"{"p":[{"s":1,"t":2},{"s":3}]}"#,
                "p.*.s",
                Some(r#"{"p":[{"t":2},{}]}"#),
            ),
            (r#"{"\u0061":1,"b":2}"#, "a", Some(r#"{"b":2}"#)),
        ] {
            assert_eq!(without(raw, at).as_deref(), expected, "{raw} {at}");
        }
    }

    #[test]
    fn no_earlier_member_of_the_same_name_is_left() {
        let raw = r#"{"a":"secret","a":{"b":"secret"},"a":{"b":1}}"#;
        assert_eq!(without(raw, "a").as_deref(), Some("{}"));
        assert_eq!(
            without(raw, "a.b").as_deref(),
            Some(r#"{"a":"secret","a":{},"a":{}}"#)
        );
    }

    #[test]
    fn a_value_is_put_where_there_is_room_for_it() {
        for (raw, at, expected) in [
            ("{}", "a", Some(r#"{"a":7}"#)),
            ("{}", "a.b.c", Some(r#"{"a":{"b":{"c":7}}}"#)),
            (r#"{"a":{"x":1}}"#, "a.b", Some(r#"{"a":{"x":1,"b":7}}"#)),
            (r#"{"a":1,"b":2}"#, "a", Some(r#"{"a":7,"b":2}"#)),
            (r#"{"a":1}"#, "a.b", None),
            (r#"{"a":[1,2]}"#, "a.1", Some(r#"{"a":[1,7]}"#)),
            (r#"{"a":[1,2]}"#, "a.2", None),
            ("7", "a", None),
        ] {
            assert_eq!(put(raw, &path(at), "7").as_deref(), expected, "{raw} {at}");
        }
    }

    #[test]
    fn a_member_is_renamed_where_it_stands() {
        let raw = r#"{"a":1.0,"b":2,"c":3}"#;
        assert_eq!(rename(raw, "a", "c").as_deref(), Some(r#"{"c":1.0,"b":2}"#));
        assert_eq!(
            rename(raw, "b", "x\"y").as_deref(),
            Some(r#"{"a":1.0,"x\"y":2,"c":3}"#)
        );
        assert_eq!(rename(raw, "d", "e"), None);
    }
}
