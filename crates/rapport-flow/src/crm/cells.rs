//! Cells, as the rules spell them and as engines do.

use rapport_core::crm::{Cell, Form, ObjectType, Record, RecordNo, Value};
use rapport_core::json;
use rapport_store::records;

/// A form, for an engine.
#[must_use]
pub fn form(form: Form) -> records::Form {
    match form {
        Form::Text => records::Form::Text,
        Form::Number => records::Form::Number,
        Form::Integer => records::Form::Integer,
    }
}

/// A cell, for an engine.
#[must_use]
pub fn to_engine(cell: Cell) -> records::Cell {
    match cell {
        Cell::Null => records::Cell::Null,
        Cell::Text(text) => records::Cell::Text(text),
        Cell::Number(number) => records::Cell::Number(number),
        Cell::Integer(number) => records::Cell::Integer(number),
    }
}

/// A cell, from an engine.
#[must_use]
pub fn from_engine(cell: records::Cell) -> Cell {
    match cell {
        records::Cell::Null => Cell::Null,
        records::Cell::Text(text) => Cell::Text(text),
        records::Cell::Number(number) => Cell::Number(number),
        records::Cell::Integer(number) => Cell::Integer(number),
    }
}

/// Every column that holds something of a record of a type.
#[must_use]
pub fn columns(object: &ObjectType) -> Vec<u16> {
    let always = records::column::ALWAYS.iter().map(|(column, _)| *column);
    let own = object.properties.values();
    let own = own.filter_map(rapport_core::crm::Property::column);
    let mut columns: Vec<u16> = always.chain(own).collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// A record, read from the cells of these columns.
#[must_use]
pub fn record(object: &ObjectType, columns: &[u16], row: records::Row) -> Record {
    let cells = columns
        .iter()
        .copied()
        .zip(row.cells.into_iter().map(from_engine));
    Record::of_cells(object, RecordNo(row.id), cells)
}

/// A JSON value as the API spells it, lists as choices; `None` for objects, `null` and what is
/// empty.
#[must_use]
pub fn text(raw: &str) -> Option<String> {
    let text = match json::Value::parse(raw)? {
        json::Value::Text(text) => text.into_owned(),
        json::Value::Number(_) => raw.trim().to_owned(),
        json::Value::Bool(truth) => truth.to_string(),
        json::Value::List(list) => {
            let items: Vec<String> = json::items(list).filter_map(scalar).collect();
            items.join(";")
        }
        json::Value::Null | json::Value::Object(_) => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

fn scalar(raw: &str) -> Option<String> {
    match json::Value::parse(raw)? {
        json::Value::List(_) => None,
        _ => text(raw),
    }
}

/// A value as JSON; `null` where there is none.
#[must_use]
pub fn json(value: Option<&Value>) -> String {
    let json = match value {
        None => serde_json::Value::Null,
        // As it is spelled: a float of serde_json would say `5.0`.
        Some(Value::Number(number)) => return number.to_string(),
        Some(Value::Bool(truth)) => (*truth).into(),
        Some(Value::Options(options)) => options.iter().map(|option| &**option).collect(),
        Some(value) => value.spelled().into(),
    };
    json.to_string()
}
