//! How much of its events a leaf keeps.

use super::Kept;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The most events a leaf keeps of one person, unless a count asks for more. What lies beyond
/// does not count, and `explain` says so.
pub const KEPT_MAX: usize = 1_000;

/// How much of its events a leaf keeps: all those of a span behind the newest, some more, and
/// nothing beyond a reach. All three cut one list at one end, so what is kept is a function of
/// the set of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// So many events beside those of the span.
    pub keep: u32,
    /// The longest window, in milliseconds: what is at least this much older than the newest event
    /// is dropped. `None` where a condition asks for ever.
    pub reach_ms: Option<i64>,
    /// Events less than this much older than the newest are all kept, up to [`KEPT_MAX`].
    #[serde(default)]
    pub span_ms: i64,
    /// Whether the oldest events are kept, not the newest. Then there is no span and no reach.
    #[serde(default)]
    pub oldest: bool,
}

impl Bounds {
    /// The newest few within a reach.
    #[must_use]
    pub fn newest(keep: u32, reach_ms: Option<i64>) -> Bounds {
        Bounds {
            keep,
            reach_ms,
            span_ms: 0,
            oldest: false,
        }
    }

    /// The oldest few.
    #[must_use]
    pub fn oldest(keep: u32) -> Bounds {
        Bounds {
            oldest: true,
            ..Bounds::newest(keep, None)
        }
    }

    /// Everything within a reach, up to [`KEPT_MAX`].
    #[must_use]
    pub fn all(reach_ms: Option<i64>) -> Bounds {
        Bounds::newest(KEPT_MAX as u32, reach_ms)
    }

    /// The same for somebody who looks at every moment of the last `past_ms`, not only at now.
    #[must_use]
    pub fn held(self, past_ms: i64) -> Bounds {
        if past_ms == 0 || self.oldest {
            return self;
        }
        Bounds {
            reach_ms: self
                .reach_ms
                .map(|reach_ms| reach_ms.saturating_add(past_ms)),
            span_ms: self.span_ms.saturating_add(past_ms).saturating_add(1),
            ..self
        }
    }

    /// The narrowest bounds that serve both.
    #[must_use]
    pub fn widened(self, other: Bounds) -> Bounds {
        let reach_ms = match (self.reach_ms, other.reach_ms) {
            (Some(left), Some(right)) => Some(left.max(right)),
            _ => None,
        };
        Bounds {
            keep: self.keep.max(other.keep),
            reach_ms,
            span_ms: self.span_ms.max(other.span_ms),
            oldest: self.oldest,
        }
    }

    /// Whether a state kept under these bounds has everything that `other` would have kept. With
    /// one event kept, the newest, windows make no difference.
    #[must_use]
    pub fn cover(self, other: Bounds) -> bool {
        let reaches = match (self.reach_ms, other.reach_ms) {
            (None, _) => true,
            (Some(left), Some(right)) => left >= right,
            (Some(_), None) => false,
        };
        let is_one = other.keep <= 1 && other.span_ms == 0;
        self.keep >= other.keep && self.span_ms >= other.span_ms && (reaches || is_one)
    }

    /// Whether a state of this many events may lack others that would have counted.
    #[must_use]
    pub fn is_full(self, kept: usize) -> bool {
        let is_open = self.span_ms > 0 || self.keep as usize >= KEPT_MAX;
        is_open && kept >= self.most()
    }

    fn most(self) -> usize {
        KEPT_MAX.max(self.keep as usize)
    }

    /// Whether an event at `at` is kept that would stand at `place` among those known.
    pub(super) fn takes(self, known: &[Kept], place: usize, at: Millis) -> bool {
        if self.oldest {
            return known.len() - place < self.keep as usize;
        }
        let newest = known.first().map_or(at, |first| first.at.max(at));
        if !self.reaches(at, newest) || place >= self.most() {
            return false;
        }
        if self.spans(at, newest) {
            return true;
        }
        let spanned = known[..place].partition_point(|kept| self.spans(kept.at, newest));
        place - spanned < self.keep as usize
    }

    /// Which of these, newest first, are kept.
    pub(super) fn cut(self, events: &[Kept]) -> Range<usize> {
        let all = events.len();
        if self.oldest {
            return all.saturating_sub(self.keep as usize)..all;
        }
        let Some(newest) = events.first().map(|first| first.at) else {
            return 0..0;
        };
        let spanned = match self.span_ms {
            0 => 0,
            _ => events.partition_point(|kept| self.spans(kept.at, newest)),
        };
        let reached = match events.last() {
            Some(last) if !self.reaches(last.at, newest) => {
                events.partition_point(|kept| self.reaches(kept.at, newest))
            }
            _ => all,
        };
        let wanted = (spanned + self.keep as usize).min(self.most());
        0..reached.min(wanted)
    }

    fn reaches(self, at: Millis, newest: Millis) -> bool {
        self.reach_ms
            .is_none_or(|reach_ms| newest.plus(-reach_ms) < at)
    }

    fn spans(self, at: Millis, newest: Millis) -> bool {
        newest.plus(-self.span_ms) < at
    }
}
