//! Contacts as each event left them, for those who want to hear of every change: a batch of events
//! is one transaction, and what is told must not depend on which events came together.

use super::{Due, Effects, Fold};
use crate::event::{Event, SourceNo};
use crate::identity::ProfileNo;
use crate::position::Position;
use crate::profile::Profile;
use crate::time::Millis;

/// A contact behind an event that touched it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Its number.
    pub number: ProfileNo,
    /// Its profile; `None` where it was absorbed.
    pub profile: Option<Profile>,
    /// Where its number leads then.
    pub survivor: ProfileNo,
    /// The event.
    pub position: Position,
    /// When it was received.
    pub received: Millis,
    /// Where it came from.
    pub source: SourceNo,
}

impl Fold<'_> {
    /// Shows contacts as each event leaves them.
    pub fn watch(&mut self) {
        self.people.watch(true);
    }

    /// What the fold did, and the timers of everybody in the working set now.
    #[must_use]
    pub fn finish(self) -> (Effects, Due) {
        self.people.watch(false);
        (self.effects, self.due)
    }

    /// Adds the contacts that an event touched.
    pub(super) fn show(&mut self, event: &Event) {
        for number in self.people.take_watched() {
            self.effects.seen.push(Seen {
                number,
                profile: self.people.profile(number).cloned(),
                survivor: self.people.survivor(number),
                position: event.position,
                received: event.received,
                source: event.source,
            });
        }
    }
}
