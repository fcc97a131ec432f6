//! Texts as views into the pages they stand in: a dictionary's long text that a million rows name is
//! in memory once.

use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};
use std::sync::Arc;

/// The schema, with views for its texts.
pub(super) fn of(schema: &Schema) -> SchemaRef {
    let fields: Vec<FieldRef> = schema.fields().iter().map(field).collect();
    Arc::new(Schema::new(fields))
}

fn field(field: &FieldRef) -> FieldRef {
    let viewed = Field::clone(field).with_data_type(kind(field.data_type()));
    Arc::new(viewed)
}

fn kind(kind: &DataType) -> DataType {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        DataType::List(item) => DataType::List(field(item)),
        DataType::LargeList(item) => DataType::LargeList(field(item)),
        DataType::Struct(members) => DataType::Struct(members.iter().map(field).collect()),
        other => other.clone(),
    }
}
