//! Applies changes of records inside the state's transaction.

use super::catalog::{self, Catalog, Column, Home};
use super::fetch::{bound, pack, unpack};
use crate::sqlite::failure;
use rapport_store::records::{Cell, Form, Link, RecordWrite, column};
use rapport_store::{Error, Result};
use rusqlite::{Connection, OptionalExtension, ToSql, params, params_from_iter};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Applies changes in their order, and keeps the catalog in step. Where one fails, the caller
/// gives up the transaction and the catalog.
pub(crate) fn apply(
    connection: &Connection,
    what: &str,
    catalog: &mut Arc<Catalog>,
    records: &[RecordWrite],
) -> Result<()> {
    let mut writing = Writing {
        connection,
        what,
        catalog,
        puts: BTreeMap::new(),
    };
    records.iter().try_for_each(|write| writing.write(write))
}

struct Writing<'a> {
    connection: &'a Connection,
    what: &'a str,
    catalog: &'a mut Arc<Catalog>,
    /// How rows of each shape are put, as long as the columns stay where they are.
    puts: BTreeMap<Shape, Put>,
}

/// An object, its columns, and which of their cells are empty.
type Shape = (u32, Box<[(u16, bool)]>);

/// A statement that puts a row.
#[derive(Default)]
struct Put {
    sql: String,
    /// The places of the cells that it binds behind the id.
    bound: Vec<usize>,
    /// The form of each cell's column.
    forms: Vec<Form>,
}

impl Writing<'_> {
    fn write(&mut self, write: &RecordWrite) -> Result<()> {
        match write {
            RecordWrite::Define {
                object,
                column,
                form,
                unique,
            } => self.define(*object, *column, *form, *unique),
            RecordWrite::Undefine { object, column } => self.undefine(*object, *column),
            RecordWrite::Put { object, id, cells } => self.put(*object, *id, cells),
            RecordWrite::Delete { object, id } => self.delete(*object, *id),
            RecordWrite::Link(link) => {
                let sql = "INSERT OR IGNORE INTO record_link VALUES (?1, ?2, ?3, ?4, ?5)";
                self.link(sql, *link)
            }
            RecordWrite::Unlink(link) => {
                let sql = "DELETE FROM record_link WHERE from_object = ?1 AND from_id = ?2
                           AND to_object = ?3 AND to_id = ?4 AND kind = ?5";
                self.link(sql, *link)
            }
            RecordWrite::Search { object, id, text } => self.search(*object, *id, text),
        }
    }

    fn define(&mut self, object: u32, column: u16, form: Form, unique: bool) -> Result<()> {
        if column < column::FIRST {
            return Err(refused(object, column, "is defined already"));
        }
        self.make(object)?;
        self.puts.clear();
        let known = self.catalog.objects[&object].columns.get(&column);
        let defined = match known {
            Some(known) if known.form != form => {
                return Err(refused(
                    object,
                    column,
                    "is defined already, in another form",
                ));
            }
            Some(known) if known.unique == unique => return Ok(()),
            Some(known) => Column { unique, ..*known },
            None => Column {
                form,
                unique,
                place: None,
            },
        };
        if let (true, Home::Own(name)) = (unique, defined.home()) {
            self.index(object, &name)?;
        }
        self.keep(object, column, defined)
    }

    fn undefine(&mut self, object: u32, column: u16) -> Result<()> {
        let known = self.catalog.objects.get(&object);
        let Some(gone) = known.and_then(|known| known.columns.get(&column)).copied() else {
            return Ok(());
        };
        self.puts.clear();
        if let Home::Own(name) = gone.home() {
            for index in self.catalog.indexes_with(object, &name) {
                self.batch(&format!("DROP INDEX {index}"))?;
                Arc::make_mut(self.catalog).indexes.remove(&index);
            }
            self.run(
                &format!("UPDATE record_{object} SET {name} = NULL WHERE {name} IS NOT NULL"),
                &[],
            )?;
        }
        let catalog = Arc::make_mut(self.catalog);
        if let Some(known) = catalog.objects.get_mut(&object) {
            known.columns.remove(&column);
        }
        self.run(
            "DELETE FROM record_column WHERE object = ?1 AND number = ?2",
            &[&object, &column],
        )
    }

    fn put(&mut self, object: u32, id: u64, cells: &[(u16, Cell)]) -> Result<()> {
        let Ok(row) = i64::try_from(id) else {
            return Err(refused(
                object,
                0,
                &format!("has no row {id}: it is too large"),
            ));
        };
        let shape = cells.iter().map(|(column, cell)| (*column, cell.is_null()));
        let shape = (object, shape.collect());
        let Some(put) = self.puts.get(&shape) else {
            return self.put_first(shape, row, cells);
        };
        for (form, (column, cell)) in put.forms.iter().zip(cells) {
            admit(object, *column, *form, cell)?;
        }
        self.insert(put, row, cells)
    }

    /// Puts the first row of a shape, and remembers how.
    fn put_first(&mut self, shape: Shape, row: i64, cells: &[(u16, Cell)]) -> Result<()> {
        let object = shape.0;
        self.make(object)?;
        let mut put = Put::default();
        let mut names: Vec<String> = Vec::with_capacity(cells.len());
        let mut shared = Vec::new();
        let mut is_twice = false;
        for (nth, (column, cell)) in cells.iter().enumerate() {
            let (home, form) = self.home_for(object, *column, cell)?;
            put.forms.push(form);
            match home {
                Home::Nowhere => {}
                Home::Shared(place) => shared.push((place, cell)),
                Home::Own(name) => match names.iter().position(|earlier| *earlier == name) {
                    Some(earlier) => {
                        put.bound[earlier] = nth;
                        is_twice = true;
                    }
                    None => {
                        names.push(name);
                        put.bound.push(nth);
                    }
                },
            }
        }
        put.sql = insert(object, &names);
        self.insert(&put, row, cells)?;
        if shared.is_empty() && !is_twice {
            self.puts.insert(shape, put);
        }
        self.put_shared(object, row, &shared)
    }

    fn insert(&self, put: &Put, row: i64, cells: &[(u16, Cell)]) -> Result<()> {
        let cells = put.bound.iter().map(|place| bound(&cells[*place].1));
        let values = std::iter::once(bound_number(row)).chain(cells);
        let inserted = self
            .connection
            .prepare_cached(&put.sql)
            .and_then(|mut insert| insert.execute(params_from_iter(values)));
        inserted.map(|_| ()).map_err(|error| self.failed(&error))
    }

    /// Where a cell goes; its column gets a place now if it has none.
    fn home_for(&mut self, object: u32, column: u16, cell: &Cell) -> Result<(Home, Form)> {
        if let Some((name, form)) = catalog::always(column) {
            admit(object, column, form, cell)?;
            return Ok((Home::Own(name.to_owned()), form));
        }
        let known = &self.catalog.objects[&object];
        let places = known.places;
        let Some(mut defined) = known.columns.get(&column).copied() else {
            return Err(refused(object, column, "is not defined"));
        };
        admit(object, column, defined.form, cell)?;
        if defined.place.is_some() || cell.is_null() {
            return Ok((defined.home(), defined.form));
        }
        self.puts.clear();
        defined.place = Some(places);
        if let Home::Own(name) = defined.home() {
            let declared = catalog::declared(defined.form);
            self.batch(&format!(
                "ALTER TABLE record_{object} ADD COLUMN {name} {declared}"
            ))?;
            if defined.unique {
                self.index(object, &name)?;
            }
        }
        let known = Arc::make_mut(self.catalog).objects.get_mut(&object);
        known.expect("it was made").places += 1;
        self.run(
            "UPDATE record_object SET places = ?2 WHERE object = ?1",
            &[&object, &(places + 1)],
        )?;
        self.keep(object, column, defined)?;
        Ok((defined.home(), defined.form))
    }

    fn put_shared(&self, object: u32, row: i64, cells: &[(u32, &Cell)]) -> Result<()> {
        if cells.is_empty() {
            return Ok(());
        }
        let sql = format!("SELECT more FROM record_{object} WHERE id = ?1");
        let read = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut select| select.query_row([row], |found| unpack(found.get_ref(0)?)));
        let mut shared = read.map_err(|error| self.failed(&error))?;
        for (place, cell) in cells {
            if cell.is_null() {
                shared.remove(&place.to_string());
            } else {
                shared.insert(place.to_string(), (*cell).clone());
            }
        }
        self.run(
            &format!("UPDATE record_{object} SET more = ?2 WHERE id = ?1"),
            &[&row, &pack(&shared)],
        )
    }

    fn delete(&mut self, object: u32, id: u64) -> Result<()> {
        if !self.has_row(object, id)? {
            return Ok(());
        }
        self.search(object, id, "")?;
        let sql = format!("DELETE FROM record_{object} WHERE id = ?1");
        self.run(&sql, &[&id.cast_signed()])
    }

    /// The words of a text are forgotten by saying the text once more.
    fn search(&mut self, object: u32, id: u64, text: &str) -> Result<()> {
        let is_searchable = self
            .catalog
            .objects
            .get(&object)
            .is_some_and(|o| o.is_searchable);
        if !self.has_row(object, id)? || (text.is_empty() && !is_searchable) {
            return Ok(());
        }
        if !is_searchable {
            self.batch(&catalog::texts(object))?;
            self.run(
                "UPDATE record_object SET is_searchable = 1 WHERE object = ?1",
                &[&object],
            )?;
            let known = Arc::make_mut(self.catalog).objects.get_mut(&object);
            known.expect("it has a row").is_searchable = true;
        }
        let row = id.cast_signed();
        let sql = format!("SELECT text FROM record_text_{object} WHERE id = ?1");
        let before: Option<String> = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut select| select.query_row([row], |found| found.get(0)).optional())
            .map_err(|error| self.failed(&error))?;
        if before.as_deref().unwrap_or_default() == text {
            return Ok(());
        }
        let words = format!("record_words_{object}");
        if let Some(before) = before {
            let sql =
                format!("INSERT INTO {words} ({words}, rowid, text) VALUES ('delete', ?1, ?2)");
            self.run(&sql, &[&row, &before])?;
        }
        if text.is_empty() {
            let sql = format!("DELETE FROM record_text_{object} WHERE id = ?1");
            return self.run(&sql, &[&row]);
        }
        let sql = format!("INSERT OR REPLACE INTO record_text_{object} VALUES (?1, ?2)");
        self.run(&sql, &[&row, &text])?;
        let sql = format!("INSERT INTO {words} (rowid, text) VALUES (?1, ?2)");
        self.run(&sql, &[&row, &text])
    }

    fn has_row(&self, object: u32, id: u64) -> Result<bool> {
        let Ok(row) = i64::try_from(id) else {
            return Ok(false);
        };
        if !self.catalog.objects.contains_key(&object) {
            return Ok(false);
        }
        let sql = format!("SELECT 1 FROM record_{object} WHERE id = ?1");
        self.connection
            .prepare_cached(&sql)
            .and_then(|mut select| select.exists([row]))
            .map_err(|error| self.failed(&error))
    }

    /// Makes the table of an object, if there is none.
    fn make(&mut self, object: u32) -> Result<()> {
        if self.catalog.objects.contains_key(&object) {
            return Ok(());
        }
        self.batch(&catalog::table(object))?;
        self.run("INSERT INTO record_object VALUES (?1, 0, 0)", &[&object])?;
        let catalog = Arc::make_mut(self.catalog);
        catalog.objects.insert(object, catalog::Object::default());
        catalog
            .indexes
            .insert(catalog::index_name(object, "archived"));
        Ok(())
    }

    fn keep(&mut self, object: u32, column: u16, defined: Column) -> Result<()> {
        let known = Arc::make_mut(self.catalog).objects.get_mut(&object);
        known.expect("it was made").columns.insert(column, defined);
        let Column {
            form,
            unique,
            place,
        } = defined;
        self.run(
            "INSERT OR REPLACE INTO record_column VALUES (?1, ?2, ?3, ?4, ?5)",
            &[&object, &column, &(form as u8), &unique, &place],
        )
    }

    fn index(&mut self, object: u32, name: &str) -> Result<()> {
        self.batch(&catalog::index(object, &[name]))?;
        let index = catalog::index_name(object, name);
        Arc::make_mut(self.catalog).indexes.insert(index);
        Ok(())
    }

    fn link(&self, sql: &str, link: Link) -> Result<()> {
        let Link { from, to, kind } = link;
        let (from_id, to_id) = (from.1.cast_signed(), to.1.cast_signed());
        self.run(sql, params![from.0, from_id, to.0, to_id, kind])
    }

    fn run(&self, sql: &str, bound: &[&dyn ToSql]) -> Result<()> {
        let done = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(bound));
        done.map(|_| ()).map_err(|error| self.failed(&error))
    }

    fn batch(&self, sql: &str) -> Result<()> {
        let done = self.connection.execute_batch(sql);
        done.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &rusqlite::Error) -> Error {
        failure(self.what, error)
    }
}

/// The statement that puts a row with values in these columns.
fn insert(object: u32, names: &[String]) -> String {
    let marks: String = (0..names.len())
        .map(|nth| format!(", ?{}", nth + 2))
        .collect();
    let sets: Vec<String> = names
        .iter()
        .map(|name| format!("{name} = excluded.{name}"))
        .collect();
    let then = match sets.is_empty() {
        true => "NOTHING".to_owned(),
        false => format!("UPDATE SET {}", sets.join(", ")),
    };
    let names: String = names.iter().map(|name| format!(", {name}")).collect();
    format!("INSERT INTO record_{object} (id{names}) VALUES (?1{marks}) ON CONFLICT (id) DO {then}")
}

fn admit(object: u32, column: u16, form: Form, cell: &Cell) -> Result<()> {
    match form.admits(cell) {
        true => Ok(()),
        false => Err(refused(object, column, &format!("holds no {cell:?}"))),
    }
}

fn bound_number(number: i64) -> rusqlite::types::ToSqlOutput<'static> {
    rusqlite::types::ToSqlOutput::Owned(rusqlite::types::Value::Integer(number))
}

fn refused(object: u32, column: u16, why: &str) -> Error {
    Error::Engine {
        what: format!("column {column} of object {object}"),
        detail: why.to_owned(),
    }
}
