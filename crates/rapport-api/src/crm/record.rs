//! A record as the dialect shows it: every value a text, every instant ISO 8601.

use rapport_core::crm::property::Fact;
use rapport_core::crm::{ObjectType, Property, PropertyNo, Record};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The properties an answer shows. Names that no property has are left out: a read asks for what
/// there may be.
pub(super) struct Columns<'a>(BTreeMap<PropertyNo, &'a Property>);

impl<'a> Columns<'a> {
    /// What is asked for, or else what is shown where nobody says; and what every answer has.
    pub(super) fn asked(object: &'a ObjectType, names: &[String]) -> Columns<'a> {
        let mut columns = Columns::always(object);
        if names.is_empty() {
            columns.add(object, object.head.default_read.iter().map(|name| &**name));
        }
        columns.add(object, names.iter().map(String::as_str));
        columns
    }

    /// Everything the record has, and what was written to it.
    pub(super) fn written<'n>(
        object: &'a ObjectType,
        record: &Record,
        names: impl Iterator<Item = &'n str>,
    ) -> Columns<'a> {
        let mut columns = Columns::always(object);
        let set = object.in_use();
        let set = set.filter(|property| record.value(property).is_some());
        columns
            .0
            .extend(set.map(|property| (property.no, property)));
        columns.add(object, names);
        columns
    }

    fn always(object: &'a ObjectType) -> Columns<'a> {
        let known = [Fact::Id, Fact::Created, Fact::Updated];
        let properties = object.in_use();
        let properties =
            properties.filter(|one| one.fact.is_some_and(|fact| known.contains(&fact)));
        Columns(properties.map(|property| (property.no, property)).collect())
    }

    fn add<'n>(&mut self, object: &'a ObjectType, names: impl Iterator<Item = &'n str>) {
        let properties = names.filter_map(|name| object.property(name));
        self.0
            .extend(properties.map(|property| (property.no, property)));
    }
}

/// A record with these properties.
pub(super) fn shown(record: &Record, columns: &Columns<'_>) -> Map<String, Value> {
    let properties = columns.0.values().map(|property| {
        let value = record.value(property).map(|value| value.spelled());
        (property.name.to_string(), json!(value))
    });
    let mut shown = Map::new();
    shown.insert("id".to_owned(), json!(record.no.to_string()));
    shown.insert("properties".to_owned(), properties.collect());
    shown.insert("createdAt".to_owned(), json!(record.created.to_string()));
    shown.insert("updatedAt".to_owned(), json!(record.updated.to_string()));
    shown.insert("archived".to_owned(), json!(record.archived.is_some()));
    if let Some(at) = record.archived {
        shown.insert("archivedAt".to_owned(), json!(at.to_string()));
    }
    shown
}
