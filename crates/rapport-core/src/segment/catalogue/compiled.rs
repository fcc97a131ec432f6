//! What rules become: trees with numbers for names, and whether they hold.

use crate::json::Value;
use crate::position::Position;
use crate::segment::chain::Chain;
use crate::segment::computed::{Asking, Traits};
use crate::segment::fact::Fact;
use crate::segment::leaf::{Bounds, Datum, Form, LeafNo};
use crate::segment::membership::{Memberships, SegmentNo};
use crate::segment::operator::Test;
use crate::segment::path::Path;
use crate::segment::person::Seen;
use crate::segment::question::Question;
use crate::segment::random::Random;
use crate::segment::registry::Build;
use crate::segment::rule::Rule;
use crate::segment::window::Dates;
use crate::time::Millis;
use std::collections::BTreeSet;

/// A segment. Its tree has the shape of its rule.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Segment {
    pub no: SegmentNo,
    pub key: Box<str>,
    pub rule: Rule,
    /// What its words for computed traits mean.
    pub traits: Traits,
    pub tree: Tree,
    /// The rule that it had before, for those that the build has not come to yet.
    pub before: Option<Tree>,
    pub build: Build,
    /// The entry that set the rule.
    pub since: Position,
    /// The ranks of the segments that refer to it.
    pub dependents: Vec<usize>,
    /// Places of its conditions that can flip by themselves.
    pub timed: Vec<usize>,
}

/// A computed trait that profiles show.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Offered {
    pub no: SegmentNo,
    pub key: Box<str>,
    pub asking: Asking,
    pub build: Build,
    /// The entry that made it what it is.
    pub since: Position,
}

/// A rule with numbers for names.
#[derive(Clone, Debug)]
pub(in crate::segment) enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    Held { tree: Box<Tree>, span_ms: i64 },
    Is(Condition),
}

#[derive(Clone, Debug)]
pub(in crate::segment) enum Condition {
    Known {
        fact: &'static Fact,
        path: Path,
        test: Test,
    },
    Trait {
        asking: Asking,
        test: Test,
    },
    Did(Box<Question>),
    Sequence(Box<Chain>),
    Random(Random),
    In(SegmentNo),
    NotIn(SegmentNo),
}

/// A condition that can flip by itself, and the ranks of the segments that hang on it.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Timed {
    pub tree: Tree,
    pub ranks: Vec<usize>,
}

/// A leaf and what hangs on it.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Leaf {
    pub no: LeafNo,
    pub bounds: Bounds,
    pub dates: Option<Dates>,
    /// The properties it keeps: where its index finds each, and its form.
    pub values: Vec<(usize, Form)>,
    /// Places of conditions that can flip by themselves where it keeps something.
    pub timed: Vec<usize>,
    /// The ranks of the segments that ask.
    pub segments: Vec<usize>,
}

impl Leaf {
    pub(super) fn values_of(&self, found: &[Option<Value<'_>>]) -> Box<[Datum]> {
        self.values
            .iter()
            .map(|(slot, form)| form.of(found[*slot].as_ref()))
            .collect()
    }
}

impl Tree {
    /// Whether the rule holds for a person at `now`.
    pub(in crate::segment) fn holds(
        &self,
        seen: &Seen<'_>,
        memberships: &Memberships,
        now: Millis,
    ) -> bool {
        match self {
            Tree::All(parts) => parts.iter().all(|part| part.holds(seen, memberships, now)),
            Tree::Any(parts) => parts.iter().any(|part| part.holds(seen, memberships, now)),
            Tree::Not(part) => !part.holds(seen, memberships, now),
            Tree::Held { tree, span_ms } => {
                let since = tree.holds_since(seen, memberships, now, *span_ms);
                since.is_some_and(|since| since.plus(*span_ms) <= now)
            }
            Tree::Is(condition) => condition.holds(seen, memberships, now),
        }
    }

    /// The first moment behind `after` at which the answer may change though nothing happens.
    pub(in crate::segment) fn next_moment(
        &self,
        seen: &Seen<'_>,
        memberships: &Memberships,
        after: Millis,
    ) -> Option<Millis> {
        match self {
            Tree::All(parts) | Tree::Any(parts) => parts
                .iter()
                .filter_map(|part| part.next_moment(seen, memberships, after))
                .min(),
            Tree::Not(part) => part.next_moment(seen, memberships, after),
            Tree::Held { tree, span_ms } => {
                let since = tree.holds_since(seen, memberships, after, *span_ms);
                let ripe = since.map(|since| since.plus(*span_ms));
                let inner = tree.next_moment(seen, memberships, after);
                ripe.filter(|ripe| *ripe > after)
                    .into_iter()
                    .chain(inner)
                    .min()
            }
            Tree::Is(condition) => condition.next_moment(seen, after),
        }
    }

    /// Since when it holds without a break, looking back at most `span_ms`: where that is not far
    /// enough, since then. `None` where it does not hold at `now`.
    pub(in crate::segment) fn holds_since(
        &self,
        seen: &Seen<'_>,
        memberships: &Memberships,
        now: Millis,
        span_ms: i64,
    ) -> Option<Millis> {
        if !self.holds(seen, memberships, now) {
            return None;
        }
        let start = now.plus(-span_ms);
        let mut moments = BTreeSet::new();
        self.moments(seen, (start, now), &mut |moment| {
            if moment <= now {
                moments.insert(moment);
            }
        });
        // Between two moments nothing changes, so that looking at each is looking at all.
        let mut since = now;
        for moment in moments.into_iter().rev() {
            if !self.holds(seen, memberships, moment) {
                return Some(since);
            }
            since = moment;
        }
        match self.holds(seen, memberships, start) {
            true => Some(start),
            false => Some(since),
        }
    }

    /// Calls with every moment behind `after`, up to and with `until`, at which the answer may
    /// change, those at which something happened among them; later ones may be among them, too.
    fn moments(
        &self,
        seen: &Seen<'_>,
        (after, until): (Millis, Millis),
        see: &mut dyn FnMut(Millis),
    ) {
        match self {
            Tree::All(parts) | Tree::Any(parts) => {
                let each = |part: &Tree| part.moments(seen, (after, until), see);
                parts.iter().for_each(each);
            }
            Tree::Not(part) => part.moments(seen, (after, until), see),
            Tree::Held { tree, span_ms } => {
                tree.moments(seen, (after.plus(-span_ms), until), &mut |moment| {
                    for moment in [moment, moment.plus(*span_ms)] {
                        if moment > after {
                            see(moment);
                        }
                    }
                });
            }
            Tree::Is(condition) => condition.moments(seen, (after, until), see),
        }
    }
}

impl Condition {
    fn holds(&self, seen: &Seen<'_>, memberships: &Memberships, now: Millis) -> bool {
        match self {
            Condition::Known { fact, path, test } => {
                let clock = seen.clock(now, test);
                fact.read(seen.facts, path, now, |value| test.holds(value, &clock))
            }
            Condition::Trait { asking, test } => {
                let value = asking.value(seen, now);
                let value = value.as_deref().and_then(Value::parse);
                test.holds(value.as_ref(), &seen.clock(now, test))
            }
            Condition::Did(question) => question.holds(seen, now),
            Condition::Sequence(chain) => chain.holds(seen, now),
            Condition::Random(random) => random.has(seen.facts.number),
            Condition::In(segment) => memberships.contains(*segment),
            Condition::NotIn(segment) => !memberships.contains(*segment),
        }
    }

    fn next_moment(&self, seen: &Seen<'_>, after: Millis) -> Option<Millis> {
        match self {
            Condition::Did(question) => question.next_moment(seen, after),
            Condition::Sequence(chain) => chain.next_moment(seen, after),
            Condition::Trait { asking, test } => {
                let mut next = asking.next_change(seen, after);
                if test.is_timed() {
                    // Until then the value is what it is now.
                    let value = asking.value(seen, after);
                    let value = value.as_deref().and_then(Value::parse);
                    test.moments(value.as_ref(), &seen.clock(after, test), &mut |moment| {
                        next = Some(next.map_or(moment, |next| next.min(moment)));
                    });
                }
                next
            }
            Condition::Known { .. } => {
                let mut next: Option<Millis> = None;
                self.moments(seen, (after, Millis::MAX), &mut |moment| {
                    next = Some(next.map_or(moment, |next| next.min(moment)));
                });
                next
            }
            Condition::Random(_) | Condition::In(_) | Condition::NotIn(_) => None,
        }
    }

    fn moments(
        &self,
        seen: &Seen<'_>,
        (after, until): (Millis, Millis),
        see: &mut dyn FnMut(Millis),
    ) {
        match self {
            Condition::Trait { .. } => {
                let mut next = self.next_moment(seen, after);
                while let Some(moment) = next.filter(|moment| *moment <= until) {
                    see(moment);
                    next = self.next_moment(seen, moment);
                }
            }
            Condition::Known { fact, path, test } => {
                let since = fact.since(seen.facts, path);
                since
                    .filter(|since| *since > after)
                    .into_iter()
                    .for_each(&mut *see);
                let clock = seen.clock(after, test);
                fact.read(seen.facts, path, Millis::MAX, |value| {
                    test.moments(value, &clock, see);
                });
            }
            Condition::Did(question) => question.moments(seen, after, see),
            Condition::Sequence(chain) => chain.moments(seen, after, see),
            Condition::Random(_) | Condition::In(_) | Condition::NotIn(_) => {}
        }
    }
}
