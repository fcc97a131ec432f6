//! One record: its values, and the facts every record has.

use crate::crm::cell::Cell;
use crate::crm::object::ObjectType;
use crate::crm::property::{Fact, Property};
use crate::crm::value::Value;
use crate::crm::{PropertyNo, RecordNo};
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A record, as stored or as about to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its number.
    pub no: RecordNo,
    /// When it was made.
    pub created: Millis,
    /// When a property of it changed last.
    pub updated: Millis,
    /// When it was archived, if it is.
    pub archived: Option<Millis>,
    /// The teams that see it as theirs, `/1/7/`; empty for none.
    pub team_path: Box<str>,
    /// What it has for properties, archived ones too; the owner's number among them, other facts
    /// not.
    pub values: BTreeMap<PropertyNo, Value>,
}

/// A record, named by its number or by a value that no other has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordReference {
    /// One that is to be made.
    Create,
    /// By number.
    Id(RecordNo),
    /// By the value of a unique property.
    Unique {
        /// The property's name.
        property: Box<str>,
        /// The value, as the API spells it.
        value: Box<str>,
    },
}

impl Record {
    /// A record that has just been made.
    #[must_use]
    pub fn new(no: RecordNo, at: Millis) -> Record {
        Record {
            no,
            created: at,
            updated: at,
            archived: None,
            team_path: "".into(),
            values: BTreeMap::new(),
        }
    }

    /// Reads a record from the cells of its row. Cells of columns that no property has are left
    /// out.
    #[must_use]
    pub fn of_cells(
        object: &ObjectType,
        no: RecordNo,
        cells: impl IntoIterator<Item = (u16, Cell)>,
    ) -> Record {
        let cells: BTreeMap<u16, Cell> = cells.into_iter().collect();
        let integer = |fact: Fact| match cells.get(&fact.column()?)? {
            Cell::Integer(number) => Some(*number),
            _ => None,
        };
        let instant = |fact| integer(fact).map(Millis);
        let is_archived = integer(Fact::Archived) == Some(1);
        let team_path = match Fact::TeamPath
            .column()
            .and_then(|column| cells.get(&column))
        {
            Some(Cell::Text(path)) => path.clone(),
            _ => "".into(),
        };
        let mut record = Record {
            no,
            created: instant(Fact::Created).unwrap_or_default(),
            updated: instant(Fact::Updated).unwrap_or_default(),
            archived: instant(Fact::ArchivedAt).filter(|_| is_archived),
            team_path,
            values: BTreeMap::new(),
        };
        for property in object.properties.values() {
            if matches!(property.fact, None | Some(Fact::Owner))
                && let Some(cell) = property.column().and_then(|column| cells.get(&column))
                && let Some(value) = Value::of_cell(property, cell)
            {
                record.values.insert(property.no, value);
            }
        }
        record
    }

    /// The cells of its row: facts and values.
    #[must_use]
    pub fn cells(&self, object: &ObjectType) -> Vec<(u16, Cell)> {
        let archived = self.archived.map_or(Cell::Null, |at| Cell::Integer(at.0));
        let mut cells = vec![
            (0, Cell::Integer(self.created.0)),
            (1, Cell::Integer(self.updated.0)),
            (2, Cell::Integer(i64::from(self.archived.is_some()))),
            (3, archived),
            (5, Cell::Text(self.team_path.clone())),
        ];
        for (no, value) in &self.values {
            if let Some(property) = object.properties.get(no)
                && let Some(column) = property.column()
            {
                cells.push((column, value.cell(property)));
            }
        }
        cells.sort_by_key(|(column, _)| *column);
        cells
    }

    /// What it has for a property, facts included.
    #[must_use]
    pub fn value(&self, property: &Property) -> Option<Value> {
        match property.fact {
            None | Some(Fact::Owner) => self.values.get(&property.no).cloned(),
            Some(Fact::Id) => Some(Value::Text(self.no.to_string().into())),
            Some(Fact::Created) => Some(Value::Instant(self.created)),
            Some(Fact::Updated) => Some(Value::Instant(self.updated)),
            Some(Fact::Archived) => Some(Value::Bool(self.archived.is_some())),
            Some(Fact::ArchivedAt) => self.archived.map(Value::Instant),
            Some(Fact::TeamPath) => {
                let path = self.team_path.trim_matches('/').rsplit('/').next();
                let team = path.filter(|team| !team.is_empty())?;
                Some(Value::Text(team.into()))
            }
        }
    }

    /// What it has for the property of this name that is in use.
    #[must_use]
    pub fn named(&self, object: &ObjectType, name: &str) -> Option<Value> {
        self.value(object.property(name)?)
    }
}
