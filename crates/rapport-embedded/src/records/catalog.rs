//! Which objects and columns there are, and where in the file a column's cells are.

use rapport_store::records::{Form, column};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};

/// Columns that an object's table gets of its own; later ones share a column of JSON.
const PLACES_MAX: u32 = 1_000;

/// Tables that say what there is. Those of the rows are made when an object is first named.
pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS record_object (
        object INTEGER PRIMARY KEY, places INTEGER NOT NULL, is_searchable INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS record_column (
        object INTEGER NOT NULL, number INTEGER NOT NULL, form INTEGER NOT NULL,
        is_unique INTEGER NOT NULL, place INTEGER, PRIMARY KEY (object, number)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS record_link (
        from_object INTEGER NOT NULL, from_id INTEGER NOT NULL,
        to_object INTEGER NOT NULL, to_id INTEGER NOT NULL, kind INTEGER NOT NULL,
        PRIMARY KEY (from_object, from_id, to_object, to_id, kind)
    ) WITHOUT ROWID;";

/// Everything there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    pub(super) objects: BTreeMap<u32, Object>,
    /// Names of the indexes that are there.
    pub(super) indexes: BTreeSet<String>,
}

/// One object and its table.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    pub(super) columns: BTreeMap<u16, Column>,
    /// Places given so far. None is given twice: a column that is gone may have left cells.
    pub(super) places: u32,
    /// Whether rows of it have texts to search.
    pub(super) is_searchable: bool,
}

/// A defined column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) form: Form,
    pub(super) unique: bool,
    /// Given with its first value: a type of record has many more properties than are used.
    pub(super) place: Option<u32>,
}

/// Where cells of a column are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// In a column of the table, of this name.
    Own(String),
    /// In the column that many share, under this place.
    Shared(u32),
    /// Nowhere: no row has a value.
    Nowhere,
}

impl Catalog {
    /// Reads what there is.
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Catalog> {
        let mut catalog = Catalog::default();
        let mut objects =
            connection.prepare("SELECT object, places, is_searchable FROM record_object")?;
        let mut rows = objects.query([])?;
        while let Some(row) = rows.next()? {
            let object = Object {
                columns: BTreeMap::new(),
                places: row.get(1)?,
                is_searchable: row.get(2)?,
            };
            catalog.objects.insert(row.get(0)?, object);
        }
        let mut columns = connection
            .prepare("SELECT object, number, form, is_unique, place FROM record_column")?;
        let mut rows = columns.query([])?;
        while let Some(row) = rows.next()? {
            let form = Form::of_number(row.get(2)?).ok_or(rusqlite::Error::InvalidQuery)?;
            let column = Column {
                form,
                unique: row.get(3)?,
                place: row.get(4)?,
            };
            let object = catalog.objects.entry(row.get(0)?).or_default();
            object.columns.insert(row.get(1)?, column);
        }
        let mut indexes = connection.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE 'record\\_%' ESCAPE '\\'",
        )?;
        let names = indexes.query_map([], |row| row.get(0))?;
        catalog.indexes = names.collect::<rusqlite::Result<_>>()?;
        Ok(catalog)
    }

    /// Where a column's cells are, and what they are; nowhere where nobody defined it.
    pub(super) fn home(&self, object: u32, column: u16) -> (Home, Form) {
        let Some(known) = self.objects.get(&object) else {
            return (Home::Nowhere, Form::Text);
        };
        if let Some((name, form)) = always(column) {
            return (Home::Own(name.to_owned()), form);
        }
        match known.columns.get(&column) {
            None => (Home::Nowhere, Form::Text),
            Some(column) => (column.home(), column.form),
        }
    }

    /// The indexes that a column of a table is in.
    pub(super) fn indexes_with(&self, object: u32, name: &str) -> Vec<String> {
        let prefix = index_name(object, "");
        let has = |index: &&String| {
            let names = index.strip_prefix(&prefix);
            names.is_some_and(|names| names.split('_').any(|one| one == name))
        };
        self.indexes.iter().filter(has).cloned().collect()
    }
}

impl Column {
    pub(super) fn home(&self) -> Home {
        match self.place {
            None => Home::Nowhere,
            Some(place) if place < PLACES_MAX => Home::Own(format!("p{place}")),
            Some(place) => Home::Shared(place),
        }
    }
}

/// The name and form of a column that every object has.
pub(super) fn always(column: u16) -> Option<(&'static str, Form)> {
    let name = match column {
        column::CREATED => "created",
        column::UPDATED => "updated",
        column::ARCHIVED => "archived",
        column::ARCHIVED_AT => "archived_at",
        column::OWNER => "owner",
        column::TEAM => "team",
        column::MERGED_INTO => "merged_into",
        _ => return None,
    };
    let known = column::ALWAYS.iter().find(|(always, _)| *always == column);
    known.map(|(_, form)| (name, *form))
}

/// Statements that make the table of an object.
pub(super) fn table(object: u32) -> String {
    let columns = column::ALWAYS.iter().filter_map(|(column, _)| {
        let (name, form) = always(*column)?;
        Some(format!("{name} {}, ", declared(form)))
    });
    let columns: String = columns.collect();
    // Every row has a value there: the way to all ids without a look at the rows.
    let all = index_name(object, "archived");
    format!(
        "CREATE TABLE record_{object} (id INTEGER PRIMARY KEY, {columns}more TEXT);
         CREATE INDEX {all} ON record_{object} (archived);"
    )
}

/// Statements that make the tables of an object's search texts.
pub(super) fn texts(object: u32) -> String {
    format!(
        "CREATE TABLE record_text_{object} (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
         CREATE VIRTUAL TABLE record_words_{object} USING fts5(
             text, content='record_text_{object}', content_rowid='id', prefix='1 2 3',
             tokenize='unicode61 remove_diacritics 2'
         );"
    )
}

/// The statement that makes an index of columns of a table: of one, only of rows with a value,
/// so that what a record does not have costs nothing.
pub(super) fn index(object: u32, names: &[&str]) -> String {
    let index = index_name(object, &names.join("_"));
    let condition = match names {
        [name] => format!("WHERE {name} IS NOT NULL"),
        _ => String::new(),
    };
    let names = names.join(", ");
    format!("CREATE INDEX IF NOT EXISTS {index} ON record_{object} ({names}) {condition}")
}

/// The name of an index of one or more columns of a table.
pub(super) fn index_name(object: u32, names: &str) -> String {
    format!("record_{object}_by_{names}")
}

/// How a column of this form is declared.
pub(super) fn declared(form: Form) -> &'static str {
    match form {
        Form::Text => "TEXT COLLATE NOCASE",
        Form::Number => "REAL",
        Form::Integer => "INTEGER",
    }
}
