//! From rule to JSON text, which keeps the digits of numbers.

use crate::event::Kind;
use crate::segment::count::Count;
use crate::segment::literal::{Literal, Quoted};
use crate::segment::operator::{Takes, Test};
use crate::segment::path::Path;
use crate::segment::random::Percent;
use crate::segment::rule::{
    Absent, Aggregate, Asked, Did, Filter, Happening, Link, Measure, Reference, Rule, Sequence,
    Step, Without,
};
use crate::segment::window::Window;

/// The JSON spelling of a rule, as text.
#[must_use]
pub fn print(rule: &Rule) -> String {
    match rule {
        Rule::All(parts) => object(&[("all", list(parts, print))]),
        Rule::Any(parts) => object(&[("any", list(parts, print))]),
        Rule::Not(part) => object(&[("not", print(part))]),
        Rule::Held { rule, span } => object(&[("for", text(span)), ("rule", print(rule))]),
        Rule::Known { fact, path, test } => tested(fact.word, path, test),
        Rule::Did(did) => condition(did),
        Rule::Sequence(sequence) => print_sequence(sequence),
        Rule::Random(random) => object(&[
            ("random", string(&random.salt)),
            ("from", Percent(random.from).to_string()),
            ("below", Percent(random.to).to_string()),
        ]),
        Rule::In(key) => object(&[("in_segment", string(key))]),
        Rule::NotIn(key) => object(&[("not_in_segment", string(key))]),
    }
}

pub(super) type Members = Vec<(&'static str, String)>;

fn condition(did: &Did) -> String {
    let word = match did.asked {
        Asked::Count(Count::AtMost(0)) => "did_not",
        _ => "did",
    };
    let mut members = what(word, &did.happening, did.filter.as_ref());
    match &did.asked {
        Asked::Count(count) => members.extend(counted(*count)),
        Asked::First => members.push(("first_time", "true".to_owned())),
        Asked::Regularly { least, of, period } => {
            let (least, of) = (least.to_string(), of.to_string());
            let said = object(&[("at_least", least), ("of", of), ("period", text(period))]);
            members.push(("regularly", said));
        }
        Asked::Stopped {
            times,
            within,
            idle,
        } => {
            members.extend(counted(Count::AtLeast(*times)));
            members.extend(within.as_ref().map(|within| ("within", text(within))));
            members.push(("but_not_for", text(idle)));
        }
        Asked::Resumed { pause } => members.push(("again_after", text(pause))),
        Asked::Aggregate(aggregate) => members.push(("with", print_aggregate(aggregate))),
    }
    members.extend(windowed(&did.window));
    object(&members)
}

fn counted(count: Count) -> Option<(&'static str, String)> {
    Some(match count {
        Count::AtLeast(1) | Count::AtMost(0) => return None,
        Count::AtLeast(times) => ("at_least", times.to_string()),
        Count::AtMost(times) => ("at_most", times.to_string()),
        Count::Exactly(times) => ("exactly", times.to_string()),
        Count::Between(least, most) => ("between_times", format!("[{least},{most}]")),
    })
}

fn print_aggregate(aggregate: &Aggregate) -> String {
    let comparison = string(aggregate.comparison.word());
    let (operator, to) = match &aggregate.to {
        Measure::Number(number) => (comparison, ("value", number.to_string())),
        Measure::Range(from, to) => (string("between"), ("values", format!("[{from},{to}]"))),
        Measure::Attribute(path) => (comparison, ("attribute", text(path))),
    };
    object(&[
        ("function", string(aggregate.function.word())),
        ("property", text(&aggregate.path)),
        ("operator", operator),
        to,
    ])
}

pub(super) fn windowed(window: &Window) -> Members {
    match window {
        Window::Ever => Vec::new(),
        Window::Within(span) => vec![("within", text(span))],
        Window::Before(span) => vec![("more_than_ago", text(span))],
        Window::Ago { near, far } => vec![("ago", list(&[near, far], |span| text(*span)))],
        Window::Dates(dates) => {
            let from = dates.from.map(|from| ("from", text(&from)));
            let to = dates.to.map(|to| ("before", text(&to)));
            from.into_iter().chain(to).collect()
        }
        Window::Since(anchor) => {
            let said = what("did", &anchor.happening, anchor.filter.as_ref());
            vec![("since_last", object(&said))]
        }
        Window::Calendar { unit, back } => {
            let said = [("unit", string(unit.word())), ("back", back.to_string())];
            vec![("calendar", object(&said))]
        }
    }
}

fn print_sequence(sequence: &Sequence) -> String {
    let steps = sequence.steps.iter().map(print_step);
    let absent = sequence.absent.iter().map(|Absent { what: absent, gap }| {
        let mut members = what("did_not", &absent.happening, absent.filter.as_ref());
        members.extend(gap.as_ref().map(|gap| ("within", text(gap))));
        object(&members)
    });
    let steps: Vec<String> = steps.chain(absent).collect();
    let mut members = vec![("sequence", list(&steps, String::clone))];
    members.extend(
        sequence
            .lasting
            .map(|span| ("lasting_at_most", text(&span))),
    );
    members.extend(sequence.within.map(|span| ("within", text(&span))));
    object(&members)
}

fn print_step(step: &Step) -> String {
    let mut members = what("did", &step.happening, step.filter.as_ref());
    members.extend(step.name.as_ref().map(|name| ("as", string(name))));
    members.extend(step.gap.map(|gap| ("within", text(&gap))));
    if !step.without.is_empty() {
        let without =
            |without: &Without| object(&what("did", &without.happening, without.filter.as_ref()));
        members.push(("without", list(&step.without, without)));
    }
    object(&members)
}

pub(super) fn what(word: &'static str, what: &Happening, filter: Option<&Filter>) -> Members {
    let mut members = vec![(word, happening(what))];
    members.extend(filter.map(|filter| ("where", print_filter(filter))));
    members
}

fn happening(happening: &Happening) -> String {
    match (happening.kind, &happening.name) {
        (Kind::Track, Some(name)) => string(name),
        (kind, Some(name)) => object(&[("type", string(kind.word())), ("name", string(name))]),
        (kind, None) => object(&[("type", string(kind.word()))]),
    }
}

fn print_filter(filter: &Filter) -> String {
    match filter {
        Filter::All(parts) => object(&[("all", list(parts, print_filter))]),
        Filter::Any(parts) => object(&[("any", list(parts, print_filter))]),
        Filter::Not(part) => object(&[("not", print_filter(part))]),
        Filter::Property { path, test } => tested("property", path, test),
        Filter::Link(link) => print_link(link),
    }
}

fn print_link(link: &Link) -> String {
    let mut members = vec![
        ("property", text(&link.path)),
        ("operator", string(link.comparison.word())),
    ];
    match &link.to {
        Reference::Attribute(path) => members.push(("attribute", text(path))),
        Reference::Previous(path) => members.push(("previous", text(path))),
        Reference::First(path) => members.push(("first", text(path))),
        Reference::Step(name, path) => {
            members.extend([("step", string(name)), ("of", text(path))]);
        }
    }
    object(&members)
}

fn tested(word: &str, path: &Path, test: &Test) -> String {
    let operator = test.operator();
    let mut members = vec![(word, text(path)), ("operator", string(operator.word))];
    match (operator.takes, test.operands()) {
        (Takes::List | Takes::Range, operands) => members.push(("values", list(operands, literal))),
        (_, [operand]) => members.push(("value", literal(operand))),
        _ => {}
    }
    object(&members)
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Span(span) => text(span),
        other => other.to_string(),
    }
}

pub(super) fn object(members: &[(&str, String)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(key, value)| format!("{}:{value}", Quoted(key)))
        .collect();
    format!("{{{}}}", members.join(","))
}

pub(super) fn list<T>(items: &[T], print: impl Fn(&T) -> String) -> String {
    let items: Vec<_> = items.iter().map(print).collect();
    format!("[{}]", items.join(","))
}

pub(super) fn text(text: &impl std::fmt::Display) -> String {
    string(&text.to_string())
}

pub(super) fn string(text: &str) -> String {
    Quoted(text).to_string()
}
