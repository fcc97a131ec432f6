//! Expressions: what a value of an event is made of.

use super::condition::Condition;
use super::fuel::Fuel;
use super::node::Value;
use super::path::{Each, Found, Scope};
use super::template::Template;
use crate::event::dialect::object::Builder;
use crate::json::Decimal;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Members of an object, each with what its name and its value are made of.
pub(super) type Members = Vec<(Template, Expression)>;

/// Items that one list may have. A list of more would make a larger event than there may be.
const ITEMS_MAX: usize = 20_000;

/// What a value is made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// A number, `true`, `false` or `null` as it is written.
    Constant(Box<str>),
    Template(Template),
    /// The first that is there.
    First(Vec<Expression>),
    /// One value for another.
    Choice {
        of: Box<Expression>,
        to: Vec<(Box<str>, Expression)>,
        otherwise: Option<Box<Expression>>,
    },
    Object(Members),
    /// A list of what each item becomes.
    List {
        each: Each,
        of: Box<Expression>,
    },
    /// The sum over every item of the product of these.
    Sum {
        each: Each,
        of: Vec<Expression>,
    },
    When {
        when: Condition,
        then: Box<Expression>,
        otherwise: Option<Box<Expression>>,
    },
}

impl Expression {
    /// The value, or nothing.
    pub(super) fn value<'a>(&'a self, scope: &Scope<'_, 'a>, fuel: &Fuel) -> Option<Value<'a>> {
        fuel.burn(0);
        if fuel.is_empty() {
            return None;
        }
        match self {
            Expression::Constant(raw) => Some(match &**raw {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Json(Cow::Borrowed("null")),
                raw => Value::Number(Cow::Borrowed(raw)),
            }),
            Expression::Template(template) => template.value(scope, fuel),
            Expression::First(all) => all.iter().find_map(|one| one.value(scope, fuel)),
            Expression::Choice { of, to, otherwise } => {
                let found = of.value(scope, fuel).and_then(Value::into_text);
                let chosen = found.and_then(|text| to.iter().find(|(from, _)| **from == *text));
                match chosen {
                    Some((_, expression)) => expression.value(scope, fuel),
                    None => otherwise.as_ref()?.value(scope, fuel),
                }
            }
            Expression::Object(members) => {
                let json = object(members, scope, fuel);
                Some(Value::Json(Cow::Owned(json.into_string()))).filter(|_| !members.is_empty())
            }
            Expression::List { each, of } => list(each, of, scope, fuel),
            Expression::Sum { each, of } => sum(each, of, scope, fuel),
            Expression::When {
                when,
                then,
                otherwise,
            } => {
                if when.holds(scope, fuel) {
                    then.value(scope, fuel)
                } else {
                    otherwise.as_ref()?.value(scope, fuel)
                }
            }
        }
    }

    /// The value as text.
    pub(super) fn text<'a>(&'a self, scope: &Scope<'_, 'a>, fuel: &Fuel) -> Option<Cow<'a, str>> {
        self.value(scope, fuel)?.into_text()
    }
}

/// An object of those members whose values are there.
pub(super) fn object<'a>(members: &'a Members, scope: &Scope<'_, 'a>, fuel: &Fuel) -> Box<str> {
    let mut object = Builder::new();
    let mut names = BTreeSet::new();
    for (name, expression) in members {
        let Some(value) = expression.value(scope, fuel) else {
            continue;
        };
        let Some(name) = name.value(scope, fuel).and_then(Value::into_text) else {
            continue;
        };
        fuel.burn(value.bytes() + name.len());
        // A name that is made of what was sent may be that of another member.
        if !names.contains(&name) {
            object.put(&name, &value.into_json());
            names.insert(name);
        }
    }
    object.finish()
}

/// The scopes of every item of a list.
fn items<'s, 'a>(each: &Each, scope: &Scope<'s, 'a>, fuel: &Fuel) -> Option<Vec<Scope<'s, 'a>>> {
    let item = *scope.levels.last()?;
    let found = each.find(item, ITEMS_MAX);
    if found.len() > ITEMS_MAX {
        fuel.drain();
        return None;
    }
    let inner = |found: Found<'s, 'a>| {
        let mut levels = scope.levels.clone();
        levels.extend(found.levels);
        Scope {
            levels,
            headers: scope.headers,
        }
    };
    Some(found.into_iter().map(inner).collect())
}

/// A sum of which no part may be missing: half a sum would be a wrong number.
fn sum<'a>(
    each: &Each,
    of: &'a [Expression],
    scope: &Scope<'_, 'a>,
    fuel: &Fuel,
) -> Option<Value<'a>> {
    let mut sum: Option<Decimal> = None;
    for inner in items(each, scope, fuel)? {
        let mut product = Decimal::whole(1);
        for factor in of {
            let text = factor.value(&inner, fuel)?.into_text()?;
            product = product.checked_times(Decimal::parse(text.trim())?)?;
        }
        sum = Some(sum.unwrap_or_default().checked_plus(product)?);
    }
    sum.map(|sum| Value::Number(Cow::Owned(sum.to_string())))
}

fn list<'a>(
    each: &Each,
    of: &'a Expression,
    scope: &Scope<'_, 'a>,
    fuel: &Fuel,
) -> Option<Value<'a>> {
    let mut json = String::from("[");
    for inner in items(each, scope, fuel)? {
        let Some(value) = of.value(&inner, fuel) else {
            continue;
        };
        fuel.burn(value.bytes());
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(&value.into_json());
    }
    let is_empty = json.len() == 1;
    json.push(']');
    (!is_empty).then_some(Value::Json(Cow::Owned(json)))
}
