//! Reads what an input says of properties: typed values, or why not.

use super::PROPERTIES_MAX;
use crate::crm::PropertyNo;
use crate::crm::object::ObjectType;
use crate::crm::property::Property;
use crate::crm::record::Record;
use crate::crm::refused::Refused;
use crate::crm::value::{Invalid, Value};
use std::collections::BTreeMap;

/// The values of an input, by property; `None` clears.
///
/// # Errors
/// [`Refused`] at the first that cannot be taken, in the order of the names.
pub(super) fn read(
    object: &ObjectType,
    record: &Record,
    properties: &BTreeMap<Box<str>, Box<str>>,
) -> Result<BTreeMap<PropertyNo, Option<Value>>, Refused> {
    if properties.len() > PROPERTIES_MAX {
        let message = format!("one input may set {PROPERTIES_MAX} properties");
        return Err(Refused::BadReference(message.into()));
    }
    let mut values = BTreeMap::new();
    for (name, text) in properties {
        let Some(property) = object.property(name) else {
            let property = name.chars().take(100).collect::<String>().into();
            return Err(Refused::PropertyDoesntExist { property });
        };
        if !property.is_writable() {
            let property = property.name.clone();
            return Err(Refused::ReadOnly { property });
        }
        let value = parse(property, record.values.get(&property.no), text);
        let value = value.map_err(|invalid| Refused::value(&property.name, invalid))?;
        values.insert(property.no, value);
    }
    Ok(values)
}

/// A value; several choices that begin with a semicolon are added to those there are.
fn parse(
    property: &Property,
    current: Option<&Value>,
    text: &str,
) -> Result<Option<Value>, Invalid> {
    let value = Value::parse(property, text)?;
    let adds = property.is_multiple() && text.trim_start().starts_with(';');
    let (Some(Value::Options(new)), Some(Value::Options(there)), true) = (&value, current, adds)
    else {
        return Ok(value);
    };
    let mut options = there.clone();
    options.extend(new.iter().filter(|option| !there.contains(option)).cloned());
    Ok(Some(Value::Options(options)))
}
