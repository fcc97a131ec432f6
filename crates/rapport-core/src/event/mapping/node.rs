//! A JSON value that is looked into as far as a path asks, and remembers what it found.

use crate::json::{self, Decimal};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// A value of the body, as text.
pub(super) struct Node<'a> {
    raw: &'a str,
    inside: OnceCell<Inside<'a>>,
}

enum Inside<'a> {
    Nothing,
    Items(Vec<Node<'a>>),
    Members(BTreeMap<Cow<'a, str>, Node<'a>>),
}

impl<'a> Node<'a> {
    /// A node over text that is known to be JSON.
    pub(super) fn new(raw: &'a str) -> Node<'a> {
        Node {
            raw: raw.trim_ascii(),
            inside: OnceCell::new(),
        }
    }

    /// Its JSON text.
    pub(super) fn raw(&self) -> &'a str {
        self.raw
    }

    /// The member of this name, or the item of this number. Of a repeated name the last.
    pub(super) fn child(&self, name: &str) -> Option<&Node<'a>> {
        match self.inside() {
            Inside::Nothing => None,
            Inside::Items(items) => items.get(name.parse::<usize>().ok()?),
            Inside::Members(members) => members.get(name),
        }
    }

    /// The value at the end of a path of names.
    pub(super) fn at(&self, names: &[Box<str>]) -> Option<&Node<'a>> {
        names.iter().try_fold(self, |node, name| node.child(name))
    }

    /// The items, where it is a list.
    pub(super) fn items(&self) -> &[Node<'a>] {
        match self.inside() {
            Inside::Items(items) => items,
            _ => &[],
        }
    }

    /// Its value; `None` for `null` and for the empty text, which both mean that nothing is there.
    pub(super) fn value(&self) -> Option<Value<'a>> {
        match json::Value::parse(self.raw)? {
            json::Value::Null => None,
            json::Value::Text(text) if text.is_empty() => None,
            json::Value::Text(text) => Some(Value::Text(text)),
            json::Value::Bool(bool) => Some(Value::Bool(bool)),
            json::Value::Number(_) => Some(Value::Number(Cow::Borrowed(self.raw))),
            json::Value::List(raw) | json::Value::Object(raw) => {
                Some(Value::Json(Cow::Borrowed(raw)))
            }
        }
    }

    fn inside(&self) -> &Inside<'a> {
        self.inside
            .get_or_init(|| match self.raw.as_bytes().first() {
                Some(b'{') => Inside::Members(
                    json::members(self.raw)
                        .map(|(name, raw)| (name, Node::new(raw)))
                        .collect(),
                ),
                Some(b'[') => Inside::Items(json::items(self.raw).map(Node::new).collect()),
                _ => Inside::Nothing,
            })
    }
}

/// A value that is there.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    /// A number, as it is written.
    Number(Cow<'a, str>),
    Bool(bool),
    /// A list or an object, as it is written.
    Json(Cow<'a, str>),
}

impl<'a> Value<'a> {
    /// As text, where it is no list and no object.
    pub(super) fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Value::Text(text) | Value::Number(text) => Some(text),
            Value::Bool(true) => Some(Cow::Borrowed("true")),
            Value::Bool(false) => Some(Cow::Borrowed("false")),
            Value::Json(_) => None,
        }
    }

    /// About how many bytes it has.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Value::Text(text) | Value::Number(text) | Value::Json(text) => text.len(),
            Value::Bool(_) => 1,
        }
    }

    /// As JSON.
    pub(super) fn into_json(self) -> Cow<'a, str> {
        match self {
            // Writing a `str` as JSON into memory cannot fail.
            Value::Text(text) => Cow::Owned(serde_json::to_string(&*text).unwrap_or_default()),
            Value::Number(raw) | Value::Json(raw) => raw,
            Value::Bool(true) => Cow::Borrowed("true"),
            Value::Bool(false) => Cow::Borrowed("false"),
        }
    }

    /// Whether both are the same scalar; numbers by their value.
    pub(super) fn equals(&self, other: &Value<'_>) -> bool {
        match (self, other) {
            (Value::Text(left), Value::Text(right)) => left == right,
            (Value::Number(left), Value::Number(right)) => {
                left == right || Decimal::parse(left) == Decimal::parse(right)
            }
            (Value::Bool(left), Value::Bool(right)) => left == right,
            _ => false,
        }
    }
}
