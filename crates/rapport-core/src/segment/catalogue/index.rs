//! Which leaves an event can move: by its type and name, then by the value of one property that
//! their filters fix, so that leaves for other values cost nothing.

use crate::event::{Kind, Sighting};
use crate::json::{Decimal, Paths, Value};
use crate::segment::leaf::LeafSpec;
use crate::segment::literal::Literal;
use crate::segment::operator::{Clock, Test};
use crate::segment::rule::{Filter, Happening};
use crate::segment::zone::Zone;
use std::collections::{BTreeMap, BTreeSet};

/// Where the leaves stand that an event can move.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// The leaves on events of a name.
    named: BTreeMap<Box<str>, Vec<Group>>,
    /// The leaves on all events of a type.
    unnamed: Vec<Group>,
}

/// The leaves on one type of events with one name, or any.
#[derive(Clone, Debug)]
struct Group {
    kind: Kind,
    /// The properties that are asked for.
    paths: Paths,
    /// Leaves that any event of the group can move.
    open: Vec<Entry>,
    /// Leaves that only an event with one value of a property can move: by the property's slot,
    /// then by the value.
    fixed: BTreeMap<usize, BTreeMap<Box<str>, Vec<Entry>>>,
    /// Texts of which an event must have one to move any leaf of the group; empty where that is
    /// not known.
    needles: Vec<Box<str>>,
    /// Leaves not yet told apart, with the values that their filters fix.
    waiting: Vec<(Entry, Fixed)>,
}

/// The most texts that are looked for before an event is read as JSON: with more, reading it is
/// faster.
const NEEDLES_MAX: usize = 2;

/// Slots, and the values a filter lets through in each.
type Fixed = Vec<(usize, BTreeSet<Box<str>>)>;

/// The place of a leaf, and its filter.
#[derive(Clone, Debug)]
struct Entry {
    place: usize,
    gate: Option<Gate>,
}

/// A filter with slots for paths.
#[derive(Clone, Debug)]
enum Gate {
    All(Vec<Gate>),
    Any(Vec<Gate>),
    Not(Box<Gate>),
    Property { slot: usize, test: Test },
}

impl Index {
    /// Makes a leaf known to the events it keeps; the slots of the properties it keeps.
    pub(super) fn add(&mut self, place: usize, spec: &LeafSpec) -> Vec<usize> {
        let Happening { kind, name } = &spec.happening;
        let groups = match name {
            Some(name) => self.named.entry(name.clone()).or_default(),
            None => &mut self.unnamed,
        };
        let known = groups.iter().position(|group| group.kind == *kind);
        let at = known.unwrap_or_else(|| {
            groups.push(Group::new(*kind));
            groups.len() - 1
        });
        let group = &mut groups[at];
        let mut fixed = Fixed::new();
        let gate = spec.filter.as_ref().map(|filter| {
            fixes(filter, &mut group.paths, &mut fixed);
            gate(filter, &mut group.paths)
        });
        group.waiting.push((Entry { place, gate }, fixed));
        let slots = spec
            .values
            .iter()
            .map(|value| group.paths.add(value.path.names()));
        slots.collect()
    }

    /// Tells all leaves apart that were added.
    pub(super) fn finish(&mut self) {
        let named = self.named.values_mut().flatten();
        named.chain(&mut self.unnamed).for_each(Group::finish);
    }

    /// Calls with the place of each leaf that the event belongs to, and the properties found.
    pub(super) fn each(
        &self,
        event: &Sighting<'_>,
        mut see: impl FnMut(usize, &[Option<Value<'_>>]),
    ) {
        let named = self.named.get(event.name).map_or(&[][..], Vec::as_slice);
        let groups = named
            .iter()
            .chain(&self.unnamed)
            .filter(|group| group.kind == event.kind);
        let zone = Zone::default();
        let clock = Clock {
            now: event.at,
            zone: &zone,
        };
        for group in groups {
            if group.rejects(event.content) {
                continue;
            }
            let found = group.paths.pick(event.content);
            group.each(&found, |entry| {
                let passes = |gate: &Gate| gate.lets_through(&found, &clock);
                if entry.gate.as_ref().is_none_or(passes) {
                    see(entry.place, &found);
                }
            });
        }
    }
}

impl Group {
    fn new(kind: Kind) -> Group {
        Group {
            kind,
            paths: Paths::default(),
            open: Vec::new(),
            fixed: BTreeMap::new(),
            needles: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Of the properties that a filter fixes the one with the most values in all filters counts.
    fn finish(&mut self) {
        let mut values: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for (slot, keys) in self.waiting.iter().flat_map(|(_, fixed)| fixed) {
            let known = values.entry(*slot).or_default();
            known.extend(keys.iter().map(|key| &**key));
        }
        let numbers: BTreeMap<usize, usize> = values
            .iter()
            .map(|(slot, keys)| (*slot, keys.len()))
            .collect();
        for (entry, fixed) in std::mem::take(&mut self.waiting) {
            let best = fixed
                .into_iter()
                .max_by_key(|(slot, _)| (numbers.get(slot).copied(), std::cmp::Reverse(*slot)));
            let Some((slot, keys)) = best else {
                self.open.push(entry);
                continue;
            };
            let by_value = self.fixed.entry(slot).or_default();
            for key in keys {
                by_value.entry(key).or_default().push(entry.clone());
            }
        }
        self.needles = self.find_needles();
    }

    /// The texts that an event's content must have one of, where these are few: a text is spelled
    /// in only one way, escapes apart.
    fn find_needles(&self) -> Vec<Box<str>> {
        let keys: Vec<&str> = self
            .fixed
            .values()
            .flat_map(BTreeMap::keys)
            .map(|key| &**key)
            .collect();
        let is_text = |key: &&str| {
            key.bytes().all(is_plain) && key.bytes().any(|byte| byte.is_ascii_alphabetic())
        };
        let is_known =
            self.open.is_empty() && keys.len() <= NEEDLES_MAX && keys.iter().all(is_text);
        match is_known {
            true => keys.into_iter().map(Into::into).collect(),
            false => Vec::new(),
        }
    }

    /// Whether the text alone shows that no leaf of the group can be moved, without reading it as
    /// JSON.
    fn rejects(&self, content: &str) -> bool {
        !self.needles.is_empty()
            && !self
                .needles
                .iter()
                .any(|needle| content.contains(&**needle))
            && !content.as_bytes().contains(&b'\\')
    }

    fn each(&self, found: &[Option<Value<'_>>], mut see: impl FnMut(&Entry)) {
        self.open.iter().for_each(&mut see);
        for (slot, by_value) in &self.fixed {
            let Some(value) = &found[*slot] else {
                continue;
            };
            let [first, second] = keys(value);
            for key in [first, second].into_iter().flatten() {
                if let Some(entries) = by_value.get(&*key) {
                    entries.iter().for_each(&mut see);
                }
            }
        }
    }
}

/// Whether it stands in JSON as it is. A text with a letter among such is no number's spelling.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-')
}

/// What a literal is found under: any value that equals it has this key.
fn key(literal: &Literal) -> Box<str> {
    match literal {
        Literal::Text(text) => text.clone(),
        other => other.to_string().into(),
    }
}

/// The keys of a value: its spelling, and of a text that spells a number that number's.
fn keys<'a>(value: &'a Value<'_>) -> [Option<std::borrow::Cow<'a, str>>; 2] {
    let spelled = crate::segment::leaf::spelled(value);
    let number = match value {
        Value::Text(text) => Decimal::parse(text).map(|number| number.to_string()),
        _ => None,
    };
    let other = number.filter(|number| spelled.as_deref() != Some(number));
    [spelled, other.map(Into::into)]
}

/// The properties of which an event must have one of few values to pass.
fn fixes(filter: &Filter, paths: &mut Paths, fixed: &mut Fixed) {
    match filter {
        Filter::All(parts) => parts.iter().for_each(|part| fixes(part, paths, fixed)),
        Filter::Property { path, test } if matches!(test.operator().word, "=" | "in") => {
            let keys = test.operands().iter().map(key).collect();
            fixed.push((paths.add(path.names()), keys));
        }
        Filter::Any(_) | Filter::Not(_) | Filter::Property { .. } | Filter::Link(_) => {}
    }
}

fn gate(filter: &Filter, paths: &mut Paths) -> Gate {
    match filter {
        Filter::All(parts) => Gate::All(parts.iter().map(|part| gate(part, paths)).collect()),
        Filter::Any(parts) => Gate::Any(parts.iter().map(|part| gate(part, paths)).collect()),
        Filter::Not(part) => Gate::Not(Box::new(gate(part, paths))),
        Filter::Property { path, test } => Gate::Property {
            slot: paths.add(path.names()),
            test: test.clone(),
        },
        // A leaf's filter has none: links are compared where the leaf is asked.
        Filter::Link(_) => Gate::All(Vec::new()),
    }
}

impl Gate {
    fn lets_through(&self, found: &[Option<Value<'_>>], clock: &Clock<'_>) -> bool {
        match self {
            Gate::All(parts) => parts.iter().all(|part| part.lets_through(found, clock)),
            Gate::Any(parts) => parts.iter().any(|part| part.lets_through(found, clock)),
            Gate::Not(part) => !part.lets_through(found, clock),
            Gate::Property { slot, test } => test.holds(found[*slot].as_ref(), clock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::SourceNo;
    use crate::json::Value;
    use crate::segment::text;
    use crate::time::Millis;

    fn found(leaves: &[&str], content: &str) -> Vec<usize> {
        let mut index = Index::default();
        for (place, leaf) in leaves.iter().enumerate() {
            index.add(place, &text::parse_leaf(leaf).unwrap());
        }
        index.finish();
        let event = Sighting {
            at: Millis(0),
            source: SourceNo(1),
            kind: Kind::Track,
            name: "A",
            message_id: "m",
            content,
        };
        let mut places = Vec::new();
        index.each(&event, |place, _| places.push(place));
        places
    }

    #[test]
    fn what_is_rejected_unread_has_no_value_of_any_leaf() {
        let leaves = [r#"did "A" where x = "c 1""#, r#"did "A" where y = "b""#];
        for (content, places) in [
            (r#"{"x":"c 1"}"#, vec![0]),
            (r#"{"x":"c 1","y":"b"}"#, vec![0, 1]),
            (r#"{"x":"c\u00201"}"#, vec![0]),
            (r#"{"y":"\u0062"}"#, vec![1]),
            (r#"{"z":"c 1"}"#, vec![]),
            (r#"{"x":"d","y":7}"#, vec![]),
            ("{}", vec![]),
        ] {
            assert_eq!(found(&leaves, content), places, "{content}");
        }
        let all = [leaves[0], r#"did "A""#];
        assert_eq!(
            found(&all, r#"{"x":"d"}"#),
            [1],
            "open ones are asked always"
        );
        let numbers = [r#"did "A" where x = 100"#, r#"did "A" where x = "12""#];
        assert_eq!(found(&numbers, r#"{"x":1e2}"#), [0]);
        assert_eq!(found(&numbers, r#"{"x":1.2e1}"#), [1]);
    }

    #[test]
    fn whatever_equals_a_literal_is_found_under_its_key() {
        let literals = [
            Literal::text("7"),
            Literal::text("true"),
            Literal::text("12.50"),
            Literal::Bool(true),
            Literal::Number(Decimal::parse("7").unwrap()),
            Literal::Number(Decimal::parse("12.5").unwrap()),
        ];
        let values = [
            "7",
            "7.0",
            r#""7""#,
            r#""007""#,
            "true",
            r#""true""#,
            "12.5",
            r#""12.50""#,
            "null",
            "[7]",
            r#""x""#,
        ];
        for raw in values {
            let value = Value::parse(raw).unwrap();
            for literal in &literals {
                let found = keys(&value)
                    .into_iter()
                    .flatten()
                    .any(|k| *k == *key(literal));
                assert!(found || !literal.equals(&value), "{literal} and {raw}");
            }
        }
    }
}
