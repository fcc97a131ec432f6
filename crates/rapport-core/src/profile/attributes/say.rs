//! What one teller says of an attribute, and whose word counts.

use super::Writing;
use crate::event::{KeyKind, SourceNo};
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What one teller said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Say {
    pub(super) teller: Teller,
    pub(super) value: Option<Box<str>>,
    pub(super) changed: Stamp,
    pub(super) last: Stamp,
    pub(super) prior: Option<Stamp>,
    pub(super) stand_ms: i64,
}

/// Who says what an attribute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Teller {
    /// A member, in the console or by the API.
    Member,
    /// A source, by one kind of key.
    Source(SourceNo, KeyKind),
}

/// When something was said: the event's corrected time, ties by message id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(Arc<(Millis, Box<str>)>);

/// The say that counts: the latest changed of those no member's edit stands against.
pub(super) fn winner_of(says: &[Say]) -> Option<usize> {
    let edit = says.iter().find(|say| say.teller == Teller::Member);
    let counts = |say: &Say| !edit.is_some_and(|edit| edit.stands_against(say));
    let candidates = says.iter().enumerate().filter(|(_, say)| counts(say));
    candidates
        .max_by_key(|(_, say)| (&say.changed, say.teller))
        .map(|(place, _)| place)
}

impl Say {
    /// Who said it.
    #[must_use]
    pub fn teller(&self) -> Teller {
        self.teller
    }

    /// The JSON value; `None` for a clear.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// When the teller changed to this value.
    #[must_use]
    pub fn changed(&self) -> &Stamp {
        &self.changed
    }

    /// When the teller said it last.
    #[must_use]
    pub fn last(&self) -> &Stamp {
        &self.last
    }

    pub(super) fn first(value: Option<&str>, by: &Writing) -> Say {
        Say {
            teller: by.teller,
            value: value.map(Box::from),
            changed: by.stamp.clone(),
            last: by.stamp.clone(),
            prior: None,
            stand_ms: by.stand_ms,
        }
    }

    pub(super) fn repeats(&self, value: Option<&str>, by: &Writing) -> bool {
        self.value() == value && by.stamp >= self.last
    }

    pub(super) fn hear(&mut self, value: Option<&str>, by: &Writing) {
        let (stamp, same) = (&by.stamp, self.value() == value);
        if *stamp > self.last {
            if !same {
                self.prior = Some(self.last.clone());
                self.value = value.map(Box::from);
                self.changed = stamp.clone();
                self.stand_ms = by.stand_ms;
            }
            self.last = stamp.clone();
        } else if *stamp == self.last {
            // One message says one thing; a second version of it changes nothing.
        } else if !same {
            self.prior = self.prior.take().max(Some(stamp.clone()));
            if *stamp > self.changed {
                self.changed = self.last.clone();
            }
        } else if self.prior.as_ref().is_none_or(|prior| prior < stamp) {
            self.changed = self.changed.clone().min(stamp.clone());
        }
    }

    /// Orders what one teller said on two profiles before they were merged.
    pub(super) fn rank(&self) -> impl Ord + '_ {
        (
            &self.last,
            &self.changed,
            &self.prior,
            &self.value,
            self.stand_ms,
        )
    }

    fn stands_against(&self, say: &Say) -> bool {
        let from_browser = matches!(say.teller, Teller::Source(_, KeyKind::Browser));
        let (edited, said) = (self.changed.at(), say.changed.at());
        from_browser && said >= edited && said < edited.plus(self.stand_ms)
    }
}

impl Stamp {
    /// The stamp of a message.
    #[must_use]
    pub fn new(at: Millis, message_id: &str) -> Stamp {
        Stamp(Arc::new((at, message_id.into())))
    }

    /// The instant.
    #[must_use]
    pub fn at(&self) -> Millis {
        self.0.0
    }

    /// The message it was said in.
    #[must_use]
    pub fn message_id(&self) -> &str {
        &self.0.1
    }
}
