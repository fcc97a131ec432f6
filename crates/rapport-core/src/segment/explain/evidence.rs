//! What the events that count were: their ids, names, and the properties that are asked for, once
//! history is at hand.

use super::{Asked as Made, Counted, Events, Explanation, Node, Why};
use crate::event::Event;
use crate::json;
use crate::segment::catalogue::Wanted;
use crate::segment::leaf::message_hash;
use crate::segment::path::Path;
use crate::segment::registry::Whole;
use crate::segment::rule::{Asked, Filter, Reference, Rule};
use crate::segment::window::Window;
use crate::time::Millis;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What an event that counts was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Its message id.
    pub message_id: Box<str>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its name, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
    /// Those of its properties that the condition asks for.
    pub properties: BTreeMap<String, Json>,
}

/// JSON as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(Box<str>);

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).unwrap_or(RawValue::NULL);
        raw.serialize(serializer)
    }
}

impl Explanation {
    /// The earliest and the latest moment of events that count and are not named yet.
    #[must_use]
    pub fn unnamed(&mut self) -> Option<(Millis, Millis)> {
        let mut between: Option<(Millis, Millis)> = None;
        self.rule.each(&mut |_, counted| {
            if counted.event.is_none() {
                let at = counted.at.0;
                let (first, last) = between.unwrap_or((at, at));
                between = Some((first.min(at), last.max(at)));
            }
        });
        between
    }

    /// Says of an event what it was, wherever it counts.
    pub fn name(&mut self, event: &Event) {
        let message = format!("{:013x}", message_hash(event.source, &event.message_id));
        self.rule.each(&mut |properties, counted| {
            if counted.at.0 == event.at && counted.message == message {
                counted.event = Some(Evidence::of(event, properties));
            }
        });
    }
}

impl Evidence {
    fn of(event: &Event, asked: &[Path]) -> Evidence {
        let raw = event.content();
        let found = asked.iter().filter_map(|path| {
            let value = json::raw(raw, path.names())?;
            Some((path.to_string(), Json(value.into())))
        });
        Evidence {
            message_id: event.message_id.clone(),
            kind: event.kind.word(),
            name: Some(event.name.clone()).filter(|name| !name.is_empty()),
            properties: found.collect(),
        }
    }
}

impl Node {
    /// Shows every event that counts, with the properties that its condition asks for.
    fn each(&mut self, see: &mut dyn FnMut(&[Path], &mut Counted)) {
        match &mut self.why {
            Why::All { parts } | Why::Any { parts } | Why::Not { parts } => {
                parts.iter_mut().for_each(|part| part.each(see));
            }
            Why::Held { parts, .. } => parts.iter_mut().for_each(|part| part.each(see)),
            Why::Events(Events {
                events, properties, ..
            })
            | Why::Trait(Made {
                events: Events {
                    events, properties, ..
                },
                ..
            }) => events.iter_mut().for_each(|event| see(properties, event)),
            Why::Attribute { .. } | Why::Random { .. } | Why::Segment { .. } => {}
        }
    }
}

/// The types and names of the events that a rule asks for.
pub(super) fn wanted(whole: Whole<'_>) -> Wanted {
    let mut wanted = Wanted::default();
    for need in whole.needs() {
        let happening = need.spec.happening;
        match happening.name {
            Some(name) => drop(wanted.named.insert((happening.kind, name))),
            None => drop(wanted.kinds.insert(happening.kind)),
        }
    }
    wanted
}

/// Notes which properties a condition asks for.
pub(super) fn asked(whole: Whole<'_>, mut why: Why) -> Why {
    if let (Why::Trait(made), Some(computed)) = (&mut why, whole.asked_trait()) {
        let paths = &mut made.events.properties;
        for part in computed.parts() {
            paths.extend(part.path.clone());
            part.filter.iter().for_each(|filter| inside(filter, paths));
        }
    }
    if let Why::Events(events) = &mut why {
        let mut paths = Vec::new();
        match whole.rule {
            Rule::Did(did) => {
                did.filter
                    .iter()
                    .for_each(|filter| inside(filter, &mut paths));
                if let Asked::Aggregate(aggregate) = &did.asked {
                    paths.push(aggregate.path.clone());
                }
                if let Window::Since(anchor) = &did.window {
                    anchor
                        .filter
                        .iter()
                        .for_each(|filter| inside(filter, &mut paths));
                }
            }
            Rule::Sequence(sequence) => {
                for step in &sequence.steps {
                    step.filter
                        .iter()
                        .for_each(|filter| inside(filter, &mut paths));
                    let without = step.without.iter().flat_map(|without| &without.filter);
                    without.for_each(|filter| inside(filter, &mut paths));
                }
                let absent = sequence.absent.iter();
                absent
                    .flat_map(|absent| &absent.what.filter)
                    .for_each(|filter| inside(filter, &mut paths));
            }
            _ => {}
        }
        events.properties = paths;
    }
    why
}

fn inside(filter: &Filter, paths: &mut Vec<Path>) {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => {
            parts.iter().for_each(|part| inside(part, paths));
        }
        Filter::Not(part) => inside(part, paths),
        Filter::Property { path, .. } => paths.push(path.clone()),
        Filter::Link(link) => {
            paths.push(link.path.clone());
            match &link.to {
                Reference::Attribute(_) => {}
                Reference::Previous(path) | Reference::First(path) | Reference::Step(_, path) => {
                    paths.push(path.clone())
                }
            }
        }
    }
}
