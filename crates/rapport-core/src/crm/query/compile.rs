//! Checks a search against the definitions, and puts it in terms of columns.

use super::{
    ASSOCIATIONS, Comparison, Condition, Error, FILTERS_IN_ALL_MAX, FILTERS_MAX, Filter,
    GROUPS_MAX, Operator, Order, Query, Search, WORDS_CHARS_MAX, column,
};
use crate::crm::RecordNo;
use crate::crm::cell::{Cell, Form};
use crate::crm::definitions::Definitions;
use crate::crm::object::ObjectType;
use crate::crm::property::{Fact, Kind, Property};

/// Checks a search for records of a type.
///
/// # Errors
/// [`Error`] where it names what is not there, or asks what cannot be asked.
pub fn compile(
    definitions: &Definitions,
    object: &ObjectType,
    search: &Search,
) -> Result<Query, Error> {
    limits(search)?;
    let archived = Condition::Compare {
        column: 2,
        op: Comparison::Eq,
        cell: Cell::Integer(i64::from(search.archived)),
    };
    let mut groups = Vec::with_capacity(search.groups.len());
    for group in &search.groups {
        let filters = group
            .iter()
            .map(|filter| compile_filter(definitions, object, filter));
        groups.push(all(filters.collect::<Result<Vec<_>, _>>()?));
    }
    let mut conditions = vec![archived];
    match groups.len() {
        0 => {}
        1 => conditions.append(&mut groups),
        _ => conditions.push(Condition::Any(groups)),
    }
    let words = search
        .words
        .as_deref()
        .map(str::trim)
        .filter(|words| !words.is_empty());
    Ok(Query {
        object: object.id(),
        condition: all(conditions),
        words: words.map(Box::from),
        order: order(object, search)?,
    })
}

fn limits(search: &Search) -> Result<(), Error> {
    let too_much = |message: String| Err(Error::TooMuch(message.into()));
    if search.groups.len() > GROUPS_MAX {
        return too_much(format!("a search may have {GROUPS_MAX} filter groups"));
    }
    if search.groups.iter().any(|group| group.len() > FILTERS_MAX) {
        return too_much(format!("a filter group may have {FILTERS_MAX} filters"));
    }
    if search.groups.iter().map(Vec::len).sum::<usize>() > FILTERS_IN_ALL_MAX {
        return too_much(format!("a search may have {FILTERS_IN_ALL_MAX} filters"));
    }
    let words = search.words.as_deref().unwrap_or_default();
    if words.chars().count() > WORDS_CHARS_MAX {
        return too_much(format!("a query may have {WORDS_CHARS_MAX} characters"));
    }
    Ok(())
}

/// All of these, without needless layers.
fn all(conditions: Vec<Condition>) -> Condition {
    let mut flat = Vec::with_capacity(conditions.len());
    for condition in conditions {
        match condition {
            Condition::All(inner) => flat.extend(inner),
            one => flat.push(one),
        }
    }
    match flat.len() {
        1 => flat.remove(0),
        _ => Condition::All(flat),
    }
}

/// What one filter asks of a row.
fn compile_filter(
    definitions: &Definitions,
    object: &ObjectType,
    filter: &Filter,
) -> Result<Condition, Error> {
    let name = filter.property.trim();
    let lower = name.to_ascii_lowercase();
    if let Some(other) = lower.strip_prefix(ASSOCIATIONS) {
        return linked(definitions, other, filter);
    }
    let property = property(object, name)?;
    match property.column() {
        Some(column) => column::condition(property, column, filter),
        None => number(property, filter),
    }
}

fn property<'a>(object: &'a ObjectType, name: &str) -> Result<&'a Property, Error> {
    let unknown = || Error::PropertyDoesntExist {
        property: name.chars().take(100).collect::<String>().into(),
    };
    object.property(name).ok_or_else(unknown)
}

/// `associations.company EQ 5`, or `IN` several: belonging to one of them.
fn linked(definitions: &Definitions, other: &str, filter: &Filter) -> Result<Condition, Error> {
    let unknown = || Error::TypeUnknown(other.chars().take(100).collect::<String>().into());
    let to = definitions.find(other).ok_or_else(unknown)?.id();
    let texts: Vec<&str> = match filter.operator {
        Operator::Eq | Operator::Neq => vec![column::value(filter)?],
        Operator::In | Operator::NotIn => column::values(filter)?,
        _ => return Err(column::wrong(filter, Kind::Number)),
    };
    let mut any = Vec::with_capacity(texts.len());
    for text in texts {
        let no = RecordNo::parse(text.trim()).ok_or_else(|| column::not_an_id(filter, text))?;
        any.push(Condition::Linked { object: to, no });
    }
    let any = match any.len() {
        1 => any.remove(0),
        _ => Condition::Any(any),
    };
    Ok(match filter.operator {
        Operator::Neq | Operator::NotIn => Condition::Not(Box::new(any)),
        _ => any,
    })
}

/// What is asked of the record's own number.
fn number(property: &Property, filter: &Filter) -> Result<Condition, Error> {
    let read = |text: &str| {
        let no = RecordNo::parse(text.trim());
        no.ok_or_else(|| column::not_an_id(filter, text))
    };
    let compare = |op| {
        Ok(Condition::Number {
            op,
            no: read(column::value(filter)?)?,
        })
    };
    let ids = || {
        let values = column::values(filter)?;
        let mut ids = values
            .into_iter()
            .map(read)
            .collect::<Result<Vec<_>, _>>()?;
        ids.sort_unstable();
        ids.dedup();
        Ok(Condition::Ids(ids))
    };
    match filter.operator {
        Operator::Eq => Ok(Condition::Ids(vec![read(column::value(filter)?)?])),
        Operator::Neq => compare(Comparison::Neq),
        Operator::Lt => compare(Comparison::Lt),
        Operator::Lte => compare(Comparison::Lte),
        Operator::Gt => compare(Comparison::Gt),
        Operator::Gte => compare(Comparison::Gte),
        Operator::Between => {
            let (low, high) = (read(column::value(filter)?)?, read(column::high(filter)?)?);
            Ok(Condition::All(vec![
                Condition::Number {
                    op: Comparison::Gte,
                    no: low,
                },
                Condition::Number {
                    op: Comparison::Lte,
                    no: high,
                },
            ]))
        }
        Operator::In => ids(),
        Operator::NotIn => Ok(Condition::Not(Box::new(ids()?))),
        Operator::Has => Ok(Condition::All(Vec::new())),
        Operator::HasNot => Ok(Condition::Never),
        Operator::ContainsToken | Operator::NotContainsToken => {
            Err(column::wrong(filter, property.kind))
        }
    }
}

fn order(object: &ObjectType, search: &Search) -> Result<Vec<Order>, Error> {
    const SORTS_MAX: usize = 5;
    if search.sorts.len() > SORTS_MAX {
        let message = format!("a search may be sorted by {SORTS_MAX} properties");
        return Err(Error::TooMuch(message.into()));
    }
    let sorts = search.sorts.iter().map(|sort| {
        let property = property(object, sort.property.trim())?;
        let is_number = property.fact == Some(Fact::Id);
        Ok(Order {
            column: property.column(),
            form: if is_number {
                Form::Integer
            } else {
                property.form()
            },
            descending: sort.descending,
        })
    });
    sorts.collect()
}
