//! The bin: records that are put into it, and taken out.

use super::{Cause, Key, Work, history_row};
use rapport_core::crm::bulk::ARCHIVED;
use rapport_core::crm::history::Row;
use rapport_core::crm::subscription::Of;
use rapport_core::time::Millis;

impl Work {
    /// Puts a record into the bin, or takes it out.
    pub fn archive(&mut self, key: Key, at: Option<Millis>) {
        if let Some(record) = self.held.get_mut(&key).and_then(|held| held.now.as_mut()) {
            record.archived = at;
            let of = at.map_or(Of::Restored, |_| Of::Archived);
            self.hear(key, of);
            self.touch(key);
        }
    }

    /// The same where somebody asks for it. Its history says so: whoever takes a bulk back leaves
    /// what was done since, also where the record looks as it did.
    pub fn bin(&mut self, key: Key, at: Option<Millis>, cause: &Cause) {
        let was = self.get(key).and_then(|record| record.archived);
        self.archive(key, at);
        let spelled = |at: Millis| Box::from(at.to_string());
        let row = Row {
            property: ARCHIVED,
            old: was.map(spelled),
            new: at.map(spelled),
            at: cause.received,
            origin: cause.origin.clone(),
        };
        self.writes.push(history_row(key, &row, cause.place));
    }
}
