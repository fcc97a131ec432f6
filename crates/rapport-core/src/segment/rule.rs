//! Rules: what a segment's members have in common, as a tree of conditions.

use crate::event::Kind;
use crate::segment::count::{COUNT_MAX, Count, Question, Window};
use crate::segment::error::Error;
use crate::segment::operator::Test;
use crate::segment::path::Path;
use crate::segment::text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

mod print;

/// The longest text of a rule, as written and in its canonical form, in bytes.
pub const RULE_BYTES_MAX: usize = 64 * 1024;
/// How deep conditions may nest, filters inside them counted.
pub const DEPTH_MAX: usize = 32;
/// How deep brackets of a spelling may nest, also those that say nothing; any rule within
/// [`DEPTH_MAX`] needs less.
pub(super) const NESTING_MAX: usize = 3 * DEPTH_MAX;
/// How many conditions a rule may have, property tests counted.
pub const CONDITIONS_MAX: usize = 500;

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
    /// An attribute of the profile is like this.
    Attribute {
        /// Its name, and names inside its value.
        path: Path,
        /// How it is.
        test: Test,
    },
    /// Something happened this often.
    Did(Did),
    /// The person is in the segment with this key.
    In(Box<str>),
    /// The person is not in the segment with this key.
    NotIn(Box<str>),
}

/// A condition on events.
#[derive(Clone, Debug, PartialEq)]
pub struct Did {
    /// What happened.
    pub happening: Happening,
    /// What its properties (of identify and group: its traits) were.
    pub filter: Option<Filter>,
    /// How often.
    pub count: Count,
    /// Within which window; `None` for ever.
    pub window: Option<Window>,
}

impl Did {
    /// What is asked of the condition's leaf.
    #[must_use]
    pub fn question(&self) -> Question {
        Question {
            count: self.count,
            window: self.window,
        }
    }
}

/// The type of an event, and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Happening {
    /// The type.
    pub kind: Kind,
    /// The name, of track, page and screen; `None` for any.
    pub name: Option<Box<str>>,
}

impl Happening {
    /// Whether events of this type have names.
    #[must_use]
    pub fn has_names(kind: Kind) -> bool {
        matches!(kind, Kind::Track | Kind::Page | Kind::Screen)
    }
}

/// What properties of an event must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All of these hold; at least two.
    All(Vec<Filter>),
    /// One of these holds, or more; at least two.
    Any(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// A property is like this.
    Property {
        /// Its name, and names inside its value.
        path: Path,
        /// How it is.
        test: Test,
    },
}

impl Filter {
    /// The same filter in the one order that filters of the same meaning and parts share.
    #[must_use]
    pub fn canonical(&self) -> Filter {
        match self {
            Filter::All(parts) => joined(flat(parts, Filter::parts_of_all), Filter::All),
            Filter::Any(parts) => joined(flat(parts, Filter::parts_of_any), Filter::Any),
            Filter::Not(part) => Filter::Not(Box::new(part.canonical())),
            Filter::Property { .. } => self.clone(),
        }
    }

    fn size(&self) -> (usize, usize) {
        match self {
            Filter::All(parts) | Filter::Any(parts) => deepest(parts.iter().map(Filter::size)),
            Filter::Not(part) => deepest([part.size()].into_iter()),
            Filter::Property { .. } => (1, 1),
        }
    }

    fn parts_of_all(&self) -> Option<&[Filter]> {
        if let Filter::All(parts) = self {
            Some(parts)
        } else {
            None
        }
    }

    fn parts_of_any(&self) -> Option<&[Filter]> {
        if let Filter::Any(parts) = self {
            Some(parts)
        } else {
            None
        }
    }
}

fn deepest(parts: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    let (depth, number) = parts.fold((0, 0), |(deepest, sum), (depth, number)| {
        (deepest.max(depth), sum + number)
    });
    (depth + 1, number)
}

/// The parts in canonical form, those of nested filters of the same kind among them.
fn flat(parts: &[Filter], inner: fn(&Filter) -> Option<&[Filter]>) -> Vec<Filter> {
    let canonical = parts.iter().map(Filter::canonical);
    canonical
        .flat_map(|part| inner(&part).map_or_else(|| vec![part.clone()], <[_]>::to_vec))
        .collect()
}

fn joined(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    parts.sort_by_cached_key(Filter::to_string);
    parts.dedup();
    if parts.len() == 1 {
        parts.swap_remove(0)
    } else {
        join(parts)
    }
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

    /// Its conditions on events, in the order written.
    #[must_use]
    pub fn conditions(&self) -> Vec<&Did> {
        let mut conditions = Vec::new();
        self.visit(&mut |rule| {
            if let Rule::Did(did) = rule {
                conditions.push(did);
            }
        });
        conditions
    }

    /// Whether the rule stays within the limits, and why not. What does reads back from either of
    /// its spellings.
    pub fn check(&self) -> Result<(), &'static str> {
        let (depth, conditions) = self.size();
        if depth > DEPTH_MAX {
            return Err("conditions nest at most 32 deep");
        }
        if conditions > CONDITIONS_MAX {
            return Err("a rule has at most 500 conditions");
        }
        if self.to_string().len() > RULE_BYTES_MAX {
            return Err("a rule is at most 64 KB long");
        }
        Ok(())
    }

    /// Depth, and number of conditions and tests.
    fn size(&self) -> (usize, usize) {
        match self {
            Rule::All(parts) | Rule::Any(parts) => deepest(parts.iter().map(Rule::size)),
            Rule::Not(part) => deepest([part.size()].into_iter()),
            Rule::Did(Did {
                filter: Some(filter),
                ..
            }) => {
                let (depth, tests) = filter.size();
                (depth + 1, tests + 1)
            }
            Rule::Attribute { .. } | Rule::Did(_) | Rule::In(_) | Rule::NotIn(_) => (1, 1),
        }
    }

    /// Shows every part of the rule, outer ones first.
    pub fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Rule)) {
        see(self);
        match self {
            Rule::All(parts) | Rule::Any(parts) => parts.iter().for_each(|part| part.visit(see)),
            Rule::Not(part) => part.visit(see),
            Rule::Attribute { .. } | Rule::Did(_) | Rule::In(_) | Rule::NotIn(_) => {}
        }
    }
}

/// Whether a count can be asked for, and why not.
pub(super) fn check_count(count: Count) -> Result<(), &'static str> {
    match count {
        Count::AtLeast(0) => Err("`at least 0 times` always holds"),
        _ if count.times() > COUNT_MAX => Err("counts go up to 1,000"),
        _ => Ok(()),
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
