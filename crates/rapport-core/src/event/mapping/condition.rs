//! Conditions: what must hold for a rule to take an item.
//!
//! An object of paths holds where all of its tests do; a list of such objects where one of them
//! does. A plain value must equal what is at the path.

use super::fuel::Fuel;
use super::node::Value;
use super::path::{Path, Scope};

/// Any of: all of. Empty holds always.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Condition {
    pub(super) any: Vec<Vec<(Path, Test)>>,
}

/// What a value must be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    Exists(bool),
    Equals(Value<'static>),
    OneOf(Vec<Value<'static>>),
    StartsWith(Box<str>),
    /// What is at another path.
    SameAs(Path),
    Not(Box<Test>),
}

impl Condition {
    pub(super) fn holds(&self, scope: &Scope<'_, '_>, fuel: &Fuel) -> bool {
        let all = |tests: &Vec<(Path, Test)>| {
            tests.iter().all(|(path, test)| {
                // What comes of it is thrown away, so it may as well be nothing.
                if fuel.is_empty() {
                    return false;
                }
                let value = path.value(scope);
                fuel.burn(value.as_ref().map_or(0, Value::bytes));
                test.holds(value.as_ref(), scope, fuel)
            })
        };
        self.any.is_empty() || self.any.iter().any(all)
    }
}

impl Test {
    fn holds(&self, value: Option<&Value<'_>>, scope: &Scope<'_, '_>, fuel: &Fuel) -> bool {
        match self {
            Test::Exists(wanted) => value.is_some() == *wanted,
            Test::Equals(wanted) => value.is_some_and(|value| value.equals(wanted)),
            Test::OneOf(wanted) => {
                value.is_some_and(|value| wanted.iter().any(|one| value.equals(one)))
            }
            Test::StartsWith(start) => match value {
                Some(Value::Text(text)) => text.starts_with(&**start),
                _ => false,
            },
            Test::SameAs(path) => match (value, path.value(scope)) {
                (Some(value), Some(other)) => {
                    fuel.burn(other.bytes());
                    value.equals(&other)
                }
                _ => false,
            },
            Test::Not(test) => !test.holds(value, scope, fuel),
        }
    }
}
