//! The standard definitions: a file for each type, and one for how their records belong together.
//!
//! The files may grow, and a property of theirs keeps its number for ever: it is the column in
//! every directory there is. What a workspace changed of them is configuration
//! ([`change`](crate::crm::change)) and stands over them.

use crate::crm::TypeId;
use crate::crm::association::{AssociationType, Category};
use crate::crm::change::Definition;
use crate::crm::definitions::Definitions;
use crate::crm::object::{Head, ObjectType};
use crate::crm::pipeline::Pipeline;
use crate::crm::property::{Property, PropertyGroup};
use crate::time::Millis;
use serde::Deserialize;
use std::sync::LazyLock;

const FILES: [&str; 20] = [
    include_str!("standard/contacts.json"),
    include_str!("standard/companies.json"),
    include_str!("standard/deals.json"),
    include_str!("standard/tickets.json"),
    include_str!("standard/products.json"),
    include_str!("standard/line_items.json"),
    include_str!("standard/quotes.json"),
    include_str!("standard/communications.json"),
    include_str!("standard/feedback_submissions.json"),
    include_str!("standard/tasks.json"),
    include_str!("standard/notes.json"),
    include_str!("standard/meetings.json"),
    include_str!("standard/calls.json"),
    include_str!("standard/emails.json"),
    include_str!("standard/invoices.json"),
    include_str!("standard/subscriptions.json"),
    include_str!("standard/users.json"),
    include_str!("standard/orders.json"),
    include_str!("standard/leads.json"),
    include_str!("standard/carts.json"),
];
/// What the records of a type that somebody makes have from the start.
const CUSTOM: &str = include_str!("standard/custom.json");
const ASSOCIATIONS: &str = include_str!("standard/associations.json");

/// The property of a custom type that holds a record's pipeline.
pub const PIPELINE: &str = "hs_pipeline";
/// The property of a custom type that holds a record's stage.
pub const STAGE: &str = "hs_pipeline_stage";

static STANDARD: LazyLock<Definitions> = LazyLock::new(read);

/// A file of a type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    head: Head,
    groups: Vec<PropertyGroup>,
    pipelines: Vec<Pipeline>,
    properties: Vec<Property>,
}

/// The file of what every type has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Custom {
    groups: Vec<PropertyGroup>,
    properties: Vec<Property>,
}

/// Both directions of an association.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Both {
    from: Box<str>,
    to: Box<str>,
    id: u32,
    inverse: u32,
    #[serde(default)]
    label: Option<Box<str>>,
    #[serde(default)]
    inverse_label: Option<Box<str>>,
    #[serde(default)]
    primary: bool,
}

impl Definitions {
    /// What Rapport brings.
    #[must_use]
    pub fn standard() -> Definitions {
        STANDARD.clone()
    }
}

/// The groups and properties that a type somebody makes has from the start.
#[must_use]
pub fn of_every_type(object: TypeId) -> Vec<Definition> {
    let file: Custom = serde_json::from_str(CUSTOM).expect("the file is tested");
    let groups = file.groups.into_iter();
    let groups = groups.map(|group| Definition::Group { object, group });
    let properties = file.properties.into_iter().map(|property| {
        let property = Box::new(property);
        Definition::Property { object, property }
    });
    groups.chain(properties).collect()
}

fn read() -> Definitions {
    let mut definitions = Definitions::empty();
    for file in FILES {
        let file: File = serde_json::from_str(file).expect("the files are tested");
        put(&mut definitions, file);
    }
    let both: Vec<Both> = serde_json::from_str(ASSOCIATIONS).expect("the file is tested");
    for both in both {
        associate(&mut definitions, &both);
    }
    definitions
}

fn put(definitions: &mut Definitions, file: File) {
    let object = file.head.id;
    definitions.put(Definition::Object(Box::new(file.head)));
    for group in file.groups {
        definitions.put(Definition::Group { object, group });
    }
    for pipeline in file.pipelines {
        definitions.put(Definition::Pipeline { object, pipeline });
    }
    for property in file.properties {
        let property = Box::new(property);
        definitions.put(Definition::Property { object, property });
    }
}

fn associate(definitions: &mut Definitions, both: &Both) {
    let find = |name: &str| definitions.find(name).expect("the file is tested");
    let (from, to) = (find(&both.from), find(&both.to));
    let forth = direction(from, to, both, (both.id, both.inverse));
    let back = AssociationType {
        label: both.inverse_label.clone(),
        primary: false,
        ..direction(to, from, both, (both.inverse, both.id))
    };
    definitions.put(Definition::Association(Box::new(forth)));
    if both.inverse != both.id {
        definitions.put(Definition::Association(Box::new(back)));
    }
}

fn direction(
    from: &ObjectType,
    to: &ObjectType,
    both: &Both,
    (type_id, inverse): (u32, u32),
) -> AssociationType {
    let name = match &both.label {
        Some(label) => {
            let label = label.to_ascii_lowercase().replace(' ', "_");
            format!("{}_to_{}_{label}", from.head.word, to.head.word)
        }
        None => format!("{}_to_{}", from.head.word, to.head.word),
    };
    AssociationType {
        type_id,
        category: Category::Standard,
        from: from.id(),
        to: to.id(),
        name: name.into(),
        label: both.label.clone(),
        inverse,
        max: None,
        primary: both.primary,
        archived: false,
        created: Millis(0),
        updated: Millis(0),
    }
}

#[cfg(test)]
mod tests;
