//! The oracle's rules, and how they are spelled.

use super::KEYS;
use crate::event::Kind;
use serde_json::Value;

#[derive(Clone, Debug)]
pub(super) enum Rule {
    All(Vec<Rule>),
    Any(Vec<Rule>),
    Not(Box<Rule>),
    Held(Box<Rule>, i64),
    Attribute(Test),
    Did(Did),
    Sequence(Sequence),
    In(usize),
    NotIn(usize),
}

pub(super) type What = (Kind, Option<&'static str>);

#[derive(Clone, Debug)]
pub(super) struct Did {
    pub(super) what: What,
    pub(super) filter: Option<Filter>,
    /// A property, a comparison, and the attribute it is compared with.
    pub(super) link: Option<(&'static str, &'static str, &'static str)>,
    pub(super) asked: Asked,
    pub(super) window: Window,
}

#[derive(Clone, Debug)]
pub(super) enum Asked {
    Count(Count),
    First,
    Regularly(usize, usize, i64),
    Stopped(usize, Option<i64>, i64),
    Resumed(i64),
    /// Function, property, comparison, and thousandths or an attribute.
    Total(
        &'static str,
        &'static str,
        &'static str,
        Result<i64, &'static str>,
    ),
}

#[derive(Clone, Debug)]
pub(super) enum Window {
    Ever,
    Within(i64),
    Before(i64),
    Ago(i64, i64),
    /// In milliseconds behind the start of the world.
    Dates(Option<i64>, Option<i64>),
    Since(What, Option<Filter>),
    Calendar(&'static str, i64),
}

#[derive(Clone, Debug)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Property(Test),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Count {
    Once,
    Never,
    AtLeast(usize),
    AtMost(usize),
    Exactly(usize),
    Between(usize, usize),
}

#[derive(Clone, Debug)]
pub(super) struct Test {
    pub(super) path: &'static str,
    pub(super) operator: &'static str,
    pub(super) operand: Value,
}

#[derive(Clone, Debug)]
pub(super) struct Sequence {
    pub(super) steps: Vec<Step>,
    pub(super) absent: Option<(Step, Option<i64>)>,
    pub(super) lasting: Option<i64>,
    pub(super) within: Option<i64>,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) what: What,
    pub(super) filter: Option<Filter>,
    pub(super) join: Option<Join>,
    pub(super) gap: Option<i64>,
    pub(super) without: Option<Box<Step>>,
}

/// A property, a comparison, and a property of an earlier step: `previous`, `first` or `one`.
#[derive(Clone, Debug)]
pub(super) struct Join(
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) &'static str,
);

impl Rule {
    pub(super) fn text(&self) -> String {
        match self {
            Rule::All(parts) => spelled(parts.iter().map(Rule::text), " and "),
            Rule::Any(parts) => spelled(parts.iter().map(Rule::text), " or "),
            Rule::Not(part) => format!("not ({})", part.text()),
            Rule::Held(part, s) => format!("for {s} seconds ({})", part.text()),
            Rule::Attribute(test) => match test.path.split_once(' ') {
                Some(_) => test.text(),
                None => format!("attribute {}", test.text()),
            },
            Rule::In(segment) => format!("in segment \"{}\"", KEYS[*segment]),
            Rule::NotIn(segment) => format!("not in segment \"{}\"", KEYS[*segment]),
            Rule::Did(did) => did.text(),
            Rule::Sequence(sequence) => sequence.text(),
        }
    }
}

impl Did {
    fn text(&self) -> String {
        let negation = match self.asked {
            Asked::Count(Count::Never) => " not",
            _ => "",
        };
        let mut filters: Vec<String> = self
            .filter
            .iter()
            .map(|f| format!("({})", f.text()))
            .collect();
        filters.extend(
            self.link
                .map(|(path, op, to)| format!("{path} {op} attribute {to}")),
        );
        let filter = match filters.is_empty() {
            true => String::new(),
            false => format!(" where {}", filters.join(" and ")),
        };
        let asked = match &self.asked {
            Asked::Count(Count::Once | Count::Never) => String::new(),
            Asked::Count(Count::AtLeast(times)) => format!(" at least {times} times"),
            Asked::Count(Count::AtMost(times)) => format!(" at most {times} times"),
            Asked::Count(Count::Exactly(times)) => format!(" exactly {times} times"),
            Asked::Count(Count::Between(a, b)) => format!(" between {a} and {b} times"),
            Asked::First => " for the first time".to_owned(),
            Asked::Regularly(least, of, s) => {
                format!(" in at least {least} of the last {of} periods of {s} seconds")
            }
            Asked::Stopped(times, within, idle) => {
                let within = within
                    .map(|s| format!(" within {s} seconds"))
                    .unwrap_or_default();
                format!(" at least {times} times{within} but not for {idle} seconds")
            }
            Asked::Resumed(s) => format!(" again after {s} seconds"),
            Asked::Total(function, path, op, to) => {
                let to = match to {
                    Ok(thousandths) => (*thousandths as f64 / 1_000.0).to_string(),
                    Err(attribute) => format!("attribute {attribute}"),
                };
                format!(" with {function} of {path} {op} {to}")
            }
        };
        format!(
            "did{negation} {}{filter}{asked}{}",
            named(self.what),
            self.window.text()
        )
    }
}

pub(super) fn named(what: What) -> String {
    match what {
        (Kind::Track, Some(name)) => format!("\"{name}\""),
        (kind, Some(name)) => format!("{} \"{name}\"", kind.word()),
        (kind, None) => kind.word().to_owned(),
    }
}

impl Window {
    pub(super) fn text(&self) -> String {
        let date = |ms: &i64| format!("\"{}\"", crate::time::Millis(super::START + ms));
        match self {
            Window::Ever => String::new(),
            Window::Within(s) => format!(" within {s} seconds"),
            Window::Before(s) => format!(" more than {s} seconds ago"),
            Window::Ago(near, far) => format!(" between {near} and {far} seconds ago"),
            Window::Dates(Some(from), Some(to)) => {
                format!(" between {} and {}", date(from), date(to))
            }
            Window::Dates(Some(from), None) => format!(" from {}", date(from)),
            Window::Dates(_, to) => format!(" before {}", date(&to.unwrap_or(0))),
            Window::Since(what, filter) => {
                let filter = filter.as_ref().map(|f| format!(" where ({})", f.text()));
                format!(" since last {}{}", named(*what), filter.unwrap_or_default())
            }
            Window::Calendar(unit, 0) => format!(" this {unit}"),
            Window::Calendar(unit, back) => format!(" {back} calendar {unit}s ago"),
        }
    }
}

impl Sequence {
    fn text(&self) -> String {
        let mut text = String::from("sequence ");
        for (nth, step) in self.steps.iter().enumerate() {
            if nth > 0 {
                text += " then ";
                text += &step
                    .gap
                    .map(|s| format!("within {s} seconds "))
                    .unwrap_or_default();
            }
            text += &step.text(if nth == 0 { " as one" } else { "" });
            if let Some(without) = &step.without {
                text += &format!(" without {}", without.text(""));
            }
        }
        if let Some((step, gap)) = &self.absent {
            text += " then ";
            text += &gap
                .map(|s| format!("within {s} seconds "))
                .unwrap_or_default();
            text += &format!("not {}", step.text(""));
        }
        text += &self
            .lasting
            .map(|s| format!(" lasting at most {s} seconds"))
            .unwrap_or_default();
        text += &self
            .within
            .map(|s| format!(" within {s} seconds"))
            .unwrap_or_default();
        text
    }
}

impl Step {
    fn text(&self, name: &str) -> String {
        let mut filters: Vec<String> = self
            .filter
            .iter()
            .map(|f| format!("({})", f.text()))
            .collect();
        let join = self.join.as_ref();
        filters.extend(join.map(|Join(path, op, step, of)| format!("{path} {op} {step}.{of}")));
        let filter = match filters.is_empty() {
            true => String::new(),
            false => format!(" where {}", filters.join(" and ")),
        };
        format!("{}{name}{filter}", named(self.what))
    }
}

impl Filter {
    pub(super) fn text(&self) -> String {
        match self {
            Filter::All(parts) => spelled(parts.iter().map(Filter::text), " and "),
            Filter::Any(parts) => spelled(parts.iter().map(Filter::text), " or "),
            Filter::Not(part) => format!("not ({})", part.text()),
            Filter::Property(test) => test.text(),
        }
    }
}

fn spelled(parts: impl Iterator<Item = String>, word: &str) -> String {
    let parts: Vec<_> = parts.map(|part| format!("({part})")).collect();
    parts.join(word)
}

impl Test {
    pub(super) fn text(&self) -> String {
        match &self.operand {
            Value::Null => format!("{} {}", self.path, self.operator),
            Value::Array(list) if self.operator == "between" => {
                format!("{} between {} and {}", self.path, list[0], list[1])
            }
            Value::Array(list) => {
                let list: Vec<_> = list.iter().map(Value::to_string).collect();
                format!("{} {} ({})", self.path, self.operator, list.join(", "))
            }
            Value::Object(span) => {
                let (unit, amount) = span.iter().next().unwrap();
                format!("{} {} {amount} {unit}", self.path, self.operator)
            }
            operand => format!("{} {} {operand}", self.path, self.operator),
        }
    }
}
