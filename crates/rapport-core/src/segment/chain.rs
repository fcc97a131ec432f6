//! Sequences, held against what leaves keep: whether there is one, and when that changes by itself.

use crate::segment::leaf::{Datum, Form, Kept, LeafNo};
use crate::segment::path::Path;
use crate::segment::person::Seen;
use crate::segment::question::{attribute, known};
use crate::segment::rule::Comparison;
use crate::time::Millis;
use std::collections::BTreeSet;

/// How many events a sequence looks at before it says no: newest first steps first. A sequence
/// that would need more is not found, and `explain` says so.
pub const LOOKS_MAX: u32 = 100_000;

/// A sequence, with numbers for names.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Chain {
    /// Its steps; one at least.
    pub steps: Vec<Stage>,
    /// What did not follow the last step.
    pub absent: Option<(Barrier, Option<i64>)>,
    /// How long it may take in all, in milliseconds.
    pub lasting_ms: Option<i64>,
    /// All of it in this span that ends now.
    pub within_ms: Option<i64>,
}

/// A step.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Stage {
    /// The leaf of its events.
    pub leaf: LeafNo,
    /// What their properties are compared with.
    pub ties: Vec<Tie>,
    /// How long after the step before at most, in milliseconds.
    pub gap_ms: Option<i64>,
    /// What did not happen since the step before.
    pub without: Vec<Barrier>,
    /// Earlier steps that later ones speak of.
    pub remembered: Vec<usize>,
}

/// What did not happen.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Barrier {
    /// The leaf of its events.
    pub leaf: LeafNo,
    /// What their properties are compared with.
    pub ties: Vec<Tie>,
}

/// A comparison of a property.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Tie {
    /// Its slot.
    pub slot: usize,
    /// How it must compare.
    pub comparison: Comparison,
    /// With what.
    pub to: Tied,
}

/// What a property is compared with.
#[derive(Clone, Debug)]
pub(in crate::segment) enum Tied {
    /// A slot of the event of an earlier step.
    Step(usize, usize),
    /// An attribute.
    Attribute(Path),
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::segment) enum Found<'a> {
    /// The events, one for each step.
    Events(Vec<&'a Kept>),
    /// There is none.
    Nothing,
    /// The search was given up.
    GivenUp,
}

impl Chain {
    /// Whether it holds at `now`.
    pub fn holds(&self, seen: &Seen<'_>, now: Millis) -> bool {
        matches!(self.find(seen, now), Found::Events(_))
    }

    /// A sequence that holds at `now`: of all of them one that began last.
    pub fn find<'a>(&self, seen: &Seen<'a>, now: Millis) -> Found<'a> {
        if self
            .steps
            .iter()
            .any(|step| seen.facts.leaves.of(step.leaf).is_empty())
        {
            return Found::Nothing;
        }
        let mut search = Search {
            chain: self,
            seen,
            now,
            chosen: Vec::new(),
            dead: BTreeSet::new(),
            looks: LOOKS_MAX,
        };
        let edge = self.within_ms.map(|length_ms| now.plus(-length_ms));
        for first in known(seen.facts.leaves.of(self.steps[0].leaf), now) {
            if edge.is_some_and(|edge| first.at <= edge) {
                break;
            }
            if search.try_step(first) {
                return Found::Events(search.chosen);
            }
        }
        match search.looks {
            0 => Found::GivenUp,
            _ => Found::Nothing,
        }
    }

    /// The first moment behind `after` at which the answer may change though nothing happens.
    pub fn next_moment(&self, seen: &Seen<'_>, after: Millis) -> Option<Millis> {
        let waits = self.absent.as_ref().and_then(|(_, gap_ms)| *gap_ms);
        let last = self
            .steps
            .last()
            .map(|step| seen.facts.leaves.of(step.leaf));
        let ripens = waits.and_then(|gap_ms| {
            let moments = last?.iter().map(|event| event.at.plus(gap_ms));
            moments.filter(|moment| *moment > after).min()
        });
        let expires = self.within_ms.and_then(|length_ms| {
            match self.find(seen, after) {
                Found::Events(events) => Some(events[0].at.plus(length_ms)),
                Found::Nothing => None,
                // Fewer events may be few enough.
                Found::GivenUp => {
                    let first = known(seen.facts.leaves.of(self.steps[0].leaf), after);
                    let moments = first.iter().map(|event| event.at.plus(length_ms));
                    moments.filter(|moment| *moment > after).min()
                }
            }
        });
        [ripens, expires].into_iter().flatten().min()
    }

    /// Calls with every moment behind `after` at which the answer may change, those at which an
    /// event happened among them.
    pub fn moments(&self, seen: &Seen<'_>, after: Millis, see: &mut dyn FnMut(Millis)) {
        let mut later = |moment: Millis| {
            if moment > after {
                see(moment);
            }
        };
        for (nth, step) in self.steps.iter().enumerate() {
            for event in seen.facts.leaves.of(step.leaf) {
                later(event.at);
                if let (0, Some(length_ms)) = (nth, self.within_ms) {
                    later(event.at.plus(length_ms));
                }
                if let Some((_, Some(gap_ms))) = &self.absent {
                    later(event.at.plus(*gap_ms));
                }
            }
        }
        let barriers = self.steps.iter().flat_map(|step| &step.without);
        for barrier in barriers.chain(self.absent.iter().map(|(barrier, _)| barrier)) {
            for event in seen.facts.leaves.of(barrier.leaf) {
                later(event.at);
            }
        }
        for name in self.attributes() {
            seen.facts
                .attributes
                .since(name)
                .into_iter()
                .for_each(&mut later);
        }
    }

    /// Whether the answer can change though nothing happens.
    pub fn moves(&self) -> bool {
        self.within_ms.is_some() || matches!(self.absent, Some((_, Some(_))))
    }

    /// The attributes that properties are compared with.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        let absent = self.absent.iter().map(|(barrier, _)| barrier);
        let barriers = self
            .steps
            .iter()
            .flat_map(|step| &step.without)
            .chain(absent);
        let ties = self
            .steps
            .iter()
            .flat_map(|step| &step.ties)
            .chain(barriers.flat_map(|barrier| &barrier.ties));
        ties.filter_map(|tie| match &tie.to {
            Tied::Attribute(path) => Some(path.split().0),
            Tied::Step(..) => None,
        })
    }
}

/// A search from the first step on, which remembers the ways that led nowhere.
struct Search<'a, 'b> {
    chain: &'b Chain,
    seen: &'b Seen<'a>,
    now: Millis,
    /// The events of the steps so far.
    chosen: Vec<&'a Kept>,
    /// Steps, their events, and the earlier events that matter to what follows.
    dead: BTreeSet<Vec<(Millis, u64)>>,
    looks: u32,
}

impl<'a> Search<'a, '_> {
    /// Whether the rest can be found with this event for the next step.
    fn try_step(&mut self, event: &'a Kept) -> bool {
        if self.looks == 0 {
            return false;
        }
        self.looks -= 1;
        let step = &self.chain.steps[self.chosen.len()];
        if !self.ties_hold(&step.ties, event) {
            return false;
        }
        self.chosen.push(event);
        let found = self.chosen.len() == self.chain.steps.len() && self.nothing_followed()
            || self.chosen.len() < self.chain.steps.len() && self.go_on();
        if !found {
            self.chosen.pop();
        }
        found
    }

    fn go_on(&mut self) -> bool {
        let at = self.chosen.len();
        let key = self.key();
        if self.dead.contains(&key) {
            return false;
        }
        let step = &self.chain.steps[at];
        let (before, first) = (self.chosen[at - 1].at, self.chosen[0].at);
        let mut until = self.now;
        for limit in [
            step.gap_ms.map(|gap_ms| before.plus(gap_ms)),
            self.chain
                .lasting_ms
                .map(|lasting_ms| first.plus(lasting_ms)),
        ] {
            until = limit.map_or(until, |limit| until.min(limit));
        }
        for barrier in &step.without {
            // What lies between two steps lies before the later one.
            until = self
                .first_of(barrier, before)
                .map_or(until, |at| until.min(at));
        }
        let kept = self.seen.facts.leaves.of(step.leaf);
        let behind = kept.partition_point(|event| event.at > before);
        for event in kept[..behind].iter().rev() {
            if event.at > until {
                break;
            }
            if self.try_step(event) {
                return true;
            }
        }
        self.dead.insert(key);
        false
    }

    /// Whether what must not follow the last step did not.
    fn nothing_followed(&self) -> bool {
        let Some((barrier, gap_ms)) = &self.chain.absent else {
            return true;
        };
        let last = self.chosen[self.chosen.len() - 1].at;
        let end = gap_ms.map(|gap_ms| last.plus(gap_ms));
        if end.is_some_and(|end| end > self.now) {
            return false;
        }
        match self.first_of(barrier, last) {
            Some(at) => end.is_some_and(|end| at > end),
            None => true,
        }
    }

    /// When a barrier's first event behind an instant happened.
    fn first_of(&self, barrier: &Barrier, after: Millis) -> Option<Millis> {
        let kept = known(self.seen.facts.leaves.of(barrier.leaf), self.now);
        let behind = kept.partition_point(|event| event.at > after);
        let mut behind = kept[..behind].iter().rev();
        let first = behind.find(|event| self.ties_hold(&barrier.ties, event));
        first.map(|event| event.at)
    }

    fn ties_hold(&self, ties: &[Tie], event: &Kept) -> bool {
        ties.iter().all(|tie| {
            let value = event.value(tie.slot);
            let order = match &tie.to {
                Tied::Step(step, slot) => value.order_to(self.chosen[*step].value(*slot)),
                Tied::Attribute(path) => {
                    value.order_to(&self.attribute(path, tie.comparison.form()))
                }
            };
            tie.comparison.holds(order)
        })
    }

    fn attribute(&self, path: &Path, form: Form) -> Datum {
        attribute(self.seen, path, form, self.now)
    }

    fn key(&self) -> Vec<(Millis, u64)> {
        let at = self.chosen.len() - 1;
        let place = |event: &Kept| (event.at, event.message);
        let mut key = vec![(Millis(at as i64), 0), place(self.chosen[at])];
        let remembered = self.chain.steps[at].remembered.iter();
        key.extend(remembered.map(|step| place(self.chosen[*step])));
        key
    }
}
