//! The canonical text of rules: from rule to text.

use super::{Did, Filter, Happening, Rule};
use crate::event::Kind;
use crate::segment::count::Count;
use crate::segment::literal::Quoted;
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
            Rule::Attribute { path, test } => write!(f, "attribute {path} {test}"),
            Rule::Did(did) => write!(f, "{did}"),
            Rule::In(key) => write!(f, "in segment {}", Quoted(key)),
            Rule::NotIn(key) => write!(f, "not in segment {}", Quoted(key)),
        }
    }
}

impl Rule {
    fn is_joined(&self) -> bool {
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
        }
    }
}

impl Filter {
    fn is_joined(&self) -> bool {
        matches!(self, Filter::All(_) | Filter::Any(_))
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
        let negation = if self.count == Count::AtMost(0) {
            " not"
        } else {
            ""
        };
        write!(f, "did{negation} {}", self.happening)?;
        if let Some(filter) = &self.filter {
            write!(f, " where {filter}")?;
        }
        let ending = if self.count.times() == 1 { "" } else { "s" };
        match self.count {
            Count::AtLeast(1) | Count::AtMost(0) => {}
            Count::AtLeast(times) => write!(f, " at least {times} time{ending}")?,
            Count::AtMost(times) => write!(f, " at most {times} time{ending}")?,
            Count::Exactly(times) => write!(f, " exactly {times} time{ending}")?,
        }
        match self.window {
            Some(window) => write!(f, " within {window}"),
            None => Ok(()),
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
