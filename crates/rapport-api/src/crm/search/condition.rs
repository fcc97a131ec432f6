//! What a search asks of records, in an engine's terms.

use rapport_core::crm::query::{Comparison, Condition};
use rapport_core::crm::{self};
use rapport_store::records::{self, Cell, Filter, Test};

/// The filter that says the same.
pub(crate) fn filter(condition: Condition) -> Filter {
    let column = |column, test| Filter::Column(column, test);
    match condition {
        Condition::All(all) => Filter::All(all.into_iter().map(filter).collect()),
        Condition::Any(any) => Filter::Any(any.into_iter().map(filter).collect()),
        Condition::Not(one) => Filter::Not(Box::new(filter(*one))),
        Condition::Compare {
            column: number,
            op,
            cell: with,
        } => column(number, Test::Compare(comparison(op), cell(with))),
        Condition::In {
            column: number,
            cells,
        } => column(number, Test::In(cells.into_iter().map(cell).collect())),
        Condition::NotIn {
            column: number,
            cells,
        } => column(number, Test::NotIn(cells.into_iter().map(cell).collect())),
        Condition::Has(number) => column(number, Test::Has),
        Condition::HasNot(number) => column(number, Test::HasNot),
        Condition::Between {
            column: number,
            low,
            high,
        } => column(number, Test::Between(cell(low), cell(high))),
        Condition::Token {
            column: number,
            pattern,
            negated: false,
        } => column(number, Test::Token(pattern)),
        Condition::Token {
            column: number,
            pattern,
            negated: true,
        } => column(number, Test::NoToken(pattern)),
        Condition::Chosen {
            column: number,
            choices,
        } => column(number, Test::Option(choices)),
        Condition::Number { op, no } => numbered(op, no.0),
        Condition::Linked { object, no } => Filter::Linked {
            to: (object.0, no.0),
            kinds: Vec::new(),
        },
        Condition::Ids(ids) => Filter::Ids(ids.into_iter().map(|no| no.0).collect()),
        Condition::Never => Filter::Never,
    }
}

/// The numbers that compare so with one.
fn numbered(op: Comparison, no: u64) -> Filter {
    match op {
        Comparison::Eq => Filter::Ids(vec![no]),
        Comparison::Neq => Filter::Not(Box::new(Filter::Ids(vec![no]))),
        Comparison::Lt => no
            .checked_sub(1)
            .map_or(Filter::Never, |high| Filter::Numbered(0, high)),
        Comparison::Lte => Filter::Numbered(0, no),
        Comparison::Gt => {
            let low = no.checked_add(1);
            low.map_or(Filter::Never, |low| Filter::Numbered(low, u64::MAX))
        }
        Comparison::Gte => Filter::Numbered(no, u64::MAX),
    }
}

fn comparison(op: Comparison) -> records::Comparison {
    match op {
        Comparison::Eq => records::Comparison::Equal,
        Comparison::Neq => records::Comparison::NotEqual,
        Comparison::Lt => records::Comparison::Below,
        Comparison::Lte => records::Comparison::AtMost,
        Comparison::Gt => records::Comparison::Above,
        Comparison::Gte => records::Comparison::AtLeast,
    }
}

fn cell(cell: crm::Cell) -> Cell {
    match cell {
        crm::Cell::Null => Cell::Null,
        crm::Cell::Text(text) => Cell::Text(text),
        crm::Cell::Number(number) => Cell::Number(number),
        crm::Cell::Integer(number) => Cell::Integer(number),
    }
}
