//! Identifiers that several people share (kiosks, bots, test accounts), and how they are found out.
//!
//! An identifier that is marked no longer resolves and is attached to nobody; its old owner keeps
//! the link, so a release restores what was. User ids are never marked: they are what tells the
//! sharers apart. State is bounded by the thresholds and written only when something is refused.

use crate::identity::journal::{self, SharedWhy, What};
use crate::identity::policy::SharedRule;
use crate::identity::{IdKind, Identifier};
use crate::people::People;
use crate::position::Position;
use crate::time::{HOUR_MS, Millis};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

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
}

impl Record {
    /// The entry that marked the identifier shared, if one did.
    #[must_use]
    pub fn marked(&self) -> Option<Position> {
        self.marked
    }

    /// Whether it says nothing any more at this instant and can be forgotten.
    #[must_use]
    pub fn is_spent(&self, rule: &SharedRule, received: Millis) -> bool {
        let from = window_start(rule, received);
        self.marked.is_none()
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
    *people.shared_mut(identifier) = Record::default();
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
        assert!(!record.is_spent(&rule, Millis(4 * DAY_MS)));
        assert!(record.is_spent(&rule, Millis(6 * DAY_MS)));
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
