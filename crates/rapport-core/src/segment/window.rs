//! Windows: which stretch of time counts, at any moment.

use crate::segment::rule::{Filter, Happening};
use crate::segment::span::Span;
use crate::segment::zone::{Unit, Zone};
use crate::time::{DAY_MS, Millis};

/// The most calendar units a window may lie back.
pub const BACK_MAX: u8 = 12;

/// Which stretch of time counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// All of it.
    Ever,
    /// A span that ends now: at instant t what happened after t - span, up to and with t.
    Within(Span),
    /// What is at least this long ago.
    Before(Span),
    /// What is at least `near` and less than `far` ago.
    Ago {
        /// The end that is nearer to now.
        near: Span,
        /// The end that is farther away.
        far: Span,
    },
    /// Between two fixed instants.
    Dates(Dates),
    /// What happened after the newest of other events; everything, where there is none.
    Since(Box<Anchor>),
    /// A unit of the calendar in the person's time zone: this one, or one that is over.
    Calendar {
        /// Its kind.
        unit: Unit,
        /// How many units it lies back; 0 for the one that runs.
        back: u8,
    },
}

/// Two fixed instants: from the first on, and before the second. One of them at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dates {
    /// The first instant that counts.
    pub from: Option<Millis>,
    /// The first that does not count any more.
    pub to: Option<Millis>,
}

/// The events from which a window runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    /// What they are.
    pub happening: Happening,
    /// What their properties were.
    pub filter: Option<Filter>,
}

/// A stretch of time: after one instant, up to and with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The last instant before it.
    pub after: Millis,
    /// Its last instant.
    pub until: Millis,
}

impl Dates {
    /// Whether an instant lies between them.
    #[must_use]
    pub fn has(self, at: Millis) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

impl Stretch {
    /// Whether an instant lies in it.
    #[must_use]
    pub fn has(self, at: Millis) -> bool {
        self.after < at && at <= self.until
    }
}

impl Window {
    /// The stretch that counts at `now`; `anchor` is the newest event that the window runs from.
    #[must_use]
    pub fn stretch(&self, now: Millis, zone: &Zone, anchor: Option<Millis>) -> Stretch {
        let (after, until) = match self {
            Window::Ever => (Millis(i64::MIN), now),
            Window::Within(span) => (now.plus(-span.length_ms()), now),
            Window::Before(span) => (Millis(i64::MIN), now.plus(-span.length_ms())),
            Window::Ago { near, far } => (now.plus(-far.length_ms()), now.plus(-near.length_ms())),
            Window::Dates(dates) => {
                let after = dates.from.map_or(Millis(i64::MIN), |from| from.plus(-1));
                let until = dates.to.map_or(now, |to| to.plus(-1));
                (after, until.min(now))
            }
            Window::Since(_) => (anchor.unwrap_or(Millis(i64::MIN)), now),
            Window::Calendar { unit, back } => {
                let back = i64::from(*back);
                let after = zone.start(*unit, now, -back).plus(-1);
                let until = match back {
                    0 => now,
                    _ => zone.start(*unit, now, 1 - back).plus(-1),
                };
                (after, until)
            }
        };
        Stretch { after, until }
    }

    /// The instants at which an event that happened at `at` begins or ceases to count.
    pub fn moments(&self, at: Millis, zone: &Zone, see: &mut dyn FnMut(Millis)) {
        match self {
            Window::Ever | Window::Dates(_) | Window::Since(_) => {}
            Window::Within(span) | Window::Before(span) => see(at.plus(span.length_ms())),
            Window::Ago { near, far } => {
                see(at.plus(near.length_ms()));
                see(at.plus(far.length_ms()));
            }
            Window::Calendar { unit, back } => {
                let back = i64::from(*back);
                see(zone.start(*unit, at, back));
                see(zone.start(*unit, at, back + 1));
            }
        }
    }

    /// Whether an event can begin or cease to count by itself.
    #[must_use]
    pub fn moves(&self) -> bool {
        !matches!(self, Window::Ever | Window::Dates(_) | Window::Since(_))
    }

    /// How far back it reaches, in milliseconds; `None` for ever.
    #[must_use]
    pub fn reach_ms(&self) -> Option<i64> {
        match self {
            Window::Ever | Window::Before(_) | Window::Dates(_) | Window::Since(_) => None,
            Window::Within(span) => Some(span.length_ms()),
            Window::Ago { far, .. } => Some(far.length_ms()),
            Window::Calendar { unit, back } => {
                Some((i64::from(*back) + 1) * unit.days_max() * DAY_MS)
            }
        }
    }

    /// The fixed instants, where it has some.
    #[must_use]
    pub fn dates(&self) -> Option<Dates> {
        match self {
            Window::Dates(dates) => Some(*dates),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within_1_second() -> Window {
        Window::Within(Span::of_ms(1_000).unwrap())
    }

    #[test]
    fn a_window_is_open_at_its_start_and_closed_at_its_end() {
        let zone = Zone::default();
        let holds = |now| {
            within_1_second()
                .stretch(Millis(now), &zone, None)
                .has(Millis(5_000))
        };
        assert!(!holds(4_999));
        assert!(holds(5_000));
        assert!(holds(5_999));
        assert!(!holds(6_000));
    }

    #[test]
    fn before_is_the_rest_of_within() {
        let zone = Zone::default();
        let before = Window::Before(Span::of_ms(1_000).unwrap());
        for now in 4_990..6_010 {
            let known = now >= 5_000;
            let within = within_1_second().stretch(Millis(now), &zone, None);
            let older = before.stretch(Millis(now), &zone, None);
            let [within, older] = [within, older].map(|stretch| stretch.has(Millis(5_000)));
            assert_eq!(within || older, known, "{now}");
            assert!(!(within && older), "{now}");
        }
    }
}
