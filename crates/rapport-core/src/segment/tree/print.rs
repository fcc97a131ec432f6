//! From rule to JSON text, which keeps the digits of numbers.

use super::{Count, Did, Filter, Happening, Kind, Literal, Path, Quoted, Rule, Takes, Test};

/// The JSON spelling of a rule, as text.
#[must_use]
pub fn print(rule: &Rule) -> String {
    match rule {
        Rule::All(parts) => object(&[("all", list(parts, print))]),
        Rule::Any(parts) => object(&[("any", list(parts, print))]),
        Rule::Not(part) => object(&[("not", print(part))]),
        Rule::Attribute { path, test } => tested("attribute", path, test),
        Rule::Did(did) => condition(did),
        Rule::In(key) => object(&[("in_segment", string(key))]),
        Rule::NotIn(key) => object(&[("not_in_segment", string(key))]),
    }
}

fn condition(did: &Did) -> String {
    let word = if did.count == Count::AtMost(0) {
        "did_not"
    } else {
        "did"
    };
    let mut members = vec![(word, happening(&did.happening))];
    if let Some(filter) = &did.filter {
        members.push(("where", print_filter(filter)));
    }
    match did.count {
        Count::AtLeast(1) | Count::AtMost(0) => {}
        Count::AtLeast(times) => members.push(("at_least", times.to_string())),
        Count::AtMost(times) => members.push(("at_most", times.to_string())),
        Count::Exactly(times) => members.push(("exactly", times.to_string())),
    }
    if let Some(window) = did.window {
        members.push(("within", string(&window.to_string())));
    }
    object(&members)
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
    }
}

fn tested(word: &str, path: &Path, test: &Test) -> String {
    let operator = test.operator();
    let mut members = vec![
        (word, string(&path.to_string())),
        ("operator", string(operator.word)),
    ];
    match (operator.takes, test.operands()) {
        (Takes::List, operands) => members.push(("values", list(operands, Literal::to_string))),
        (_, [operand]) => members.push(("value", operand.to_string())),
        _ => {}
    }
    object(&members)
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(key, value)| format!("{}:{value}", Quoted(key)))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn list<T>(items: &[T], print: impl Fn(&T) -> String) -> String {
    let items: Vec<_> = items.iter().map(print).collect();
    format!("[{}]", items.join(","))
}

fn string(text: &str) -> String {
    Quoted(text).to_string()
}
