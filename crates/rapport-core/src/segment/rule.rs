//! Rules: what a segment's members have in common, as a tree of conditions.

use crate::segment::error::Error;
use crate::segment::fact::{Fact, TRAIT_WORD};
use crate::segment::operator::Test;
use crate::segment::path::Path;
use crate::segment::random::Random;
use crate::segment::span::Span;
use crate::segment::text;
use crate::segment::window::Window;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub use self::did::{Aggregate, Asked, Did, Function, Happening, Measure};
pub use self::filter::{Comparison, Filter, Link, Reference};
pub use self::limits::{CONDITIONS_MAX, DEPTH_MAX, RULE_BYTES_MAX, STEPS_MAX};
pub use self::sequence::{Absent, Sequence, Step, Without};

mod did;
mod filter;
mod layout;
mod limits;
mod needs;
mod print;
mod sequence;

pub(super) use self::limits::NESTING_MAX;
pub use self::needs::Need;
pub(super) use self::needs::{CURRENCY, currency};

/// A rule. Stored as its canonical text; the other spelling is [`tree`](crate::segment::tree).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Rule {
    /// All of these hold; at least two.
    All(Vec<Rule>),
    /// One of these holds, or more; at least two.
    Any(Vec<Rule>),
    /// This does not hold.
    Not(Box<Rule>),
    /// Something known of the person is like this.
    Known {
        /// What kind of fact: an attribute, a score.
        fact: &'static Fact,
        /// Its name, and names inside its value.
        path: Path,
        /// How it is.
        test: Test,
    },
    /// Something happened.
    Did(Box<Did>),
    /// Things happened one after another.
    Sequence(Box<Sequence>),
    /// Chance put the person here.
    Random(Random),
    /// This has held for so long, without a break.
    Held {
        /// What.
        rule: Box<Rule>,
        /// How long.
        span: Span,
    },
    /// The person is in the segment with this key.
    In(Box<str>),
    /// The person is not in the segment with this key.
    NotIn(Box<str>),
}

impl Rule {
    /// The keys of the segments it refers to.
    #[must_use]
    pub fn segments(&self) -> BTreeSet<&str> {
        let mut keys = BTreeSet::new();
        self.visit(&mut |rule| {
            if let Rule::In(key) | Rule::NotIn(key) = rule {
                keys.insert(&**key);
            }
        });
        keys
    }

    /// The keys of the computed traits that it asks for.
    #[must_use]
    pub fn traits(&self) -> BTreeSet<&str> {
        let mut keys = BTreeSet::new();
        self.visit(&mut |rule| keys.extend(rule.asked_trait()));
        keys
    }

    /// The key of the computed trait that this condition asks for.
    pub(super) fn asked_trait(&self) -> Option<&str> {
        match self {
            Rule::Known { fact, path, .. } if fact.word == TRAIT_WORD => Some(path.split().0),
            _ => None,
        }
    }

    /// Whether a part of it depends on where days begin.
    #[must_use]
    pub fn asks_calendar(&self) -> bool {
        let mut asks = false;
        self.visit(&mut |rule| {
            asks |= match rule {
                Rule::Did(did) => matches!(did.window, Window::Calendar { .. }),
                Rule::Known { test, .. } => test.is_timed(),
                _ => false,
            };
        });
        asks
    }

    /// Shows every part of the rule, outer ones first.
    pub fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Rule)) {
        see(self);
        match self {
            Rule::All(parts) | Rule::Any(parts) => parts.iter().for_each(|part| part.visit(see)),
            Rule::Not(part) | Rule::Held { rule: part, .. } => part.visit(see),
            Rule::Known { .. }
            | Rule::Did(_)
            | Rule::Sequence(_)
            | Rule::Random(_)
            | Rule::In(_)
            | Rule::NotIn(_) => {}
        }
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> String {
        rule.to_string()
    }
}

impl TryFrom<String> for Rule {
    type Error = Error;

    fn try_from(text: String) -> Result<Rule, Error> {
        text::parse(&text)
    }
}
