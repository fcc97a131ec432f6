//! The core's side of a world.

use super::KEYS;
use super::inquiry::{self, Inquiry};
use crate::entry::Command;
use crate::event::{Event, KeyKind, Kind, SourceNo};
use crate::identity::ProfileNo;
use crate::position::Position;
use crate::segment::catalogue::{Catalogue, Facts, Flip, Named, Touched};
use crate::segment::leaf::Leaves;
use crate::segment::membership::Memberships;
use crate::segment::registry::{Moment, Registry};
use crate::segment::text;
use crate::time::Millis;
use serde_json::Value;
use std::collections::BTreeMap;

/// The core's side of a world.
pub(super) struct Live {
    pub(super) registry: Registry,
    pub(super) catalogue: Catalogue,
    pub(super) leaves: Leaves,
    pub(super) attributes: Attributes,
    pub(super) memberships: Memberships,
    pub(super) armed: Option<Millis>,
    pub(super) flips: Vec<Flip>,
}

#[derive(Default)]
pub(super) struct Attributes(BTreeMap<String, (String, Millis)>);

impl Named for Attributes {
    fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|(raw, _)| raw.as_str())
    }

    fn since(&self, name: &str) -> Option<Millis> {
        self.0.get(name).map(|(_, since)| *since)
    }
}

pub(super) const NUMBERS: [(ProfileNo, Position); 1] = [(
    ProfileNo(1),
    Position {
        request: 1,
        command: 0,
        index: 0,
    },
)];

impl Live {
    pub(super) fn new<A: Inquiry>(asked: &[A]) -> Live {
        let mut registry = Registry::default();
        put(&mut registry, asked, 1, ProfileNo(1));
        Live {
            catalogue: Catalogue::new(&registry),
            registry,
            leaves: Leaves::default(),
            attributes: Attributes::default(),
            memberships: Memberships::default(),
            armed: None,
            flips: Vec::new(),
        }
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        facts(&self.attributes, &self.leaves)
    }

    pub(super) fn advance(&mut self, to: Millis) {
        let facts = facts(&self.attributes, &self.leaves);
        let memberships = &mut self.memberships;
        self.armed = self
            .catalogue
            .advance(&facts, memberships, self.armed, to, &mut self.flips);
    }

    pub(super) fn settle(&mut self, now: Millis, touched: &mut Touched) {
        let facts = facts(&self.attributes, &self.leaves);
        let next =
            self.catalogue
                .settle(&facts, &mut self.memberships, now, touched, &mut self.flips);
        self.armed = [self.armed, next].into_iter().flatten().min();
    }

    pub(super) fn event(&mut self, event: &Event, now: Millis) {
        let mut touched = Touched::default();
        self.advance(now);
        self.catalogue
            .observe(&mut self.leaves, event, &mut touched);
        self.settle(now, &mut touched);
    }

    pub(super) fn attribute(&mut self, name: &str, value: &Value, now: Millis) {
        let mut touched = Touched::default();
        self.advance(now);
        let said = (value.to_string(), now);
        let known = self.attributes.0.get(name).map(|(raw, _)| raw);
        if known == Some(&said.0) {
            return;
        }
        self.attributes.0.insert(name.to_owned(), said);
        self.catalogue.attribute_moved(name, &mut touched);
        self.settle(now, &mut touched);
    }

    pub(super) fn members(&self) -> Vec<bool> {
        let keys: Vec<_> = self
            .catalogue
            .keys(&self.memberships)
            .map(|(key, _)| key)
            .collect();
        KEYS.iter().map(|key| keys.contains(key)).collect()
    }
}

fn facts<'a>(attributes: &'a Attributes, leaves: &'a Leaves) -> Facts<'a> {
    Facts {
        number: NUMBERS[0].0,
        numbers: &NUMBERS,
        attributes,
        companies: &[],
        leaves,
    }
}

/// Asks all of them in a request of this number.
pub(super) fn put<A: Inquiry>(
    registry: &mut Registry,
    asked: &[A],
    request: u64,
    next_profile: ProfileNo,
) {
    for revision in inquiry::revisions(asked, request, next_profile) {
        let moment = Moment {
            position: revision.place(),
            received: revision.received(),
            next_profile,
        };
        match revision.entry.command {
            Command::PutSegment { key, name, rule } => {
                let rule = text::parse(&rule).unwrap();
                registry.put(&key, &name, rule, moment).unwrap();
            }
            Command::PutTrait {
                key,
                name,
                computed,
            } => {
                let computed = text::parse_computed(&computed).unwrap();
                registry.put_trait(&key, &name, computed, moment).unwrap();
            }
            other => panic!("{other:?} asks nothing"),
        }
    }
}

pub(super) fn event(
    at: i64,
    received: i64,
    what: (Kind, &str),
    properties: &Value,
    message: u32,
) -> Event {
    let raw: Box<str> = properties.to_string().into();
    let (traits, properties) = match what.0 {
        Kind::Identify => (raw, "{}".into()),
        _ => ("{}".into(), raw),
    };
    Event {
        position: Position::event(u64::from(message) + 1, 0),
        received: Millis(received),
        original: None,
        sent: None,
        at: Millis(at),
        source: SourceNo(1),
        key_kind: KeyKind::Server,
        kind: what.0,
        name: what.1.into(),
        message_id: format!("m{message}").into(),
        identifiers: Vec::new(),
        previous: None,
        group: None,
        traits,
        properties,
        context: "{}".into(),
        extra: "{}".into(),
    }
}
