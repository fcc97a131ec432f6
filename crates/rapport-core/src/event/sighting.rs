//! A sighting: what a leaf sees of an event, borrowed from wherever the event is.

use super::{Event, Kind, SourceNo};
use crate::time::Millis;

/// What a leaf sees of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting<'a> {
    /// When it happened.
    pub at: Millis,
    /// Where it came from.
    pub source: SourceNo,
    /// Its type.
    pub kind: Kind,
    /// Its name.
    pub name: &'a str,
    /// Its message id.
    pub message_id: &'a str,
    /// What filters look into, see [`Event::content`].
    pub content: &'a str,
}

impl Event {
    /// What filters look into: traits of identify and group, properties of the others.
    #[must_use]
    pub fn content(&self) -> &str {
        match self.kind.has_traits() {
            true => &self.traits,
            false => &self.properties,
        }
    }

    /// What a leaf sees of it.
    #[must_use]
    pub fn sighting(&self) -> Sighting<'_> {
        Sighting {
            at: self.at,
            source: self.source,
            kind: self.kind,
            name: &self.name,
            message_id: &self.message_id,
            content: self.content(),
        }
    }
}

impl Kind {
    /// Whether filters look into the traits of such an event, not into its properties.
    #[must_use]
    pub fn has_traits(self) -> bool {
        matches!(self, Kind::Identify | Kind::Group)
    }
}
