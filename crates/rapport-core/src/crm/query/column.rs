//! What a filter asks of a column, by what the property's values are.

use super::{Comparison, Condition, Error, Filter, Operator, VALUES_MAX};
use crate::crm::cell::Cell;
use crate::crm::contact::EMAIL;
use crate::crm::property::{Fact, Kind, Property};
use crate::crm::value::{Invalid, Value, split};

/// What a filter asks of the column of a property.
pub(super) fn condition(
    property: &Property,
    column: u16,
    filter: &Filter,
) -> Result<Condition, Error> {
    if property.fact == Some(Fact::TeamPath) {
        return team(property, column, filter);
    }
    if property.is_multiple() {
        return chosen(property, column, filter);
    }
    let compare = |op| {
        let cell = cell(property, filter, value(filter)?)?;
        Ok(Condition::Compare { column, op, cell })
    };
    match filter.operator {
        Operator::Eq => compare(Comparison::Eq),
        Operator::Neq => compare(Comparison::Neq),
        Operator::Lt => compare(Comparison::Lt),
        Operator::Lte => compare(Comparison::Lte),
        Operator::Gt => compare(Comparison::Gt),
        Operator::Gte => compare(Comparison::Gte),
        Operator::Between => Ok(Condition::Between {
            column,
            low: cell(property, filter, value(filter)?)?,
            high: cell(property, filter, high(filter)?)?,
        }),
        Operator::In => Ok(Condition::In {
            column,
            cells: cells(property, filter)?,
        }),
        Operator::NotIn => Ok(Condition::NotIn {
            column,
            cells: cells(property, filter)?,
        }),
        Operator::Has => Ok(Condition::Has(column)),
        Operator::HasNot => Ok(Condition::HasNot(column)),
        Operator::ContainsToken | Operator::NotContainsToken => token(property, column, filter),
    }
}

/// A property of several choices holds one where it is among them.
fn chosen(property: &Property, column: u16, filter: &Filter) -> Result<Condition, Error> {
    let has = |text: &str| Condition::Chosen {
        column,
        choices: split(text).map(Box::from).collect(),
    };
    let every = |text: &str| {
        let each = split(text).map(has);
        Condition::All(each.collect())
    };
    let any = |texts: Vec<&str>| {
        let choices = texts.into_iter().flat_map(split).map(Box::from);
        let mut choices: Vec<Box<str>> = choices.collect();
        choices.sort_unstable();
        choices.dedup();
        Condition::Chosen { column, choices }
    };
    let but_not = |condition: Condition| {
        Condition::All(vec![
            Condition::Has(column),
            Condition::Not(Box::new(condition)),
        ])
    };
    match filter.operator {
        Operator::Eq | Operator::ContainsToken => Ok(every(value(filter)?)),
        Operator::Neq | Operator::NotContainsToken => Ok(but_not(every(value(filter)?))),
        Operator::In => Ok(any(values(filter)?)),
        Operator::NotIn => Ok(but_not(any(values(filter)?))),
        Operator::Has => Ok(Condition::Has(column)),
        Operator::HasNot => Ok(Condition::HasNot(column)),
        _ => Err(wrong(filter, property.kind)),
    }
}

/// A team holds the records of the teams below it, too: it is one word of their path.
fn team(property: &Property, column: u16, filter: &Filter) -> Result<Condition, Error> {
    let word = |text: &str| match text.trim().parse::<u64>() {
        Ok(team) => Ok(Condition::Token {
            column,
            pattern: team.to_string().into(),
            negated: false,
        }),
        Err(_) => Err(not_an_id(filter, text)),
    };
    let any = |texts: Vec<&str>| {
        let words = texts.into_iter().map(word);
        words.collect::<Result<Vec<_>, _>>().map(Condition::Any)
    };
    let but_not = |condition| {
        Condition::All(vec![
            Condition::Has(column),
            Condition::Not(Box::new(condition)),
        ])
    };
    match filter.operator {
        Operator::Eq => word(value(filter)?),
        Operator::Neq => Ok(but_not(word(value(filter)?)?)),
        Operator::In => any(values(filter)?),
        Operator::NotIn => Ok(but_not(any(values(filter)?)?)),
        Operator::Has => Ok(Condition::Has(column)),
        Operator::HasNot => Ok(Condition::HasNot(column)),
        _ => Err(wrong(filter, property.kind)),
    }
}

fn token(property: &Property, column: u16, filter: &Filter) -> Result<Condition, Error> {
    let is_text = matches!(
        property.kind,
        Kind::String | Kind::PhoneNumber | Kind::Enumeration
    );
    if !is_text || property.fact.is_some() {
        return Err(wrong(filter, property.kind));
    }
    let negated = filter.operator == Operator::NotContainsToken;
    let pattern = value(filter)?.trim().to_lowercase();
    // Nothing but stars asks for any word at all.
    if pattern.chars().all(|c| c == '*') {
        return Ok(match negated {
            true => Condition::Never,
            false => Condition::Has(column),
        });
    }
    Ok(Condition::Token {
        column,
        pattern: pattern.into(),
        negated,
    })
}

/// The value as the column holds it. A text that is none of the choices is asked for as it is:
/// records may have a choice that went.
fn cell(property: &Property, filter: &Filter, text: &str) -> Result<Cell, Error> {
    let is_choice = property.kind == Kind::Enumeration && property.fact.is_none();
    if is_choice {
        return Ok(Cell::Text(text.trim().into()));
    }
    let text = match &*property.name {
        EMAIL => text.trim().to_ascii_lowercase(),
        _ => text.to_owned(),
    };
    match Value::parse(property, &text) {
        Ok(Some(value)) => Ok(value.cell(property)),
        Ok(None) => Err(missing(filter, "a `value`")),
        Err(invalid) => Err(Error::Invalid {
            property: property.name.clone(),
            invalid,
        }),
    }
}

/// The values as the column holds them, sorted, each once.
fn cells(property: &Property, filter: &Filter) -> Result<Vec<Cell>, Error> {
    let texts = values(filter)?.into_iter();
    let cells = texts.map(|text| cell(property, filter, text));
    let mut cells = cells.collect::<Result<Vec<_>, _>>()?;
    // All are of one form, and numbers are finite, so they have an order.
    cells.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    cells.dedup();
    Ok(cells)
}

/// The one value a filter is asked with.
pub(super) fn value(filter: &Filter) -> Result<&str, Error> {
    let first = || filter.values.first().map(|value| &**value);
    let value = filter.value.as_deref().or_else(first);
    let given = value.filter(|value| !value.trim().is_empty());
    given.ok_or_else(|| missing(filter, "a `value`"))
}

/// The upper end of a range.
pub(super) fn high(filter: &Filter) -> Result<&str, Error> {
    let given = filter
        .high
        .as_deref()
        .filter(|high| !high.trim().is_empty());
    given.ok_or_else(|| missing(filter, "a `highValue`"))
}

/// The values a filter is asked with.
pub(super) fn values(filter: &Filter) -> Result<Vec<&str>, Error> {
    if filter.values.len() > VALUES_MAX {
        let message = format!("a filter may have {VALUES_MAX} values");
        return Err(Error::TooMuch(message.into()));
    }
    let values = filter.values.iter().chain(&filter.value);
    let given = values
        .map(|value| &**value)
        .filter(|value| !value.trim().is_empty());
    let given: Vec<&str> = given.collect();
    match given.is_empty() {
        true => Err(missing(filter, "`values`")),
        false => Ok(given),
    }
}

fn missing(filter: &Filter, missing: &'static str) -> Error {
    Error::ValueMissing {
        property: shortened(&filter.property),
        operator: filter.operator.word(),
        missing,
    }
}

pub(super) fn wrong(filter: &Filter, kind: Kind) -> Error {
    Error::WrongOperator {
        property: shortened(&filter.property),
        kind,
        operator: filter.operator.word(),
    }
}

pub(super) fn not_an_id(filter: &Filter, text: &str) -> Error {
    Error::Invalid {
        property: shortened(&filter.property),
        invalid: Invalid::Id(shortened(text)),
    }
}

fn shortened(text: &str) -> Box<str> {
    text.chars().take(100).collect::<String>().into()
}
