//! Cells of rows, wherever they are kept.

use super::catalog::{Catalog, Home};
use rapport_store::records::{Cell, Form};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use std::collections::BTreeMap;

/// The columns of a question as those of a statement: the id, and what is asked for.
pub(super) struct Fetch {
    /// What stands between `SELECT` and `FROM`.
    pub(super) selected: String,
    homes: Vec<Found>,
}

enum Found {
    /// In this column of the statement.
    At(usize, Form),
    /// In this column of the statement, under this place.
    Within(usize, String),
    Nowhere,
}

impl Fetch {
    pub(super) fn new(catalog: &Catalog, object: u32, columns: &[u16]) -> Fetch {
        let mut names = vec!["id".to_owned()];
        let mut more = None;
        let mut homes = Vec::with_capacity(columns.len());
        for column in columns {
            let found = match catalog.home(object, *column) {
                (Home::Nowhere, _) => Found::Nowhere,
                (Home::Own(name), form) => {
                    names.push(name);
                    Found::At(names.len() - 1, form)
                }
                (Home::Shared(place), _) => {
                    let at = *more.get_or_insert_with(|| {
                        names.push("more".to_owned());
                        names.len() - 1
                    });
                    Found::Within(at, place.to_string())
                }
            };
            homes.push(found);
        }
        Fetch {
            selected: names.join(", "),
            homes,
        }
    }

    /// The id of a row of the statement.
    pub(super) fn id(row: &rusqlite::Row<'_>) -> rusqlite::Result<u64> {
        row.get::<_, i64>(0).map(i64::cast_unsigned)
    }

    /// The cells of a row of the statement.
    pub(super) fn cells(&self, row: &rusqlite::Row<'_>) -> rusqlite::Result<Vec<Cell>> {
        let mut shared: Option<BTreeMap<String, Cell>> = None;
        let mut cells = Vec::with_capacity(self.homes.len());
        for home in &self.homes {
            cells.push(match home {
                Found::Nowhere => Cell::Null,
                Found::At(at, form) => cell(*form, row.get_ref(*at)?),
                Found::Within(at, place) => {
                    if shared.is_none() {
                        shared = Some(unpack(row.get_ref(*at)?)?);
                    }
                    let cell = shared.as_ref().and_then(|shared| shared.get(place));
                    cell.cloned().unwrap_or_default()
                }
            });
        }
        Ok(cells)
    }
}

/// A stored value as a cell.
pub(super) fn cell(form: Form, value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => Cell::Null,
        ValueRef::Integer(number) if form == Form::Number => Cell::Number(number as f64),
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Number(number),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into()),
    }
}

/// A cell as a value of a statement.
pub(super) fn bound(cell: &Cell) -> ToSqlOutput<'_> {
    match cell {
        Cell::Null => ToSqlOutput::Owned(Value::Null),
        Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Cell::Number(number) => ToSqlOutput::Owned(Value::Real(*number)),
        Cell::Integer(number) => ToSqlOutput::Owned(Value::Integer(*number)),
    }
}

/// The cells that share a column, by place.
pub(super) fn unpack(value: ValueRef<'_>) -> rusqlite::Result<BTreeMap<String, Cell>> {
    match value {
        ValueRef::Text(text) => serde_json::from_slice(text).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(
                0,
                rusqlite::types::Type::Text,
                Box::new(error),
            )
        }),
        _ => Ok(BTreeMap::new()),
    }
}

/// Cells that share a column, as kept; nothing where there are none.
pub(super) fn pack(cells: &BTreeMap<String, Cell>) -> Option<String> {
    let json = || serde_json::to_string(cells).expect("cells are plain data");
    (!cells.is_empty()).then(json)
}
