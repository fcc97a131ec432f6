//! Identifiers that several people share (kiosks, bots, test accounts), and how they are found out.
//!
//! An identifier that is marked no longer resolves and is attached to nobody; its old owner keeps
//! the link, so a release restores what was. User ids are never marked: they are what tells the
//! sharers apart. State is bounded by the thresholds and written only when something is refused.
//!
//! The same record keeps the journal bounded: whoever holds a browser key can have one address
//! refused without end, and the journal then tells of some of it and the record counts the rest.

use crate::identity::journal::{self, SharedWhy, What};
use crate::identity::policy::{SharedRule, WINDOW_HOURS_MAX};
use crate::identity::{IdKind, Identifier};
use crate::people::People;
use crate::position::Position;
use crate::time::{HOUR_MS, Millis};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

/// The most sorts of refusals of one identifier that the journal tells of within a window.
pub const TOLD_MAX: usize = 50;

/// How often an identifier was refused, for whatever reason, since it last had a window of rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How often.
    pub count: u64,
    /// When first.
    pub first: Millis,
    /// When last.
    pub last: Millis,
    /// The sorts that the journal told of, hashed, and when.
    told: Vec<(u64, Millis)>,
}

impl Tally {
    fn count(&mut self, from: Millis, received: Millis, sort: u64) -> bool {
        if self.count == 0 || self.last <= from {
            *self = Tally {
                first: received,
                ..Tally::default()
            };
        }
        self.count += 1;
        self.last = received;
        self.told.retain(|(_, at)| *at > from);
        let is_known = self.told.iter().any(|(told, _)| *told == sort);
        if is_known || self.told.len() >= TOLD_MAX {
            return false;
        }
        self.told.push((sort, received));
        true
    }
}

/// What is remembered of an identifier that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When it was refused inside the window, ascending; at most one more than the threshold.
    refusals: Vec<Millis>,
    /// The user ids refused beside it inside the window, hashed, and when last; at most as many
    /// as the threshold.
    user_ids: Vec<(u64, Millis)>,
    /// The entry that marked it shared.
    marked: Option<Position>,
    /// When it was shared before, from the entry that marked it to the one that released it.
    past: Vec<(Position, Position)>,
    /// How often it was refused.
    tally: Tally,
}

impl Record {
    /// The entry that marked the identifier shared, if one did.
    #[must_use]
    pub fn marked(&self) -> Option<Position> {
        self.marked
    }

    /// Whether the identifier was marked shared where this entry stands.
    #[must_use]
    pub fn was_marked_at(&self, place: Position) -> bool {
        self.marked.is_some_and(|marked| marked < place)
            || self
                .past
                .iter()
                .any(|(from, to)| *from < place && place < *to)
    }

    /// How often it was refused lately.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What a refold needs of it: when it was shared. Refusals are counted anew.
    #[must_use]
    pub fn marks(&self) -> Record {
        Record {
            marked: self.marked,
            past: self.past.clone(),
            ..Record::default()
        }
    }

    /// Whether it was ever marked shared.
    #[must_use]
    pub fn has_marks(&self) -> bool {
        self.marked.is_some() || !self.past.is_empty()
    }

    /// Takes over when the identifier was shared, and nothing else.
    pub fn take_marks(&mut self, from: &Record) {
        self.marked = from.marked;
        self.past.clone_from(&from.past);
    }

    /// Counts a refusal of any kind; says whether the journal tells of it: of each sort once a
    /// window, and of so many sorts.
    pub fn tell(&mut self, rule: &SharedRule, received: Millis, sort: u64) -> bool {
        self.tally
            .count(window_start(rule, received), received, sort)
    }

    /// Whether it says nothing any more at this instant, however long a policy makes the window,
    /// and can be forgotten.
    #[must_use]
    pub fn is_spent(&self, received: Millis) -> bool {
        let from = received.plus(-i64::from(WINDOW_HOURS_MAX) * HOUR_MS);
        self.marked.is_none()
            && self.past.is_empty()
            && self.tally.last <= from
            && self.refusals.iter().all(|at| *at <= from)
            && self.user_ids.iter().all(|(_, at)| *at <= from)
    }

    /// Counts a refusal; the threshold it reached, if it just did. `place` is then the mark.
    pub fn note_refusal(
        &mut self,
        rule: &SharedRule,
        received: Millis,
        place: Position,
    ) -> Option<SharedWhy> {
        if self.marked.is_some() {
            return None;
        }
        let from = window_start(rule, received);
        self.refusals.retain(|at| *at > from);
        self.refusals.push(received);
        let reached = self.refusals.len() > rule.refusals as usize;
        reached.then(|| self.mark(place, SharedWhy::Refusals))
    }

    /// Counts a user id that was seen with an anonymous or a device id of somebody else; the
    /// threshold it reached, if it just did. The owner's own user id counts as one, whenever it
    /// was seen last, because an event that agrees with the owner writes nothing here.
    pub fn note_user_id(
        &mut self,
        rule: &SharedRule,
        user_id: &str,
        received: Millis,
        place: Position,
    ) -> Option<SharedWhy> {
        if self.marked.is_some() {
            return None;
        }
        let from = window_start(rule, received);
        let hash = hash(user_id);
        self.user_ids
            .retain(|(other, at)| *at > from && *other != hash);
        self.user_ids.push((hash, received));
        let reached = self.user_ids.len() + 1 >= rule.user_ids as usize;
        reached.then(|| self.mark(place, SharedWhy::UserIds))
    }

    fn mark(&mut self, place: Position, why: SharedWhy) -> SharedWhy {
        *self = Record {
            marked: Some(place),
            past: std::mem::take(&mut self.past),
            tally: std::mem::take(&mut self.tally),
            ..Record::default()
        };
        why
    }
}

/// Whether an identifier of this kind can be found to be shared.
#[must_use]
pub fn can_be_shared(kind: &IdKind) -> bool {
    *kind != IdKind::UserId
}

/// Lets a shared identifier resolve again; false where it was not marked.
pub fn release(
    people: &mut People,
    identifier: &Identifier,
    place: Position,
    received: Millis,
    journal: &mut Vec<journal::Record>,
) -> bool {
    if !people.is_shared(identifier) {
        return false;
    }
    let record = people.shared_mut(identifier);
    let mut past = std::mem::take(&mut record.past);
    past.extend(record.marked.map(|marked| (marked, place)));
    *record = Record {
        past,
        ..Record::default()
    };
    let what = What::Released {
        identifier: identifier.clone(),
    };
    journal.push(journal::Record {
        place,
        received,
        what,
    });
    true
}

fn window_start(rule: &SharedRule, received: Millis) -> Millis {
    received.plus(-i64::from(rule.window_hours) * HOUR_MS)
}

fn hash(user_id: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(user_id.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY_MS;

    const PLACE: Position = Position {
        request: 7,
        command: 0,
        index: 0,
    };

    #[test]
    fn the_journal_tells_of_each_sort_once_a_day_and_of_fifty_sorts() {
        let (rule, mut record) = (SharedRule::default(), Record::default());
        let mut tell = |at: i64, sort| record.tell(&rule, Millis(at), sort);
        assert!(tell(1, 1) && !tell(2, 1) && tell(3, 2));
        let told = (3..1_000).filter(|sort| tell(4, *sort)).count();
        assert_eq!(told, TOLD_MAX - 2);
        assert!(!tell(DAY_MS, 1));
        assert!(tell(DAY_MS + 2, 1), "it is told again the next day");
        let Tally { count, last, .. } = *record.tally();
        assert_eq!((count, last), (1_002, Millis(DAY_MS + 2)));
        assert!(record.tally.told.len() <= TOLD_MAX);
        record.tell(&rule, Millis(3 * DAY_MS), 1);
        let Tally { count, first, .. } = *record.tally();
        assert_eq!(
            (count, first),
            (1, Millis(3 * DAY_MS)),
            "after a day of rest"
        );
    }

    #[test]
    fn a_mark_that_was_released_still_stands_where_it_stood() {
        let (marked, released) = (PLACE, Position::command(9, 1));
        let record = Record {
            past: vec![(marked, released)],
            ..Record::default()
        };
        let at = |request| record.was_marked_at(Position::event(request, 0));
        assert!(!at(7) && at(8) && at(9) && !at(10));
        assert!(record.marks().was_marked_at(Position::event(8, 0)));
        assert!(!record.is_spent(Millis(99 * DAY_MS)));
    }

    #[test]
    fn the_fifty_first_refusal_of_a_day_marks() {
        let (rule, mut record) = (SharedRule::default(), Record::default());
        for n in 0..50 {
            assert_eq!(record.note_refusal(&rule, Millis(n), PLACE), None);
        }
        let why = record.note_refusal(&rule, Millis(50), PLACE);
        assert_eq!(
            (why, record.marked()),
            (Some(SharedWhy::Refusals), Some(PLACE))
        );
        assert_eq!(record.note_refusal(&rule, Millis(51), PLACE), None);
    }

    #[test]
    fn refusals_of_yesterday_do_not_count() {
        let (rule, mut record) = (SharedRule::default(), Record::default());
        for n in 0..200 {
            assert_eq!(
                record.note_refusal(&rule, Millis(n * DAY_MS / 50), PLACE),
                None
            );
        }
        assert!(record.refusals.len() <= 50);
        assert!(!record.is_spent(Millis(34 * DAY_MS)));
        assert!(record.is_spent(Millis(36 * DAY_MS)));
    }

    #[test]
    fn the_thirtieth_user_id_of_a_day_marks_and_a_repeated_one_does_not() {
        let (rule, mut record) = (SharedRule::default(), Record::default());
        for n in 0..28 {
            for _ in 0..3 {
                let why = record.note_user_id(&rule, &format!("u{n}"), Millis(n), PLACE);
                assert_eq!(why, None, "{n}");
            }
        }
        let why = record.note_user_id(&rule, "u28", Millis(28), PLACE);
        assert_eq!(why, Some(SharedWhy::UserIds), "the owner and 29 others");
    }
}
