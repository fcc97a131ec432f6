//! What a schema may cost: how large it is with every reference followed, how deep, how many
//! patterns.
//!
//! An event has a few thousand values at the most, and a schema without recursion asks each of its
//! parts at most once of each value. So its size, references followed, bounds the time an event
//! takes; ten lines of references that double at each step would not.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The most values a schema has with every reference followed.
const SIZE_MAX: u64 = 5_000;
/// How deep it may be with every reference followed.
const DEPTH_MAX: u64 = 64;
/// The most patterns of a schema, each of which takes memory of its own.
const PATTERNS_MAX: u64 = 50;
/// The most `unevaluatedProperties` and `unevaluatedItems`, which look at their neighbours again.
const UNEVALUATED_MAX: u64 = 4;

/// Keywords whose members are schemas by name, so that no name in them is a keyword.
const BY_NAME: [&str; 7] = [
    "properties",
    "patternProperties",
    "$defs",
    "definitions",
    "dependentSchemas",
    "dependencies",
    "$vocabulary",
];
/// Keywords whose values are data, whatever it looks like.
const DATA: [&str; 5] = ["enum", "const", "default", "examples", "required"];
/// References that depend on who asks, and names for places; a plan does without them.
const REFUSED: [&str; 6] = [
    "$dynamicRef",
    "$recursiveRef",
    "$dynamicAnchor",
    "$recursiveAnchor",
    "$anchor",
    "id",
];

/// Whether a schema stays within bounds, and why not.
///
/// # Errors
/// A sentence for people.
pub(super) fn check(schema: &Value) -> Result<(), String> {
    let mut walk = Walk {
        root: schema,
        known: BTreeMap::new(),
    };
    let cost = walk.reference("")?;
    for (found, most, what) in [
        (cost.size, SIZE_MAX, "values, with every `$ref` followed"),
        (cost.patterns, PATTERNS_MAX, "patterns"),
        (cost.unevaluated, UNEVALUATED_MAX, "`unevaluated…` keywords"),
    ] {
        if found > most {
            return Err(format!("it has more than {most} {what}"));
        }
    }
    Ok(())
}

/// What a part of a schema costs, with every reference followed.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    size: u64,
    depth: u64,
    patterns: u64,
    unevaluated: u64,
}

impl Cost {
    /// This with a part inside of it.
    fn around(self, part: Cost) -> Cost {
        Cost {
            size: self.size.saturating_add(part.size),
            depth: self.depth.max(part.depth + 1),
            patterns: self.patterns.saturating_add(part.patterns),
            unevaluated: self.unevaluated.saturating_add(part.unevaluated),
        }
    }
}

struct Walk<'a> {
    root: &'a Value,
    /// What references lead to, by their pointer; none while it is being looked at.
    known: BTreeMap<String, Option<Cost>>,
}

impl Walk<'_> {
    fn reference(&mut self, pointer: &str) -> Result<Cost, String> {
        match self.known.get(pointer) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => return Err(format!("`$ref` `#{pointer}` leads back to itself")),
            None => {}
        }
        let target = self.root.pointer(pointer);
        let target = target.ok_or_else(|| format!("`$ref` `#{pointer}` leads nowhere"))?;
        self.known.insert(pointer.to_owned(), None);
        let cost = self.schema(target)?;
        self.known.insert(pointer.to_owned(), Some(cost));
        Ok(cost)
    }

    fn schema(&mut self, schema: &Value) -> Result<Cost, String> {
        let mut cost = Cost {
            size: 1,
            ..Cost::default()
        };
        match schema {
            Value::Object(members) => {
                for (keyword, value) in members {
                    let part = self.keyword(keyword, value)?;
                    cost = cost.around(part);
                }
            }
            Value::Array(parts) => {
                for part in parts {
                    let part = self.schema(part)?;
                    cost = cost.around(part);
                }
            }
            _ => {}
        }
        // Checked on the way up, so that nothing here goes deeper than the parser went.
        if cost.depth > DEPTH_MAX {
            return Err(format!("it is more than {DEPTH_MAX} deep"));
        }
        Ok(cost)
    }

    fn keyword(&mut self, keyword: &str, value: &Value) -> Result<Cost, String> {
        if REFUSED.contains(&keyword) {
            return Err(format!(
                "a plan takes no `{keyword}`; write `$ref` with `#/$defs/…`"
            ));
        }
        if DATA.contains(&keyword) {
            return Ok(data(value));
        }
        if let (true, Value::Object(by_name)) = (BY_NAME.contains(&keyword), value) {
            return self.by_name(keyword, by_name);
        }
        let mut cost = self.schema(value)?;
        match (keyword, value) {
            ("$ref", Value::String(to)) => {
                let to = to
                    .strip_prefix('#')
                    .filter(|to| to.is_empty() || to.starts_with('/'));
                let to =
                    to.ok_or("a `$ref` of a plan begins with `#/`, such as `#/$defs/order`")?;
                cost = cost.around(self.reference(to)?);
            }
            ("$id", Value::String(_)) => {
                // Below the top it would change where `#/` begins.
                let is_top = self.root.get("$id") == Some(value);
                if !is_top {
                    return Err("a plan takes no `$id` inside of a schema".to_owned());
                }
            }
            ("format", Value::String(format)) if format == "regex" => {
                return Err("a plan takes no `format` `regex`".to_owned());
            }
            ("pattern", _) => cost.patterns += 1,
            ("unevaluatedProperties" | "unevaluatedItems", _) => cost.unevaluated += 1,
            _ => {}
        }
        Ok(cost)
    }

    fn by_name(&mut self, keyword: &str, schemas: &Map<String, Value>) -> Result<Cost, String> {
        let mut cost = Cost::default();
        // What is only defined is paid for where it is referred to.
        if matches!(keyword, "$defs" | "definitions") {
            return Ok(cost);
        }
        for schema in schemas.values() {
            let part = self.schema(schema)?;
            cost = cost.around(part);
            cost.patterns += u64::from(keyword == "patternProperties");
        }
        Ok(cost)
    }
}

/// The cost of plain data.
fn data(value: &Value) -> Cost {
    let parts: Vec<&Value> = match value {
        Value::Array(parts) => parts.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    };
    let whole = Cost {
        size: 1,
        ..Cost::default()
    };
    parts
        .into_iter()
        .fold(whole, |cost, part| cost.around(data(part)))
}

#[cfg(test)]
mod tests;
