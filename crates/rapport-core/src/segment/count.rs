//! How often something must have happened, within which window, and when that changes by itself.

use crate::segment::leaf::{Bounds, Kept};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, Millis, SECOND_MS};
use std::fmt;

/// The largest count a rule may ask for; each leaf keeps that many events per person.
pub const COUNT_MAX: u32 = 1_000;

/// The longest window a rule may ask for: a hundred years, in milliseconds.
pub const WINDOW_MAX_MS: i64 = 36_500 * DAY_MS;

/// How often something must have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// This often or oftener; at least 1.
    AtLeast(u32),
    /// This often or less; 0 for never.
    AtMost(u32),
    /// Just this often.
    Exactly(u32),
}

impl Count {
    /// Whether `happened` times is right.
    #[must_use]
    pub fn holds(self, happened: usize) -> bool {
        match self {
            Count::AtLeast(times) => happened >= times as usize,
            Count::AtMost(times) => happened <= times as usize,
            Count::Exactly(times) => happened == times as usize,
        }
    }

    /// How many of the newest events tell whether the count is right: one more than the count,
    /// where too many can be wrong.
    #[must_use]
    pub fn keep(self) -> u32 {
        match self {
            Count::AtLeast(times) => times,
            Count::AtMost(times) | Count::Exactly(times) => times + 1,
        }
    }

    /// The number in it.
    #[must_use]
    pub fn times(self) -> u32 {
        match self {
            Count::AtLeast(times) | Count::AtMost(times) | Count::Exactly(times) => times,
        }
    }
}

/// A span that ends now: at instant t what happened after t - length counts, up to and with t.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    length_ms: i64,
}

/// A unit of a window: its word for one, and its length in milliseconds.
pub(super) const UNITS: [(&str, i64); 5] = [
    ("second", SECOND_MS),
    ("minute", MINUTE_MS),
    ("hour", HOUR_MS),
    ("day", DAY_MS),
    ("week", 7 * DAY_MS),
];

impl Window {
    /// A window of whole seconds, up to [`WINDOW_MAX_MS`]. `None` for any other length.
    #[must_use]
    pub fn of_ms(length_ms: i64) -> Option<Window> {
        let fits = (SECOND_MS..=WINDOW_MAX_MS).contains(&length_ms) && length_ms % SECOND_MS == 0;
        fits.then_some(Window { length_ms })
    }

    /// Its length in milliseconds.
    #[must_use]
    pub fn length_ms(self) -> i64 {
        self.length_ms
    }

    /// Its length in the largest of seconds, minutes, hours and days that leaves no rest.
    #[must_use]
    pub fn in_units(self) -> (i64, &'static str) {
        let (word, unit_ms) = UNITS[..4]
            .iter()
            .rev()
            .find(|(_, unit_ms)| self.length_ms % unit_ms == 0)
            .unwrap_or(&UNITS[0]);
        (self.length_ms / unit_ms, word)
    }
}

/// `7 days`, `1 hour`.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (amount, word) = self.in_units();
        let ending = if amount == 1 { "" } else { "s" };
        write!(f, "{amount} {word}{ending}")
    }
}

/// A count within a window: what is asked of one leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// How often.
    pub count: Count,
    /// Within which window; `None` for ever.
    pub window: Option<Window>,
}

impl Question {
    /// What a leaf must keep to answer.
    #[must_use]
    pub fn bounds(self) -> Bounds {
        Bounds {
            keep: self.count.keep(),
            reach_ms: self.window.map(Window::length_ms),
        }
    }

    /// The events that count at `now`, newest first.
    #[must_use]
    pub fn counted(self, kept: &[Kept], now: Millis) -> &[Kept] {
        let known = kept.partition_point(|event| event.at > now);
        let inside = match self.window {
            Some(window) => {
                let edge = now.plus(-window.length_ms);
                kept.partition_point(|event| event.at > edge)
            }
            None => kept.len(),
        };
        &kept[known..inside.max(known)]
    }

    /// Whether the condition holds at `now`.
    #[must_use]
    pub fn holds(self, kept: &[Kept], now: Millis) -> bool {
        self.count.holds(self.counted(kept, now).len())
    }

    /// The first moment behind `after` at which the answer can change though nothing happens: when
    /// the event that makes the count right, or wrong, falls out of the window.
    #[must_use]
    pub fn next_moment(self, kept: &[Kept], after: Millis) -> Option<Millis> {
        let window = self.window?;
        let leaves_at = |nth: usize| {
            let moment = kept.get(nth)?.at.plus(window.length_ms);
            (moment > after).then_some(moment)
        };
        let times = self.count.times() as usize;
        let falls_below = || times.checked_sub(1).and_then(leaves_at);
        match self.count {
            Count::AtLeast(_) => falls_below(),
            Count::AtMost(_) => leaves_at(times),
            Count::Exactly(_) => leaves_at(times).or_else(falls_below),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::leaf::LeafNo;

    fn kept(instants: &[i64]) -> Vec<Kept> {
        instants
            .iter()
            .map(|at| Kept {
                leaf: LeafNo(1),
                at: Millis(*at),
                message: 0,
            })
            .collect()
    }

    fn within_1_second(count: Count) -> Question {
        Question {
            count,
            window: Window::of_ms(1_000),
        }
    }

    #[test]
    fn a_window_is_open_at_its_start_and_closed_at_its_end() {
        let question = within_1_second(Count::AtLeast(1));
        let events = kept(&[5_000]);
        assert!(!question.holds(&events, Millis(4_999)));
        assert!(question.holds(&events, Millis(5_000)));
        assert!(question.holds(&events, Millis(5_999)));
        assert!(!question.holds(&events, Millis(6_000)));
    }

    #[test]
    fn each_count_knows_the_moments_it_changes_by_itself() {
        let events = kept(&[5_300, 5_200, 5_100]);
        let moments = |count| {
            let question = within_1_second(count);
            let mut after = Millis(5_300);
            let mut moments = Vec::new();
            while let Some(moment) = question.next_moment(&events, after) {
                moments.push(moment.0);
                after = moment;
            }
            moments
        };
        assert_eq!(moments(Count::AtLeast(2)), [6_200]);
        assert_eq!(moments(Count::AtLeast(4)), [0_i64; 0]);
        assert_eq!(moments(Count::AtMost(0)), [6_300]);
        assert_eq!(moments(Count::AtMost(2)), [6_100]);
        assert_eq!(moments(Count::Exactly(2)), [6_100, 6_200]);
        assert_eq!(moments(Count::Exactly(0)), [6_300]);
    }

    #[test]
    fn windows_print_in_the_largest_unit_without_a_rest() {
        let print = |seconds: i64| Window::of_ms(seconds * 1_000).map(|w| w.to_string());
        assert_eq!(print(90).as_deref(), Some("90 seconds"));
        assert_eq!(print(60).as_deref(), Some("1 minute"));
        assert_eq!(print(7_200).as_deref(), Some("2 hours"));
        assert_eq!(print(14 * 86_400).as_deref(), Some("14 days"));
        assert_eq!(print(0), None);
        assert_eq!(Window::of_ms(1_500), None);
    }
}
