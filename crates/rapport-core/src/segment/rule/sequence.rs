//! Sequences: things that happened one after another, and what did not happen between them.

use super::did::Happening;
use super::filter::{Filter, Link, Reference};
use crate::segment::path::Path;
use crate::segment::span::Span;

/// Things that happened one after another. Each later step happened at a later instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// What happened, in order; one at least, and two with [`Sequence::absent`].
    pub steps: Vec<Step>,
    /// What did not follow the last step.
    pub absent: Option<Absent>,
    /// How long it may take from the first step to the last.
    pub lasting: Option<Span>,
    /// All of it in this span, which ends now; `None` for ever.
    pub within: Option<Span>,
}

/// A step of a sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What happened.
    pub happening: Happening,
    /// The name under which later steps speak of it.
    pub name: Option<Box<str>>,
    /// What its properties were.
    pub filter: Option<Filter>,
    /// How long after the step before at most.
    pub gap: Option<Span>,
    /// What did not happen between the step before and this one.
    pub without: Vec<Without>,
}

/// What did not happen between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Without {
    /// What.
    pub happening: Happening,
    /// With which properties.
    pub filter: Option<Filter>,
}

/// What did not follow the last step: so far, or in this span, which must be over.
#[derive(Clone, Debug, PartialEq)]
pub struct Absent {
    /// What.
    pub what: Without,
    /// How long after the last step; `None` for so far.
    pub gap: Option<Span>,
}

impl Sequence {
    /// The step that a reference speaks of, from the step (or what stands between it and the step
    /// before) in this place; `None` where there is none, or it is an attribute.
    #[must_use]
    pub fn target<'a>(&self, from: usize, to: &'a Reference) -> Option<(usize, &'a Path)> {
        match to {
            Reference::Attribute(_) => None,
            Reference::Previous(path) => Some((from.checked_sub(1)?, path)),
            Reference::First(path) => (from > 0).then_some((0, path)),
            Reference::Step(name, path) => {
                let named = |step: &Step| step.name.as_deref() == Some(&**name);
                let place = self.steps.iter().take(from).position(named)?;
                Some((place, path))
            }
        }
    }

    /// Every link of the sequence, with the place of the step that it belongs to: what did not
    /// happen belongs to the step behind it.
    #[must_use]
    pub fn links(&self) -> Vec<(usize, &Link)> {
        let mut found = Vec::new();
        for (place, step) in self.steps.iter().enumerate() {
            let filters = step.without.iter().map(|without| &without.filter);
            for filter in filters.chain([&step.filter]).flatten() {
                found.extend(filter.links().into_iter().map(|link| (place, link)));
            }
        }
        if let Some(Absent { what, .. }) = &self.absent {
            let links = what.filter.iter().flat_map(Filter::links);
            found.extend(links.map(|link| (self.steps.len(), link)));
        }
        found
    }

    /// The steps before the one in `place` that something behind it speaks of, the one just before
    /// apart; the first among them where the whole is limited.
    #[must_use]
    pub fn remembered(&self, place: usize) -> Vec<usize> {
        let spoken_of = self
            .links()
            .into_iter()
            .filter(|(from, _)| *from > place)
            .filter_map(|(from, link)| self.target(from, &link.to))
            .map(|(target, _)| target);
        let first = self.lasting.map(|_| 0);
        let mut remembered: Vec<usize> = spoken_of
            .chain(first)
            .filter(|target| *target < place)
            .collect();
        remembered.sort_unstable();
        remembered.dedup();
        remembered
    }
}
