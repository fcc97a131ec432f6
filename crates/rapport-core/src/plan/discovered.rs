//! Discovery: which events a source sends and which properties they have, as seen in the stream.
//!
//! What is known of an event is a sum over the events it was seen in, so parts that were looked at
//! apart are joined by [`Discovered::unite`].

use crate::event::{Event, Kind};
use crate::json::{self, Value};
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most properties kept of one event; further ones are only counted.
pub const PROPERTIES_MAX: usize = 300;
/// The most examples kept of one property.
pub const EXAMPLES_MAX: usize = 20;
/// The longest example, in characters; longer values are no examples.
const EXAMPLE_CHARS_MAX: usize = 60;
/// How deep properties inside properties are looked at.
const DEPTH_MAX: usize = 3;

/// What is known of one event of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discovered {
    /// How many there were.
    pub count: u64,
    /// When the first happened.
    pub first_seen: Millis,
    /// When the last happened.
    pub last_seen: Millis,
    /// Of how many the properties were looked at.
    pub inspected: u64,
    /// Its properties by path, names joined with dots.
    pub properties: BTreeMap<Box<str>, Property>,
    /// Properties beyond [`PROPERTIES_MAX`], counted each time.
    pub unlisted: u64,
}

/// What is known of one property.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    /// In how many of the inspected events it was.
    pub count: u64,
    /// When it was seen first.
    pub first_seen: Millis,
    /// When it was seen last.
    pub last_seen: Millis,
    /// How often it was of each type: `text`, `number`, `boolean`, `list`, `object`, `null`.
    pub types: BTreeMap<Box<str>, u64>,
    /// Some of its values, as JSON; what looks like an address or a number to call is masked.
    pub examples: Vec<Box<str>>,
}

impl Discovered {
    /// Notes an event without looking into it.
    pub fn count(&mut self, at: Millis) {
        let is_first = self.count == 0;
        self.first_seen = if is_first {
            at
        } else {
            self.first_seen.min(at)
        };
        self.last_seen = if is_first { at } else { self.last_seen.max(at) };
        self.count += 1;
    }

    /// Looks at an event's properties (of identify and group: its traits).
    pub fn inspect(&mut self, event: &Event) {
        let raw = match event.kind {
            Kind::Identify | Kind::Group => &event.traits,
            Kind::Track | Kind::Page | Kind::Screen | Kind::Alias | Kind::List => &event.properties,
        };
        self.inspected += 1;
        self.members(raw, "", event.at, 0);
    }

    fn members(&mut self, raw: &str, above: &str, at: Millis, depth: usize) {
        for (name, value) in json::members(raw) {
            let path = match above {
                "" => name.into_owned(),
                _ => format!("{above}.{name}"),
            };
            let Some(value) = Value::parse(value) else {
                continue;
            };
            self.property(&path, &value, at);
            if let (Value::Object(inner), true) = (&value, depth + 1 < DEPTH_MAX) {
                self.members(inner, &path, at, depth + 1);
            }
        }
    }

    fn property(&mut self, path: &str, value: &Value<'_>, at: Millis) {
        if !self.properties.contains_key(path) && self.properties.len() >= PROPERTIES_MAX {
            self.unlisted += 1;
            return;
        }
        let property = self.properties.entry(path.into()).or_default();
        let is_first = property.count == 0;
        property.first_seen = if is_first {
            at
        } else {
            property.first_seen.min(at)
        };
        property.last_seen = if is_first {
            at
        } else {
            property.last_seen.max(at)
        };
        property.count += 1;
        *property.types.entry(type_of(value).into()).or_default() += 1;
        if let Some(example) = example(value) {
            property.exemplify(example);
        }
    }

    /// Adds what was seen elsewhere.
    pub fn unite(&mut self, other: &Discovered) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = other.clone();
            return;
        }
        self.count += other.count;
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.inspected += other.inspected;
        self.unlisted += other.unlisted;
        for (path, seen) in &other.properties {
            let is_full = self.properties.len() >= PROPERTIES_MAX;
            match self.properties.get_mut(path) {
                Some(property) => property.unite(seen),
                None if is_full => self.unlisted += seen.count,
                None => {
                    self.properties.insert(path.clone(), seen.clone());
                }
            }
        }
    }
}

impl Property {
    fn exemplify(&mut self, example: Box<str>) {
        if self.examples.len() < EXAMPLES_MAX && !self.examples.contains(&example) {
            self.examples.push(example);
        }
    }

    fn unite(&mut self, other: &Property) {
        self.count += other.count;
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        for (word, count) in &other.types {
            *self.types.entry(word.clone()).or_default() += count;
        }
        for example in &other.examples {
            self.exemplify(example.clone());
        }
    }
}

fn type_of(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::Text(_) => "text",
        Value::List(_) => "list",
        Value::Object(_) => "object",
    }
}

/// The value as an example, where it makes one.
fn example(value: &Value<'_>) -> Option<Box<str>> {
    let text = match value {
        Value::Text(text) => serde_json::to_string(&*masked(text)).ok()?,
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Null | Value::List(_) | Value::Object(_) => return None,
    };
    (text.chars().count() <= EXAMPLE_CHARS_MAX).then(|| text.into())
}

/// A text with what could reach somebody taken out: the name in an e-mail address, all but the
/// first digits of a number to call.
fn masked(text: &str) -> String {
    if let Some((_, domain)) = text
        .split_once('@')
        .filter(|(_, domain)| domain.contains('.'))
    {
        return format!("***@{domain}");
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_callable = |byte: u8| byte.is_ascii_digit() || b"+-() .".contains(&byte);
    if text.starts_with('+') && digits >= 7 && text.bytes().all(is_callable) {
        return format!("{}***", &text[..3]);
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(properties: &[&str]) -> Discovered {
        let mut discovered = Discovered::default();
        for (at, raw) in (1..).zip(properties) {
            discovered.count(Millis(at));
            discovered.inspected += 1;
            discovered.members(raw, "", Millis(at), 0);
        }
        discovered
    }

    #[test]
    fn types_examples_and_moments_are_kept_by_path() {
        let found = seen(&[
            r#"{"price": 3.5, "product": {"sku": "CH-01", "tags": ["a"]}}"#,
            r#"{"price": "3.5", "product": null}"#,
        ]);
        let price = &found.properties["price"];
        assert_eq!((price.types["number"], price.types["text"]), (1, 1));
        assert_eq!(price.examples, [Box::from("3.5"), Box::from("\"3.5\"")]);
        let sku = &found.properties["product.sku"];
        assert_eq!(
            (sku.count, sku.first_seen, sku.last_seen),
            (1, Millis(1), Millis(1))
        );
        assert_eq!(found.properties["product.tags"].types["list"], 1);
        assert_eq!(found.properties["product"].types["null"], 1);
    }

    #[test]
    fn what_could_reach_somebody_is_masked() {
        let found =
            seen(&[r#"{"a": "ada@example.org", "b": "+44 7700 900123", "c": "+5 points"}"#]);
        let example = |name: &str| found.properties[name].examples[0].to_string();
        assert_eq!(example("a"), "\"***@example.org\"");
        assert_eq!(example("b"), "\"+44***\"");
        assert_eq!(example("c"), "\"+5 points\"");
    }

    #[test]
    fn parts_looked_at_apart_come_to_the_same_as_together() {
        let texts = [
            r#"{"a": 1}"#,
            r#"{"a": 2, "b": true}"#,
            r#"{"b": {"c": "x"}}"#,
        ];
        let whole = seen(&texts);
        let mut first = seen(&texts[..1]);
        let mut rest = Discovered::default();
        for (at, raw) in (2..).zip(&texts[1..]) {
            rest.count(Millis(at));
            rest.inspected += 1;
            rest.members(raw, "", Millis(at), 0);
        }
        first.unite(&rest);
        assert_eq!(first, whole);
        let mut empty = Discovered::default();
        empty.unite(&whole);
        assert_eq!(empty, whole);
    }

    #[test]
    fn nothing_grows_without_bound() {
        let many: Vec<String> = (0..400).map(|no| format!("\"p{no}\": {no}")).collect();
        let raw = format!("{{{}}}", many.join(","));
        let found = seen(&[&raw, &raw]);
        assert_eq!(found.properties.len(), PROPERTIES_MAX);
        assert_eq!(found.unlisted, 200);
        let values: Vec<String> = (0..100).map(|no| format!(r#"{{"v": {no}}}"#)).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        assert_eq!(seen(&values).properties["v"].examples.len(), EXAMPLES_MAX);
        let deep = format!("{}1{}", r#"{"x":"#.repeat(50), "}".repeat(50));
        assert_eq!(seen(&[&deep]).properties.len(), DEPTH_MAX);
    }
}
