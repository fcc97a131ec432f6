//! The canonical text of rules: from rule to text.

use super::Rule;
use super::did::{Aggregate, Asked, Did, Happening, Measure};
use super::filter::{Filter, Link, Reference};
use super::sequence::{Absent, Sequence, Step, Without};
use crate::event::Kind;
use crate::segment::count::Count;
use crate::segment::literal::Quoted;
use crate::segment::random::{PLACES, Percent, Random};
use crate::segment::window::{Dates, Window};
use std::fmt;

/// The canonical text.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::All(parts) => join(f, parts, " and ", |part| part.is_joined()),
            Rule::Any(parts) => join(f, parts, " or ", |part| matches!(part, Rule::Any(_))),
            // `not in segment` is a condition of its own.
            Rule::Not(part) if part.is_joined() || matches!(**part, Rule::In(_)) => {
                write!(f, "not ({part})")
            }
            Rule::Not(part) => write!(f, "not {part}"),
            Rule::Held { rule, span } if rule.is_joined() => write!(f, "for {span} ({rule})"),
            Rule::Held { rule, span } => write!(f, "for {span} {rule}"),
            Rule::Known { fact, path, test } => write!(f, "{} {path} {test}", fact.word),
            Rule::Did(did) => write!(f, "{did}"),
            Rule::Sequence(sequence) => write!(f, "{sequence}"),
            Rule::Random(random) => write!(f, "{random}"),
            Rule::In(key) => write!(f, "in segment {}", Quoted(key)),
            Rule::NotIn(key) => write!(f, "not in segment {}", Quoted(key)),
        }
    }
}

impl Rule {
    pub(super) fn is_joined(&self) -> bool {
        matches!(self, Rule::All(_) | Rule::Any(_))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Filter::All(parts) => join(f, parts, " and ", |part| part.is_joined()),
            Filter::Any(parts) => join(f, parts, " or ", |part| matches!(part, Filter::Any(_))),
            Filter::Not(part) if part.is_joined() => write!(f, "not ({part})"),
            Filter::Not(part) => write!(f, "not {part}"),
            Filter::Property { path, test } => write!(f, "{path} {test}"),
            Filter::Link(link) => write!(f, "{link}"),
        }
    }
}

impl Filter {
    fn is_joined(&self) -> bool {
        matches!(self, Filter::All(_) | Filter::Any(_))
    }
}

/// `product.category = previous.category`.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.path, self.comparison.word(), self.to)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Attribute(path) => write!(f, "attribute {path}"),
            Reference::Previous(path) => write!(f, "previous.{}", path.inside()),
            Reference::First(path) => write!(f, "first.{}", path.inside()),
            Reference::Step(name, path) => write!(f, "{name}.{}", path.inside()),
        }
    }
}

/// Parts with a word between them; those that would be read differently stand in parentheses.
fn join<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    parts: &[T],
    word: &str,
    needs_parentheses: fn(&T) -> bool,
) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { word })?;
        match needs_parentheses(part) {
            true => write!(f, "({part})")?,
            false => write!(f, "{part}")?,
        }
    }
    Ok(())
}

/// `did "Product Viewed" where category = "shoes" at least 3 times within 7 days`.
impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_never = self.asked == Asked::Count(Count::AtMost(0));
        let negation = if is_never { " not" } else { "" };
        write!(f, "did{negation} {}", self.happening)?;
        if let Some(filter) = &self.filter {
            write!(f, " where {filter}")?;
        }
        match &self.asked {
            Asked::Count(Count::AtLeast(1) | Count::AtMost(0)) => {}
            Asked::Count(count) => write!(f, " {count}")?,
            Asked::First => f.write_str(" for the first time")?,
            Asked::Regularly { least, of, period } => {
                write!(
                    f,
                    " in at least {least} of the last {of} periods of {period}"
                )?;
            }
            Asked::Stopped {
                times,
                within,
                idle,
            } => {
                if *times != 1 {
                    write!(f, " {}", Count::AtLeast(*times))?;
                }
                if let Some(within) = within {
                    write!(f, " within {within}")?;
                }
                write!(f, " but not for {idle}")?;
            }
            Asked::Resumed { pause } => write!(f, " again after {pause}")?,
            Asked::Aggregate(aggregate) => write!(f, " {aggregate}")?,
        }
        write!(f, "{}", self.window)
    }
}

/// `with sum of revenue >= 100`.
impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "with {} of {} ", self.function.word(), self.path)?;
        match &self.to {
            Measure::Number(number) => write!(f, "{} {number}", self.comparison.word()),
            Measure::Range(from, to) => write!(f, "between {from} and {to}"),
            Measure::Attribute(path) => {
                write!(f, "{} attribute {path}", self.comparison.word())
            }
        }
    }
}

/// With a blank in front; nothing for ever.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Window::Ever => Ok(()),
            Window::Within(span) => write!(f, " within {span}"),
            Window::Before(span) => write!(f, " more than {span} ago"),
            Window::Ago { near, far } => write!(f, " between {near} and {far} ago"),
            Window::Dates(dates) => write!(f, " {dates}"),
            Window::Since(anchor) => {
                write!(f, " since last {}", anchor.happening)?;
                match &anchor.filter {
                    Some(filter) => write!(f, " where {filter}"),
                    None => Ok(()),
                }
            }
            Window::Calendar { unit, back } => match back {
                0 => write!(f, " this {}", unit.word()),
                1 => write!(f, " last {}", unit.word()),
                _ => write!(f, " {back} calendar {}s ago", unit.word()),
            },
        }
    }
}

/// `before "2026-11-22T00:00:00.000Z"`.
impl fmt::Display for Dates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (Some(from), Some(to)) => write!(f, "between \"{from}\" and \"{to}\""),
            (Some(from), None) => write!(f, "from \"{from}\""),
            (None, Some(to)) => write!(f, "before \"{to}\""),
            (None, None) => f.write_str("ever"),
        }
    }
}

/// `sequence "A" then within 1 day "B" without "C" then not "D" within 7 days`.
impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled(" then"))
    }
}

impl Sequence {
    /// The canonical text, with this for `then` and the blank in front of it.
    pub(super) fn spelled(&self, then: &str) -> String {
        let steps: Vec<String> = self.steps.iter().map(Step::to_string).collect();
        let mut text = format!("sequence{}", steps.join(then));
        if let Some(Absent { what, gap }) = &self.absent {
            text += then;
            text += &gap.map(|gap| format!(" within {gap}")).unwrap_or_default();
            text += &format!(" not {what}");
        }
        let lasting = self.lasting.map(|span| format!(" lasting at most {span}"));
        let within = self.within.map(|span| format!(" within {span}"));
        text + &lasting.unwrap_or_default() + &within.unwrap_or_default()
    }
}

/// With a blank in front.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(gap) = &self.gap {
            write!(f, " within {gap}")?;
        }
        write!(f, " {}", self.happening)?;
        if let Some(name) = &self.name {
            write!(f, " as {name}")?;
        }
        if let Some(filter) = &self.filter {
            write!(f, " where {filter}")?;
        }
        for without in &self.without {
            write!(f, " without {without}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Without {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.happening)?;
        match &self.filter {
            Some(filter) => write!(f, " where {filter}"),
            None => Ok(()),
        }
    }
}

/// `random "test" below 10 percent`.
impl fmt::Display for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (salt, from, to) = (Quoted(&self.salt), Percent(self.from), Percent(self.to));
        match (self.from, self.to) {
            (0, _) => write!(f, "random {salt} below {to} percent"),
            (_, PLACES) => write!(f, "random {salt} from {from} percent"),
            _ => write!(f, "random {salt} from {from} to {to} percent"),
        }
    }
}

/// `"Order Completed"`, `page "Pricing"`, `identify`.
impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, &self.name) {
            (Kind::Track, Some(name)) => write!(f, "{}", Quoted(name)),
            (kind, Some(name)) => write!(f, "{} {}", kind.word(), Quoted(name)),
            (kind, None) => f.write_str(kind.word()),
        }
    }
}
