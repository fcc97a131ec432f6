//! Conditions on events: what happened, how often or how much, within which window.

use super::filter::{Comparison, Filter};
use crate::event::Kind;
use crate::json::Decimal;
use crate::segment::count::Count;
use crate::segment::path::Path;
use crate::segment::span::Span;
use crate::segment::window::Window;

/// A condition on events.
#[derive(Clone, Debug, PartialEq)]
pub struct Did {
    /// What happened.
    pub happening: Happening,
    /// What its properties (of identify and group: its traits) were.
    pub filter: Option<Filter>,
    /// What is asked of it.
    pub asked: Asked,
    /// Within which window.
    pub window: Window,
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
        matches!(kind, Kind::Track | Kind::Page | Kind::Screen | Kind::List)
    }
}

/// What is asked of the events of a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// How many lie in the window.
    Count(Count),
    /// Whether the first ever lies in the window.
    First,
    /// In how many of the periods that end now there is one. Has no window.
    Regularly {
        /// At least in so many.
        least: u32,
        /// Of so many.
        of: u32,
        /// Each of this length.
        period: Span,
    },
    /// Whether they have stopped: there were some, and then none for a while. Has no window.
    Stopped {
        /// So many at least, the last one included.
        times: u32,
        /// Within so long before the last, and the last itself.
        within: Option<Span>,
        /// None for so long since.
        idle: Span,
    },
    /// Whether one lies in the window that came so long after the one before it.
    Resumed {
        /// How long.
        pause: Span,
    },
    /// What a property of those in the window comes to.
    Aggregate(Box<Aggregate>),
}

/// What a property of several events comes to, and how that must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// How one number is made of many.
    pub function: Function,
    /// The property.
    pub path: Path,
    /// How it must compare.
    pub comparison: Comparison,
    /// With what.
    pub to: Measure,
}

/// What an aggregate is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// A number.
    Number(Decimal),
    /// A range, both ends included. Compared by [`Comparison::Equal`].
    Range(Decimal, Decimal),
    /// An attribute of the person.
    Attribute(Path),
}

/// How one number is made of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// All of them together; of none it is 0.
    Sum,
    /// The sum by their number; there is none of none.
    Average,
    /// The least; there is none of none.
    Min,
    /// The greatest; there is none of none.
    Max,
    /// How many different values there are; of none 0.
    Distinct,
}

impl Function {
    /// Every function.
    pub const ALL: [Function; 5] = [
        Function::Sum,
        Function::Average,
        Function::Min,
        Function::Max,
        Function::Distinct,
    ];

    /// Its word, in both spellings.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Function::Sum => "sum",
            Function::Average => "average",
            Function::Min => "min",
            Function::Max => "max",
            Function::Distinct => "distinct count",
        }
    }

    /// The function behind a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Function> {
        Function::ALL
            .into_iter()
            .find(|function| function.word().eq_ignore_ascii_case(word))
    }
}
