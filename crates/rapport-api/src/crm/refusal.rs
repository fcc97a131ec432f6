//! Why an input was refused, in the words and categories that clients look for.

use super::fault::{Detail, Fault};
use rapport_core::crm::{ObjectType, Refused};
use serde_json::json;

/// The answer to a refused input of records of a type.
pub(super) fn fault(object: &ObjectType, refused: &Refused) -> Fault {
    match refused {
        // Connectors read the id out of these words.
        Refused::NotUnique {
            property, existing, ..
        } => Fault::conflict(format!(
            "{} already exists. Existing ID: {existing}",
            object.head.singular
        ))
        .about("propertyName", &**property)
        .about("existingId", existing.to_string()),
        Refused::Taken { property } => {
            Fault::conflict(format!("{} already exists.", object.head.singular))
                .about("propertyName", &**property)
        }
        Refused::NotFound { reference, .. } => Fault::missing(format!(
            "Object not found. objectId are usually numeric: {reference} is no {} here.",
            object.head.word
        ))
        .about("id", &**reference),
        Refused::RequiredMissing { properties } | Refused::RequiredByStage { properties, .. } => {
            required(refused, properties)
        }
        Refused::LinkLimit { .. } => plain(refused).kind("ASSOCIATION_LIMIT_EXCEEDED"),
        Refused::NotAllowed(why) => Fault::forbidden(&**why),
        refused => match refused.property() {
            Some(property) => value(refused, property),
            None => plain(refused),
        },
    }
}

fn plain(refused: &Refused) -> Fault {
    Fault::invalid(sentence(refused)).with(Detail {
        message: refused.to_string(),
        code: Some(refused.code()),
        ..Detail::default()
    })
}

/// What is wrong with the value of a property. The list in the message is what older clients
/// read.
fn value(refused: &Refused, property: &str) -> Fault {
    let message = refused.to_string();
    let listed = json!([{
        "isValid": false,
        "message": message,
        "error": refused.code(),
        "name": property,
        "localizedErrorMessage": message,
    }]);
    Fault::invalid(format!("Property values were not valid: {listed}")).with(Detail {
        message,
        code: Some(refused.code()),
        place: None,
        context: [("propertyName", vec![property.to_owned()])].into(),
    })
}

fn required(refused: &Refused, properties: &[Box<str>]) -> Fault {
    let names = properties.iter().map(ToString::to_string).collect();
    Fault::invalid(sentence(refused)).with(Detail {
        message: refused.to_string(),
        code: Some(refused.code()),
        place: None,
        context: [("properties", names)].into(),
    })
}

/// The same as a sentence of its own.
fn sentence(refused: &Refused) -> String {
    let text = refused.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    let end = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    first
        .into_iter()
        .flatten()
        .chain(letters)
        .chain(end.chars())
        .collect()
}
