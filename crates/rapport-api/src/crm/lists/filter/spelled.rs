//! Rules of segments as filters of lists, where filters can say them.

use rapport_core::crm::contact::attribute_of;
use rapport_core::crm::{ObjectType, Property};
use rapport_core::segment::literal::Literal;
use rapport_core::segment::operator::Test;
use rapport_core::segment::rule::Rule;
use serde_json::{Value, json};

/// The tree of filters that says the same; `None` where there is none.
pub(in crate::crm::lists) fn spelled(contacts: &ObjectType, rule: &Rule) -> Option<Value> {
    let alternatives = match rule {
        Rule::Any(parts) if asked(contacts, rule).is_none() => parts.as_slice(),
        _ => std::slice::from_ref(rule),
    };
    let branches = alternatives
        .iter()
        .map(|one| all(contacts, one))
        .collect::<Option<Vec<_>>>()?;
    Some(branch("OR", branches, Vec::new()))
}

fn branch(kind: &str, branches: Vec<Value>, filters: Vec<Value>) -> Value {
    json!({
        "filterBranchType": kind,
        "filterBranchOperator": if kind == "OR" || kind == "NOT_ANY" { "OR" } else { "AND" },
        "filterBranches": branches,
        "filters": filters,
    })
}

/// What must hold together.
fn all(contacts: &ObjectType, rule: &Rule) -> Option<Value> {
    let parts = match rule {
        Rule::All(parts) => parts.as_slice(),
        _ => std::slice::from_ref(rule),
    };
    let (mut branches, mut filters) = (Vec::new(), Vec::new());
    for part in parts {
        if let Some(filter) = filter(contacts, part) {
            filters.push(filter);
            continue;
        }
        branches.push(match part {
            Rule::Any(_) => spelled(contacts, part)?,
            Rule::All(_) => all(contacts, part)?,
            Rule::Not(inner) => {
                let inner = all(contacts, inner)?;
                branch("NOT_ALL", vec![inner], Vec::new())
            }
            _ => return None,
        });
    }
    Some(branch("AND", branches, filters))
}

/// One condition as one filter.
fn filter(contacts: &ObjectType, rule: &Rule) -> Option<Value> {
    let (part, holds) = match rule {
        Rule::Not(part) => (&**part, false),
        part => (part, true),
    };
    let (property, test) = asked(contacts, part)?;
    let operation = operation(test, holds)?;
    Some(json!({ "filterType": "PROPERTY", "property": property, "operation": operation }))
}

/// What is asked of a property: of its attribute, or of the first of several that there is.
fn asked<'a>(contacts: &'a ObjectType, rule: &'a Rule) -> Option<(&'a str, &'a Test)> {
    let known = match rule {
        Rule::Any(parts) => match parts.as_slice() {
            [first, Rule::All(others)] => {
                let (attribute, _) = known(first)?;
                let (otherwise, none) = known(others.first()?)?;
                let is_chain = otherwise == attribute && none.operator().word == "not exists";
                is_chain.then(|| known(first))??
            }
            _ => return None,
        },
        rule => known(rule)?,
    };
    Some((property_of(contacts, known.0)?, known.1))
}

fn known(rule: &Rule) -> Option<(&str, &Test)> {
    match rule {
        Rule::Known { fact, path, test } if fact.word == "attribute" && path.names().len() == 1 => {
            Some((path.split().0, test))
        }
        _ => None,
    }
}

/// The property of contacts that shows an attribute.
fn property_of<'a>(contacts: &'a ObjectType, attribute: &str) -> Option<&'a str> {
    let mut properties = contacts.in_use();
    let shows = |property: &&Property| attribute_of(&property.name) == attribute;
    properties.find(shows).map(|property| &*property.name)
}

fn operation(test: &Test, holds: bool) -> Option<Value> {
    let operands = test.operands();
    let texts = || operands.iter().map(text).collect::<Option<Vec<_>>>();
    let (kind, operator, others) = match (test.operator().word, operands, holds) {
        ("exists", ..) => (
            "ALL_PROPERTY",
            if holds { "IS_KNOWN" } else { "IS_UNKNOWN" },
            json!({}),
        ),
        ("not exists", _, true) => ("ALL_PROPERTY", "IS_UNKNOWN", json!({})),
        ("=", [Literal::Number(number)], _) => {
            let number: Value = serde_json::from_str(&number.to_string()).ok()?;
            ("NUMBER", equal(holds), json!({ "value": number }))
        }
        ("=", [Literal::Bool(value)], _) => ("BOOL", equal(holds), json!({ "value": value })),
        ("=", [Literal::Text(text)], _) => {
            ("MULTISTRING", equal(holds), json!({ "values": [text] }))
        }
        ("in", _, _) => {
            let operator = if holds { "IS_ANY_OF" } else { "IS_NONE_OF" };
            ("ENUMERATION", operator, json!({ "values": texts()? }))
        }
        ("contains" | "contains any of", _, _) => {
            let operator = if holds {
                "CONTAINS"
            } else {
                "DOES_NOT_CONTAIN"
            };
            ("MULTISTRING", operator, json!({ "values": texts()? }))
        }
        ("starts with", _, true) => ("MULTISTRING", "STARTS_WITH", json!({ "values": texts()? })),
        ("ends with", _, true) => ("MULTISTRING", "ENDS_WITH", json!({ "values": texts()? })),
        (word, [Literal::Number(number)], true) => {
            let operator = match word {
                ">" => "IS_GREATER_THAN",
                ">=" => "IS_GREATER_THAN_OR_EQUAL_TO",
                "<" => "IS_LESS_THAN",
                "<=" => "IS_LESS_THAN_OR_EQUAL_TO",
                _ => return None,
            };
            let number: Value = serde_json::from_str(&number.to_string()).ok()?;
            ("NUMBER", operator, json!({ "value": number }))
        }
        _ => return None,
    };
    let mut operation = others;
    operation["operationType"] = json!(kind);
    operation["operator"] = json!(operator);
    operation["includeObjectsWithNoValueSet"] = json!(!holds && kind != "ALL_PROPERTY");
    Some(operation)
}

fn equal(holds: bool) -> &'static str {
    if holds {
        "IS_EQUAL_TO"
    } else {
        "IS_NOT_EQUAL_TO"
    }
}

fn text(literal: &Literal) -> Option<String> {
    match literal {
        Literal::Text(text) => Some(text.to_string()),
        Literal::Number(number) => Some(number.to_string()),
        Literal::Bool(value) => Some(value.to_string()),
        Literal::Span(_) => None,
    }
}
