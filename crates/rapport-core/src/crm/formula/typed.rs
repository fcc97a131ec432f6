//! Checks that what a formula names is there, and that it mixes only what mixes.

use super::Error;
use super::function::Function;
use super::rollup::{Aggregate, Rollup};
use super::tree::{Expression, Node, Operator};
use crate::crm::definitions::Definitions;
use crate::crm::object::ObjectType;
use crate::crm::property::{Kind, Property};
use crate::crm::value::Value;
use crate::segment::error::nearest;
use std::fmt;

/// What the values of a part of a formula are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// Texts.
    Text,
    /// Numbers.
    Number,
    /// `true` and `false`.
    Bool,
    /// Days.
    Date,
    /// Instants.
    Instant,
}

impl Type {
    /// What the values of a property are to a formula.
    #[must_use]
    pub fn of(property: &Property) -> Type {
        match property.kind {
            Kind::Bool => Type::Bool,
            Kind::Date => Type::Date,
            Kind::DateTime => Type::Instant,
            Kind::Number => Type::Number,
            Kind::Enumeration | Kind::PhoneNumber | Kind::String => Type::Text,
        }
    }

    /// Whether a property of this kind can hold such values.
    #[must_use]
    pub fn fits(self, kind: Kind) -> bool {
        match self {
            Type::Text => matches!(kind, Kind::String | Kind::Enumeration | Kind::PhoneNumber),
            Type::Number => kind == Kind::Number,
            Type::Bool => kind == Kind::Bool,
            Type::Date => kind == Kind::Date,
            Type::Instant => kind == Kind::DateTime,
        }
    }

    /// Whether this is a value of the type.
    #[must_use]
    pub fn fits_value(self, value: &Value) -> bool {
        match value {
            Value::Text(_) => self == Type::Text,
            Value::Number(_) => self == Type::Number,
            Value::Bool(_) => self == Type::Bool,
            Value::Date(_) => self == Type::Date,
            Value::Instant(_) => self == Type::Instant,
            Value::Options(_) => false,
        }
    }

    fn is_moment(self) -> bool {
        matches!(self, Type::Date | Type::Instant)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Text => "a text",
            Type::Number => "a number",
            Type::Bool => "true or false",
            Type::Date => "a day",
            Type::Instant => "an instant",
        })
    }
}

/// What the values of a formula of this type's records are.
pub(super) fn check(
    text: &str,
    tree: &Expression,
    definitions: &Definitions,
    object: &ObjectType,
) -> Result<Type, Error> {
    let check = Check {
        text,
        definitions,
        object,
    };
    check.of(tree)
}

struct Check<'a> {
    text: &'a str,
    definitions: &'a Definitions,
    object: &'a ObjectType,
}

impl Check<'_> {
    fn of(&self, tree: &Expression) -> Result<Type, Error> {
        Ok(match &tree.node {
            Node::Number(_) => Type::Number,
            Node::Text(_) => Type::Text,
            Node::Bool(_) => Type::Bool,
            Node::Property(name) => Type::of(self.property(self.object, tree.at, name)?),
            Node::Negative(of) => self.expect(of, Type::Number)?,
            Node::Not(of) => self.expect(of, Type::Bool)?,
            Node::Binary(operator, left, right) => self.binary(tree.at, *operator, left, right)?,
            Node::Call(function, arguments) => self.call(tree.at, *function, arguments)?,
            Node::Rollup(rollup) => self.rollup(tree.at, rollup)?,
        })
    }

    fn error(&self, at: usize, message: impl Into<Box<str>>) -> Error {
        Error::at(self.text, at, message)
    }

    fn expect(&self, tree: &Expression, wanted: Type) -> Result<Type, Error> {
        let found = self.of(tree)?;
        match found == wanted {
            true => Ok(found),
            false => Err(self.error(tree.at, format!("{wanted} is needed here, not {found}"))),
        }
    }

    fn moment(&self, tree: &Expression) -> Result<Type, Error> {
        let found = self.of(tree)?;
        match found.is_moment() {
            true => Ok(found),
            false => Err(self.error(
                tree.at,
                format!("a day or an instant is needed here, not {found}"),
            )),
        }
    }

    /// One type for all of them.
    fn same(&self, trees: &[Expression]) -> Result<Type, Error> {
        let mut found = None;
        for tree in trees {
            let this = self.of(tree)?;
            let first = *found.get_or_insert(this);
            if first != this {
                let message = format!("this is {this}, and what stands before it is {first}");
                return Err(self.error(tree.at, message));
            }
        }
        found.ok_or_else(|| self.error(0, "a value is missing"))
    }

    fn property<'a>(
        &self,
        object: &'a ObjectType,
        at: usize,
        name: &str,
    ) -> Result<&'a Property, Error> {
        if let Some(property) = object.property(name) {
            return Ok(property);
        }
        let message = format!("{} have no property `{name}`", object.head.name);
        let names = object.in_use().map(|property| &*property.name);
        let near = nearest(name, names);
        let error = self.error(at, message);
        Err(match near {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error,
        })
    }

    fn binary(
        &self,
        at: usize,
        operator: Operator,
        left: &Expression,
        right: &Expression,
    ) -> Result<Type, Error> {
        let binding = match operator {
            Operator::And | Operator::Or => Some(Type::Bool),
            Operator::Minus | Operator::Times | Operator::Over | Operator::Rest => {
                Some(Type::Number)
            }
            _ => None,
        };
        if let Some(wanted) = binding {
            self.expect(left, wanted)?;
            return self.expect(right, wanted);
        }
        let (a, b) = (self.of(left)?, self.of(right)?);
        if operator == Operator::Plus {
            return match (a, b) {
                (Type::Number, Type::Number) => Ok(Type::Number),
                (Type::Text, Type::Text) => Ok(Type::Text),
                _ => {
                    let error = self.error(at, format!("{a} and {b} cannot be added"));
                    Err(error.with_help("use `add_days`, `concat` or `text`"))
                }
            };
        }
        let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        let compares = a == b || (a.is_moment() && b.is_moment());
        match compares && (is_equality || a != Type::Bool) {
            true => Ok(Type::Bool),
            false => {
                let message = format!("{a} and {b} cannot be compared by `{}`", operator.word());
                Err(self.error(at, message))
            }
        }
    }

    fn call(&self, at: usize, function: Function, arguments: &[Expression]) -> Result<Type, Error> {
        let [first, rest @ ..] = arguments else {
            return Err(self.error(at, "a value is missing"));
        };
        let all = |wanted: Type| {
            arguments
                .iter()
                .try_for_each(|of| self.expect(of, wanted).map(drop))
        };
        let numbers = |of: &[Expression]| {
            of.iter()
                .try_for_each(|of| self.expect(of, Type::Number).map(drop))
        };
        match function {
            Function::If => {
                self.expect(first, Type::Bool)?;
                self.same(rest)
            }
            Function::IsKnown => self.of(first).map(|_| Type::Bool),
            Function::Text => self.of(first).map(|_| Type::Text),
            Function::Default => self.same(arguments),
            Function::Least | Function::Greatest => match self.same(arguments)? {
                Type::Bool => Err(self.error(at, "truths have no order")),
                ordered => Ok(ordered),
            },
            Function::Concat | Function::Lower | Function::Upper | Function::Trim => {
                all(Type::Text).map(|()| Type::Text)
            }
            Function::Length | Function::Number => all(Type::Text).map(|()| Type::Number),
            Function::Contains | Function::StartsWith => all(Type::Text).map(|()| Type::Bool),
            Function::Abs | Function::Round | Function::Floor | Function::Ceil => {
                all(Type::Number).map(|()| Type::Number)
            }
            Function::Date => match self.of(first)? {
                Type::Text | Type::Instant | Type::Date => Ok(Type::Date),
                other => Err(self.error(first.at, format!("a day cannot be made of {other}"))),
            },
            Function::Year | Function::Month | Function::Day => {
                self.moment(first).map(|_| Type::Number)
            }
            Function::DaysBetween | Function::HoursBetween => {
                for of in arguments {
                    self.moment(of)?;
                }
                Ok(Type::Number)
            }
            Function::AddDays | Function::AddMonths => {
                numbers(rest)?;
                self.moment(first)
            }
        }
    }

    fn rollup(&self, at: usize, rollup: &Rollup) -> Result<Type, Error> {
        let Some(related) = self.definitions.find(&rollup.object) else {
            return Err(self.error(at, format!("there is no object type `{}`", rollup.object)));
        };
        if self
            .definitions
            .associations(self.object.id(), related.id())
            .next()
            .is_none()
        {
            let (own, theirs) = (&self.object.head.name, &related.head.name);
            let message = format!("{own} and {theirs} cannot be associated");
            return Err(self.error(at, message));
        }
        if let Some(condition) = &rollup.condition {
            let inside = Check {
                object: related,
                ..*self
            };
            inside.expect(condition, Type::Bool)?;
        }
        let Some(name) = &rollup.property else {
            return Ok(Type::Number);
        };
        let property = self.property(related, at, name)?;
        match (rollup.aggregate, Type::of(property)) {
            (Aggregate::Count, _) => Ok(Type::Number),
            (_, Type::Number) => Ok(Type::Number),
            (Aggregate::Min | Aggregate::Max, ordered) if ordered != Type::Bool => Ok(ordered),
            (aggregate, other) => {
                let word = aggregate.word();
                Err(self.error(at, format!("`{word}` cannot be made of {other}")))
            }
        }
    }
}
