//! What is asked of one leaf: whether it holds at a moment, and when that changes by itself.

use crate::json::Decimal;
use crate::segment::count::Count;
use crate::segment::fact::Fact;
use crate::segment::leaf::{Datum, Form, Kept, LeafNo};
use crate::segment::path::Path;
use crate::segment::person::Seen;
use crate::segment::rule::{Asked, Comparison, Function, Measure};
use crate::segment::window::{Stretch, Window};
use crate::time::Millis;

pub(in crate::segment) use self::aggregate::{Total, Totalled, total};

mod aggregate;

/// A condition on events, with numbers for names.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Question {
    /// The leaf that keeps its events.
    pub leaf: LeafNo,
    /// The leaf whose newest event its window runs from.
    pub anchor: Option<LeafNo>,
    /// Within which window.
    pub window: Window,
    /// What is asked.
    pub asked: Asked,
    /// What the properties of an event are compared with.
    pub joints: Vec<Joint>,
    /// The property that is totalled.
    pub totalled: Option<Totalled>,
}

/// A property of an event, compared with an attribute.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Joint {
    /// Its slot in the leaf.
    pub slot: usize,
    /// How it must compare.
    pub comparison: Comparison,
    /// With which attribute.
    pub attribute: Path,
}

impl Joint {
    fn operand(&self, seen: &Seen<'_>, now: Millis) -> Datum {
        attribute(seen, &self.attribute, self.comparison.form(), now)
    }
}

/// An attribute, kept as a leaf would.
pub(in crate::segment) fn attribute(
    seen: &Seen<'_>,
    path: &Path,
    form: Form,
    now: Millis,
) -> Datum {
    match Fact::from_word("attribute") {
        Some(fact) => fact.read(seen.facts, path, now, |value| form.of(value)),
        None => Datum::None,
    }
}

impl Question {
    /// Whether it holds at `now`.
    pub fn holds(&self, seen: &Seen<'_>, now: Millis) -> bool {
        match &self.asked {
            Asked::Count(count) if self.joints.is_empty() => {
                count.holds(self.inside(seen, now).len())
            }
            Asked::Count(count) => count.holds(self.counted(seen, now).len()),
            Asked::First => self
                .passing(self.known(seen, now), seen, now)
                .last()
                .is_some_and(|first| self.stretch(seen, now).has(first.at)),
            Asked::Regularly { least, of, period } => {
                let known = self.passing(self.known(seen, now), seen, now);
                let mut periods = 0_u128;
                for event in known {
                    let nth = now.since(event.at) / period.length_ms();
                    if nth < i64::from(*of) {
                        periods |= 1 << nth;
                    }
                }
                periods.count_ones() >= *least
            }
            Asked::Stopped {
                times,
                within,
                idle,
            } => {
                let mut known = self.passing(self.known(seen, now), seen, now);
                let Some(last) = known.next() else {
                    return false;
                };
                let first = match times {
                    1 => Some(last),
                    _ => known.nth(*times as usize - 2),
                };
                let is_near = |event: &Kept| {
                    within.is_none_or(|span| last.at.plus(-span.length_ms()) < event.at)
                };
                last.at.plus(idle.length_ms()) <= now && first.is_some_and(is_near)
            }
            Asked::Resumed { pause } => {
                let stretch = self.stretch(seen, now);
                let known: Vec<&Kept> = self.passing(self.known(seen, now), seen, now).collect();
                known.windows(2).any(|pair| {
                    stretch.has(pair[0].at) && pair[0].at.since(pair[1].at) >= pause.length_ms()
                })
            }
            Asked::Aggregate(_) => self
                .totalled
                .as_ref()
                .is_some_and(|totalled| totalled.holds(self, seen, now)),
        }
    }

    /// The events that count at `now`, newest first.
    pub fn counted<'a>(&self, seen: &Seen<'a>, now: Millis) -> Vec<&'a Kept> {
        self.passing(self.inside(seen, now), seen, now).collect()
    }

    /// The first moment behind `after` at which the answer may change though nothing happens.
    pub fn next_moment(&self, seen: &Seen<'_>, after: Millis) -> Option<Millis> {
        if !self.moves() {
            return None;
        }
        match (&self.asked, &self.window) {
            (Asked::Count(count), Window::Within(span)) if self.joints.is_empty() => {
                let kept = seen.facts.leaves.of(self.leaf);
                falls(*count, kept, span.length_ms(), after)
            }
            (Asked::Count(count), Window::Before(span)) if self.joints.is_empty() => {
                let kept = seen.facts.leaves.of(self.leaf);
                rises(*count, kept, span.length_ms(), after)
            }
            (
                Asked::Count(_) | Asked::First | Asked::Aggregate(_),
                Window::Calendar { unit, back },
            ) => {
                let kept = seen.facts.leaves.of(self.leaf);
                let from = seen.zone().start(*unit, after, -i64::from(*back));
                let matters = kept.first().is_some_and(|newest| newest.at >= from);
                matters.then(|| seen.zone().start(*unit, after, 1))
            }
            _ => {
                let mut next: Option<Millis> = None;
                self.moments(seen, after, &mut |moment| {
                    next = Some(next.map_or(moment, |next| next.min(moment)));
                });
                next
            }
        }
    }

    /// Calls with every moment behind `after` at which the answer may change, those at which an
    /// event happened among them.
    pub fn moments(&self, seen: &Seen<'_>, after: Millis, see: &mut dyn FnMut(Millis)) {
        let mut later = |moment: Millis| {
            if moment > after {
                see(moment);
            }
        };
        for event in seen.facts.leaves.of(self.leaf) {
            later(event.at);
            if self.window.moves() {
                self.window.moments(event.at, seen.zone(), &mut later);
            }
            match &self.asked {
                Asked::Regularly { of, period, .. } => {
                    let passed = after.since(event.at).max(0) / period.length_ms();
                    for nth in passed + 1..=i64::from(*of) {
                        later(event.at.plus(nth * period.length_ms()));
                    }
                }
                Asked::Stopped { idle, .. } => later(event.at.plus(idle.length_ms())),
                _ => {}
            }
        }
        if let Some(anchor) = self.anchor {
            for event in seen.facts.leaves.of(anchor) {
                later(event.at);
            }
        }
        let joined = self.joints.iter().map(|joint| &joint.attribute);
        let compared = self
            .totalled
            .iter()
            .filter_map(|of| match &of.aggregate.to {
                Measure::Attribute(path) => Some(path),
                Measure::Number(_) | Measure::Range(..) => None,
            });
        for path in joined.chain(compared) {
            let since = seen.facts.attributes.since(path.split().0);
            since.into_iter().for_each(&mut later);
        }
    }

    /// Whether the answer can change though nothing happens.
    pub fn moves(&self) -> bool {
        let is_timed = matches!(self.asked, Asked::Regularly { .. } | Asked::Stopped { .. });
        is_timed || self.window.moves()
    }

    /// What happened up to `now`, newest first.
    fn known<'a>(&self, seen: &Seen<'a>, now: Millis) -> &'a [Kept] {
        known(seen.facts.leaves.of(self.leaf), now)
    }

    fn stretch(&self, seen: &Seen<'_>, now: Millis) -> Stretch {
        let newest = |leaf| known(seen.facts.leaves.of(leaf), now).first();
        let anchor = self.anchor.and_then(newest).map(|event| event.at);
        match self.window {
            Window::Calendar { .. } => self.window.stretch(now, seen.zone(), anchor),
            _ => self.window.stretch(now, &Default::default(), anchor),
        }
    }

    /// What happened in the window, newest first.
    fn inside<'a>(&self, seen: &Seen<'a>, now: Millis) -> &'a [Kept] {
        let kept = seen.facts.leaves.of(self.leaf);
        if kept.is_empty() {
            return kept;
        }
        let stretch = self.stretch(seen, now);
        let from = kept.partition_point(|event| event.at > stretch.until);
        let to = kept.partition_point(|event| event.at > stretch.after);
        &kept[from..to.max(from)]
    }

    fn passing<'a>(
        &self,
        events: &'a [Kept],
        seen: &Seen<'_>,
        now: Millis,
    ) -> impl Iterator<Item = &'a Kept> {
        let operands: Vec<(usize, Comparison, Datum)> = self
            .joints
            .iter()
            .map(|joint| (joint.slot, joint.comparison, joint.operand(seen, now)))
            .collect();
        events.iter().filter(move |event| {
            operands.iter().all(|(slot, comparison, operand)| {
                comparison.holds(event.value(*slot).order_to(operand))
            })
        })
    }
}

/// What happened up to `now` of what is kept.
pub(in crate::segment) fn known(kept: &[Kept], now: Millis) -> &[Kept] {
    &kept[kept.partition_point(|event| event.at > now)..]
}

/// When a count changes because events fall out of a window that ends now.
fn falls(count: Count, kept: &[Kept], length_ms: i64, after: Millis) -> Option<Millis> {
    let leaves_at = |nth: u32| {
        let moment = kept.get(nth as usize - 1)?.at.plus(length_ms);
        (moment > after).then_some(moment)
    };
    let [first, second] = count.edges();
    first
        .and_then(leaves_at)
        .or_else(|| second.and_then(leaves_at))
}

/// When a count changes because events become old enough.
fn rises(count: Count, kept: &[Kept], length_ms: i64, after: Millis) -> Option<Millis> {
    let comes_at = |nth: u32| {
        let place = kept.len().checked_sub(nth as usize)?;
        let moment = kept.get(place)?.at.plus(length_ms);
        (moment > after).then_some(moment)
    };
    let edges = count.edges().into_iter().flatten();
    edges.filter_map(comes_at).min()
}

impl Function {
    /// Whether it adds and compares numbers.
    pub(in crate::segment) fn is_of_numbers(self) -> bool {
        self != Function::Distinct
    }

    pub(in crate::segment) fn form(self) -> Form {
        match self {
            Function::Distinct => Form::Same,
            _ => Form::Number,
        }
    }
}

/// A number that stands in a rule or comes from an attribute.
pub(in crate::segment) type Number = Option<Decimal>;
