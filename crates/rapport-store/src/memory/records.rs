//! Records as sorted maps, asked by looking at every row.

mod ask;

use crate::records::{Cell, Form, Link, RecordWrite, column};
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// All records of a state in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf {
    objects: BTreeMap<u32, Object>,
    links: BTreeSet<Link>,
}

#[derive(Clone, Debug, Default)]
struct Object {
    columns: BTreeMap<u16, (Form, bool)>,
    rows: BTreeMap<u64, Kept>,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    cells: BTreeMap<u16, Cell>,
    search: Box<str>,
}

impl Shelf {
    /// Applies changes in their order; where one is refused, what is here now is to be dropped.
    pub(super) fn apply(&mut self, records: Vec<RecordWrite>) -> Result<()> {
        records.into_iter().try_for_each(|write| self.write(write))
    }

    fn write(&mut self, write: RecordWrite) -> Result<()> {
        match write {
            RecordWrite::Define {
                object,
                column,
                form,
                unique,
            } => self.object(object).define(object, column, form, unique)?,
            RecordWrite::Undefine { object, column } => self.object(object).undefine(column),
            RecordWrite::Put { object, id, cells } => self.object(object).put(object, id, cells)?,
            RecordWrite::Delete { object, id } => {
                self.object(object).rows.remove(&id);
            }
            RecordWrite::Link(link) => {
                self.links.insert(link);
            }
            RecordWrite::Unlink(link) => {
                self.links.remove(&link);
            }
            RecordWrite::Search { object, id, text } => {
                if let Some(row) = self.object(object).rows.get_mut(&id) {
                    row.search = text;
                }
            }
        }
        Ok(())
    }

    fn object(&mut self, object: u32) -> &mut Object {
        self.objects.entry(object).or_default()
    }
}

impl Object {
    fn define(&mut self, object: u32, column: u16, form: Form, unique: bool) -> Result<()> {
        let other = self.columns.get(&column).is_some_and(|had| had.0 != form);
        if column < column::FIRST || other {
            return Err(refused(object, column, "is defined already"));
        }
        self.columns.insert(column, (form, unique));
        Ok(())
    }

    fn undefine(&mut self, column: u16) {
        if self.columns.remove(&column).is_some() {
            self.rows.values_mut().for_each(|row| {
                row.cells.remove(&column);
            });
        }
    }

    fn put(&mut self, object: u32, id: u64, cells: Vec<(u16, Cell)>) -> Result<()> {
        if i64::try_from(id).is_err() {
            return Err(refused(
                object,
                0,
                &format!("has no row {id}: it is too large"),
            ));
        }
        for (column, cell) in &cells {
            match self.form(*column) {
                None => return Err(refused(object, *column, "is not defined")),
                Some(form) if !form.admits(cell) => {
                    return Err(refused(object, *column, &format!("holds no {cell:?}")));
                }
                Some(_) => {}
            }
        }
        let row = self.rows.entry(id).or_default();
        for (column, cell) in cells {
            if cell.is_null() {
                row.cells.remove(&column);
            } else {
                row.cells.insert(column, cell);
            }
        }
        Ok(())
    }

    fn form(&self, column: u16) -> Option<Form> {
        let always = column::ALWAYS
            .into_iter()
            .find(|(always, _)| *always == column);
        match always {
            Some((_, form)) => Some(form),
            None => self.columns.get(&column).map(|(form, _)| *form),
        }
    }
}

fn refused(object: u32, column: u16, why: &str) -> Error {
    Error::Engine {
        what: format!("column {column} of object {object}"),
        detail: why.to_owned(),
    }
}
