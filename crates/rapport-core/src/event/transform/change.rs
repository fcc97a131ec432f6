//! A change: what transformations made of an event, kept until history has the whole of it.

use crate::event::{Event, Kind, RawJson};
use crate::identity::Identifier;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// The parts of an event that are others than before; `None` is as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    kind: Option<Kind>,
    at: Option<Millis>,
    name: Option<Box<str>>,
    identifiers: Option<Vec<Identifier>>,
    previous: Option<Option<Box<str>>>,
    group: Option<Option<Box<str>>>,
    traits: Option<RawJson>,
    properties: Option<RawJson>,
    context: Option<RawJson>,
    extra: Option<RawJson>,
}

impl Change {
    /// What is other in `after`.
    #[must_use]
    pub fn of(before: &Event, after: &Event) -> Change {
        fn other<T: Clone + PartialEq>(before: &T, after: &T) -> Option<T> {
            (before != after).then(|| after.clone())
        }
        Change {
            kind: other(&before.kind, &after.kind),
            at: other(&before.at, &after.at),
            name: other(&before.name, &after.name),
            identifiers: other(&before.identifiers, &after.identifiers),
            previous: other(&before.previous, &after.previous),
            group: other(&before.group, &after.group),
            traits: other(&before.traits, &after.traits),
            properties: other(&before.properties, &after.properties),
            context: other(&before.context, &after.context),
            extra: other(&before.extra, &after.extra),
        }
    }

    /// This change and a later one as one.
    #[must_use]
    pub fn then(self, later: Change) -> Change {
        Change {
            kind: later.kind.or(self.kind),
            at: later.at.or(self.at),
            name: later.name.or(self.name),
            identifiers: later.identifiers.or(self.identifiers),
            previous: later.previous.or(self.previous),
            group: later.group.or(self.group),
            traits: later.traits.or(self.traits),
            properties: later.properties.or(self.properties),
            context: later.context.or(self.context),
            extra: later.extra.or(self.extra),
        }
    }

    /// Makes an event as it was before into what it was after.
    pub fn make(self, event: &mut Event) {
        fn put<T>(place: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *place = value;
            }
        }
        put(&mut event.kind, self.kind);
        put(&mut event.at, self.at);
        put(&mut event.name, self.name);
        put(&mut event.identifiers, self.identifiers);
        put(&mut event.previous, self.previous);
        put(&mut event.group, self.group);
        put(&mut event.traits, self.traits);
        put(&mut event.properties, self.properties);
        put(&mut event.context, self.context);
        put(&mut event.extra, self.extra);
    }
}
