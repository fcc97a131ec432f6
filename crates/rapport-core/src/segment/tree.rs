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
use crate::json::{self, Value};
use crate::segment::count::{Count, Window};
use crate::segment::error::{Error, nearest};
use crate::segment::literal::{Literal, Quoted};
use crate::segment::operator::{OPERATORS, Operator, Takes, Test};
use crate::segment::path::Path;
use crate::segment::rule::{
    Did, Filter, Happening, NESTING_MAX, RULE_BYTES_MAX, Rule, check_count,
};
use crate::segment::text;
use serde_json::value::RawValue;

pub use self::print::print;

mod print;

/// Reads a rule from its JSON spelling. An error says where, and what to write instead where that
/// can be guessed.
pub fn parse(text: &str) -> Result<Rule, Error> {
    if text.len() > TREE_BYTES_MAX {
        return Err(Error::rule(
            text,
            TREE_BYTES_MAX,
            "a rule in JSON is at most 256 KB long",
        ));
    }
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| not_json(text, &error))?;
    let rule = Reader { text, depth: 0 }.rule(raw.get())?;
    rule.check()
        .map_err(|message| Error::rule(text, 0, message))?;
    Ok(rule)
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

const RULE_KEYS: [&str; 8] = [
    "all",
    "any",
    "not",
    "attribute",
    "did",
    "did_not",
    "in_segment",
    "not_in_segment",
];
const FILTER_KEYS: [&str; 4] = ["all", "any", "not", "property"];

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
        } else if let Some(path) = object.take("attribute") {
            let (path, test) = self.path_and_test(path, &mut object)?;
            Rule::Attribute { path, test }
        } else if let Some(what) = object.take("did") {
            self.did(what, &mut object)?
        } else if let Some(what) = object.take("did_not") {
            self.did_not(what, &mut object)?
        } else if let Some(key) = object.take("in_segment") {
            Rule::In(self.string(key)?.into())
        } else if let Some(key) = object.take("not_in_segment") {
            Rule::NotIn(self.string(key)?.into())
        } else {
            return Err(self.unknown(&object, "a condition", &RULE_KEYS));
        };
        self.depth -= 1;
        self.nothing_left(&object)?;
        Ok(rule)
    }

    fn did(&mut self, what: &'a str, object: &mut Object<'a>) -> Result<Rule, Error> {
        let happening = self.happening(what)?;
        let count = self.count(object)?;
        let (filter, window) = self.filter_and_window(object)?;
        Ok(Rule::Did(Did {
            happening,
            filter,
            count,
            window,
        }))
    }

    fn did_not(&mut self, what: &'a str, object: &mut Object<'a>) -> Result<Rule, Error> {
        let happening = self.happening(what)?;
        let (filter, window) = self.filter_and_window(object)?;
        Ok(Rule::Did(Did {
            happening,
            filter,
            count: Count::AtMost(0),
            window,
        }))
    }

    fn filter_and_window(
        &mut self,
        object: &mut Object<'a>,
    ) -> Result<(Option<Filter>, Option<Window>), Error> {
        let filter = object
            .take("where")
            .map(|raw| self.filter(raw))
            .transpose()?;
        let window = object
            .take("within")
            .map(|raw| self.window(raw))
            .transpose()?;
        Ok((filter, window))
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

    fn count(&self, object: &mut Object<'a>) -> Result<Count, Error> {
        let mut found = None;
        for word in ["at_least", "at_most", "exactly"] {
            let Some(raw) = object.take(word) else {
                continue;
            };
            let Ok(times) = raw.parse::<u32>() else {
                return Err(self.error(raw, "this is how often: a whole number"));
            };
            let count = match word {
                "at_least" => Count::AtLeast(times),
                "at_most" => Count::AtMost(times),
                _ => Count::Exactly(times),
            };
            check_count(count).map_err(|message| self.error(raw, message))?;
            if found.replace(count).is_some() {
                return Err(self.error(raw, "a condition has one count"));
            }
        }
        Ok(found.unwrap_or(Count::AtLeast(1)))
    }

    fn window(&self, raw: &'a str) -> Result<Window, Error> {
        let span = self.string(raw)?;
        text::parse_window(&span).map_err(|error| self.moved(raw, error))
    }

    fn filter(&mut self, raw: &'a str) -> Result<Filter, Error> {
        self.go_deeper(raw)?;
        let mut object = self.object(raw)?;
        let filter = if let Some(list) = object.take("all") {
            one_or(self.list(list, Self::filter)?, Filter::All)
        } else if let Some(list) = object.take("any") {
            one_or(self.list(list, Self::filter)?, Filter::Any)
        } else if let Some(part) = object.take("not") {
            Filter::Not(Box::new(self.filter(part)?))
        } else if let Some(path) = object.take("property") {
            let (path, test) = self.path_and_test(path, &mut object)?;
            Filter::Property { path, test }
        } else {
            return Err(self.unknown(&object, "a test of a property", &FILTER_KEYS));
        };
        self.depth -= 1;
        self.nothing_left(&object)?;
        Ok(filter)
    }

    fn path_and_test(
        &mut self,
        raw: &'a str,
        object: &mut Object<'a>,
    ) -> Result<(Path, Test), Error> {
        let spelled = self.string(raw)?;
        let path = text::parse_path(&spelled).map_err(|error| self.moved(raw, error))?;
        let Some(operator_raw) = object.take("operator") else {
            return Err(self.error(object.raw, "this needs an `operator`, like \"=\""));
        };
        let word = self.string(operator_raw)?;
        let Some(operator) = Operator::from_word(&word) else {
            let words = OPERATORS.map(|operator| operator.word);
            let help = match nearest(&word, words) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("operators are {}", words.join(", ")),
            };
            return Err(self
                .error(operator_raw, "there is no such operator")
                .with_help(help));
        };
        let operands = self.operands(operator, object)?;
        let test = Test::new(operator, operands).ok_or_else(|| {
            let message = format!("`{}` takes {}", operator.word, operator.takes.words());
            self.error(object.raw, &message)
        })?;
        Ok((path, test))
    }

    fn operands(
        &mut self,
        operator: &Operator,
        object: &mut Object<'a>,
    ) -> Result<Vec<Literal>, Error> {
        let field = if operator.takes == Takes::List {
            "values"
        } else {
            "value"
        };
        match (operator.takes, object.take(field)) {
            (_, None) => Ok(Vec::new()),
            (Takes::List, Some(raw)) => self.list(raw, |reader, item| reader.literal(item)),
            (_, Some(raw)) => Ok(vec![self.literal(raw)?]),
        }
    }

    fn literal(&self, raw: &'a str) -> Result<Literal, Error> {
        match Value::parse(raw) {
            Some(Value::Text(text)) => Ok(Literal::Text(text.into())),
            Some(Value::Bool(value)) => Ok(Literal::Bool(value)),
            Some(Value::Number(number)) if !number.is_saturated() => Ok(Literal::Number(number)),
            Some(Value::Number(_)) => Err(self.error(raw, "numbers go up to 1e29")),
            _ => Err(self.error(raw, "this is no text, number, true or false")),
        }
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
            if members.len() == RULE_KEYS.len() {
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
