//! When the value of a computed trait may change though nothing happens.

use super::value::{Asking, Reading};
use super::{Computed, Function};
use crate::segment::leaf::Kept;
use crate::segment::person::Seen;
use crate::segment::window::Window;
use crate::time::{DAY_MS, Millis};

impl Asking {
    /// Whether the value can change though nothing happens.
    pub fn moves(&self) -> bool {
        self.parts.iter().any(Reading::moves)
    }

    /// The first moment behind `after` at which the value may change: something happened, or
    /// begins or ceases to count, or a day is full.
    pub fn next_change(&self, seen: &Seen<'_>, after: Millis) -> Option<Millis> {
        let parts = self.parts.iter();
        parts.filter_map(|part| part.next_change(seen, after)).min()
    }
}

impl Reading {
    fn moves(&self) -> bool {
        self.window.moves() || self.function == Function::DaysSinceLast
    }

    fn next_change(&self, seen: &Seen<'_>, after: Millis) -> Option<Millis> {
        let kept = seen.facts.leaves.of(self.leaf);
        let newest = kept.first()?;
        let moved = |span_ms: i64| first_behind(kept, span_ms, after);
        let windowed = match &self.window {
            Window::Ever | Window::Dates(_) | Window::Since(_) => None,
            Window::Within(span) | Window::Before(span) => moved(span.length_ms()),
            Window::Ago { near, far } => [near, far]
                .into_iter()
                .filter_map(|span| moved(span.length_ms()))
                .min(),
            Window::Calendar { unit, back } => {
                let from = seen.zone().start(*unit, after, -i64::from(*back));
                (newest.at >= from).then(|| seen.zone().start(*unit, after, 1))
            }
        };
        let day = match self.function {
            Function::DaysSinceLast => self.counted(seen, after).first().map(|last| {
                let days = after.since(last.at) / DAY_MS + 1;
                last.at.plus(days.saturating_mul(DAY_MS))
            }),
            _ => None,
        };
        [moved(0), windowed, day].into_iter().flatten().min()
    }
}

/// The first instant behind `after` that lies so long behind one of these, newest first.
fn first_behind(kept: &[Kept], span_ms: i64, after: Millis) -> Option<Millis> {
    let behind = kept.partition_point(|event| event.at.plus(span_ms) > after);
    let last = behind.checked_sub(1)?;
    Some(kept[last].at.plus(span_ms))
}

impl Computed {
    /// Whether there is a value where nothing happened.
    pub(in crate::segment) fn is_of_none(&self) -> bool {
        self.drawn.function.is_of_none()
    }
}
