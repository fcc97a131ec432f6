//! Filters: what properties of an event must be, by themselves or beside something else.

use crate::segment::leaf::Form;
use crate::segment::operator::Test;
use crate::segment::path::Path;
use std::cmp::Ordering;

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
    /// A property compares with something that is not written in the rule. Stands alone or among
    /// the outermost [`Filter::All`].
    Link(Link),
}

/// A property that is compared with something that is not written in the rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The property.
    pub path: Path,
    /// How it must compare.
    pub comparison: Comparison,
    /// With what.
    pub to: Reference,
}

/// What a property is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// An attribute of the person, as it is now.
    Attribute(Path),
    /// A property of the step before, in a sequence.
    Previous(Path),
    /// A property of the first step.
    First(Path),
    /// A property of a step with a name.
    Step(Box<str>, Path),
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// They are the same.
    Equal,
    /// Both are there, and they are not the same.
    NotEqual,
    /// The left one is less.
    Less,
    /// The left one is less, or the same.
    LessOrEqual,
    /// The left one is more.
    Greater,
    /// The left one is more, or the same.
    GreaterOrEqual,
}

impl Comparison {
    /// Every comparison.
    pub const ALL: [Comparison; 6] = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ];

    /// Its sign, in both spellings.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }

    /// The comparison behind a sign.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Comparison> {
        Comparison::ALL
            .into_iter()
            .find(|comparison| comparison.word() == word)
    }

    /// Whether two things that stand so to each other compare so; `None` for things without an
    /// order.
    #[must_use]
    pub fn holds(self, order: Option<Ordering>) -> bool {
        order.is_some_and(|order| match self {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        })
    }

    /// How the two must be kept to be compared so.
    #[must_use]
    pub fn form(self) -> Form {
        match self {
            Comparison::Equal | Comparison::NotEqual => Form::Same,
            _ => Form::Order,
        }
    }
}

impl Filter {
    /// The same filter in the one order that filters of the same meaning and parts share.
    #[must_use]
    pub fn canonical(&self) -> Filter {
        match self {
            Filter::All(parts) => joined(flat(parts, Filter::parts_of_all), Filter::All),
            Filter::Any(parts) => joined(flat(parts, Filter::parts_of_any), Filter::Any),
            Filter::Not(part) => Filter::Not(Box::new(part.canonical())),
            Filter::Property { .. } | Filter::Link(_) => self.clone(),
        }
    }

    /// What is compared with something that is not written in the rule.
    #[must_use]
    pub fn links(&self) -> Vec<&Link> {
        let mut links = Vec::new();
        self.outermost(&mut |part| {
            if let Filter::Link(link) = part {
                links.push(link);
            }
        });
        links
    }

    /// The rest of the filter, if there is one.
    #[must_use]
    pub fn without_links(&self) -> Option<Filter> {
        match self {
            Filter::Link(_) => None,
            Filter::All(parts) => {
                let mut parts: Vec<Filter> =
                    parts.iter().filter_map(Filter::without_links).collect();
                match parts.len() {
                    0 | 1 => parts.pop(),
                    _ => Some(Filter::All(parts)),
                }
            }
            Filter::Any(_) | Filter::Not(_) | Filter::Property { .. } => Some(self.clone()),
        }
    }

    /// Whether links stand only where they may.
    pub(super) fn links_stand_outside(&self) -> bool {
        match self {
            Filter::Link(_) | Filter::Property { .. } => true,
            Filter::All(parts) => parts.iter().all(Filter::links_stand_outside),
            Filter::Any(parts) => !parts.iter().any(Filter::has_link),
            Filter::Not(part) => !part.has_link(),
        }
    }

    /// Whether only events whose property is this one text pass.
    #[must_use]
    pub fn fixes(&self, name: &str) -> bool {
        let mut fixes = false;
        self.outermost(&mut |part| {
            if let Filter::Property { path, test } = part {
                let is_this = path.split() == (name, &[][..]);
                fixes |= is_this && test.operator().word == "=";
            }
        });
        fixes
    }

    fn has_link(&self) -> bool {
        match self {
            Filter::Link(_) => true,
            Filter::Property { .. } => false,
            Filter::All(parts) | Filter::Any(parts) => parts.iter().any(Filter::has_link),
            Filter::Not(part) => part.has_link(),
        }
    }

    /// Shows the parts that must all hold.
    fn outermost<'a>(&'a self, see: &mut impl FnMut(&'a Filter)) {
        match self {
            Filter::All(parts) => parts.iter().for_each(|part| part.outermost(see)),
            other => see(other),
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
