//! A rule together with the computed traits that it asks for, as they were when it was set.

use super::Definition;
use crate::segment::computed::{Computed, Traits};
use crate::segment::rule::{Need, Rule};

/// A rule, or a part of it, with what its words for traits mean.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The traits that it asks for.
    pub traits: &'a Traits,
}

impl<'a> Whole<'a> {
    /// A part of the rule.
    #[must_use]
    pub fn part(self, rule: &'a Rule) -> Whole<'a> {
        Whole { rule, ..self }
    }

    /// The leaves that the rule needs.
    #[must_use]
    pub fn needs(self) -> Vec<Need> {
        self.rule.needs_with(self.traits)
    }

    /// What of its conditions and traits is kept only up to a limit, in sentences.
    #[must_use]
    pub fn notes(self) -> Vec<String> {
        Need::notes(&self.needs())
    }

    /// The trait that this condition asks for.
    #[must_use]
    pub fn asked_trait(self) -> Option<&'a Computed> {
        self.traits.get(self.rule.asked_trait()?)
    }

    /// Whether a part of it depends on where days begin.
    #[must_use]
    pub fn asks_calendar(self) -> bool {
        self.rule.asks_calendar() || self.traits.values().any(Computed::asks_calendar)
    }

    /// What tells it from others: the same text may ask for a trait that was another thing once.
    #[must_use]
    pub fn key(self) -> String {
        let mut key = self.rule.to_string();
        for asked in self.rule.traits() {
            if let Some(computed) = self.traits.get(asked) {
                key += &format!("\n{asked}: {computed}");
            }
        }
        key
    }
}

impl Definition {
    /// The rule.
    #[must_use]
    pub fn whole(&self) -> Whole<'_> {
        Whole {
            rule: &self.rule,
            traits: &self.traits,
        }
    }

    /// The rule before, during a build.
    #[must_use]
    pub fn whole_before(&self) -> Option<Whole<'_>> {
        let traits = &self.traits_before;
        self.before.as_ref().map(|rule| Whole { rule, traits })
    }

    /// The rules that decide somebody: this one, and during a build the one before.
    pub fn wholes(&self) -> impl Iterator<Item = Whole<'_>> {
        std::iter::once(self.whole()).chain(self.whole_before())
    }
}
