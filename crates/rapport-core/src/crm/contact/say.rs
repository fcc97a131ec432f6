//! What a change of a contact says of its profile.

use super::{EMAIL, PHONE, Said, attribute_of, is_projected};
use crate::crm::object::ObjectType;
use crate::crm::record::Record;
use crate::crm::value::Value;
use crate::crm::write::Change;
use crate::identity::IdKind;

/// What a change of a contact says of its profile, in the order of the properties. `before` is the
/// contact as it was, if there was one. What the row alone keeps is said of nobody:
/// [`kept`](super::kept).
#[must_use]
pub fn says(object: &ObjectType, before: Option<&Record>, change: &Change) -> Vec<Said> {
    let mut said = Vec::new();
    for (no, value) in &change.values {
        let Some(property) = object.properties.get(no) else {
            continue;
        };
        if !is_projected(property) {
            continue;
        }
        let kind = match &*property.name {
            EMAIL => Some(IdKind::Email),
            PHONE => Some(IdKind::Phone),
            _ => None,
        };
        if let Some(kind) = kind {
            let spelled = |value: Value| Box::<str>::from(value.spelled());
            said.push(Said::Identifier {
                kind,
                old: before
                    .and_then(|record| record.value(property))
                    .map(spelled),
                new: value.clone().map(spelled),
            });
        }
        said.push(Said::Attribute {
            name: attribute_of(&property.name).into(),
            json: json_of(value.as_ref()).into(),
        });
    }
    said
}

fn json_of(value: Option<&Value>) -> String {
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
