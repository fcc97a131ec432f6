//! Types of records: what is defined of each, and types of one's own.

use super::asked::Asked;
use super::body::Body;
use super::defining::define;
use super::fault::Fault;
use super::properties::{self, Draft};
use super::spelling::Spelled;
use super::{paging, reading};
use crate::Api;
use crate::rights::records::Fields;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use rapport_core::crm::association::AssociationType;
use rapport_core::crm::change::{Definition, Must, ObjectTypeDraft};
use rapport_core::crm::{Definitions, ObjectType, TypeId};
use rapport_core::entry::Command;
use rapport_core::time::Millis;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Api> {
    Spelled::versioned("/crm-object-schemas", "v3", "/schemas")
        .and("/crm/v3/schemas")
        .at("", get(all).post(make))
        .at("/{type}", get(one).patch(change).delete(archive))
        .at("/{type}/associations", post(associate))
        .at("/{type}/associations/{association}", delete(no_longer))
        .at("/{type}/purge", delete(purge))
        .routes()
}

/// A type itself, as whoever asks knows it.
fn head(object: &ObjectType, fields: &Fields) -> Value {
    let head = &object.head;
    let known = |names: &[Box<str>]| {
        let known = names.iter().filter(|name| {
            let property = object.property_even_archived(name);
            property.is_none_or(|property| fields.knows(property))
        });
        json!(known.collect::<Vec<_>>())
    };
    let mut shown = json!({
        "id": head.id.to_string(),
        "objectTypeId": head.id.to_string(),
        "name": head.name,
        "fullyQualifiedName": head.fully_qualified,
        "labels": { "singular": head.singular, "plural": head.plural },
        "primaryDisplayProperty": head.primary_display,
        "secondaryDisplayProperties": known(&head.secondary_display),
        "requiredProperties": known(&head.required),
        "searchableProperties": known(&head.searchable),
        "archived": head.archived,
        "portalId": super::account::PORTAL,
    });
    if !head.description.is_empty() {
        shown["description"] = json!(head.description);
    }
    for (name, at) in [("createdAt", head.created), ("updatedAt", head.updated)] {
        if at != Millis(0) {
            shown[name] = json!(at.to_string());
        }
    }
    shown
}

/// A type with its properties and links.
fn shown(definitions: &Definitions, asked: &Asked, object: &ObjectType) -> Value {
    let fields = Fields::of(definitions, &asked.caller.who, object);
    let mut shown = head(object, &fields);
    let properties = object.in_use().filter(|property| fields.knows(property));
    let properties = properties.map(properties::shown);
    shown["properties"] = json!(properties.collect::<Vec<_>>());
    let from = object.id();
    let own = definitions.associations_from(from).map(association);
    shown["associations"] = json!(own.collect::<Vec<_>>());
    shown
}

fn association(one: &AssociationType) -> Value {
    let mut shown = json!({
        "id": one.type_id.to_string(),
        "fromObjectTypeId": one.from.to_string(),
        "toObjectTypeId": one.to.to_string(),
        "name": one.name,
    });
    for (name, at) in [("createdAt", one.created), ("updatedAt", one.updated)] {
        if at != Millis(0) {
            shown[name] = json!(at.to_string());
        }
    }
    shown
}

/// The types that somebody made; the standard ones are read by name.
async fn all(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let archived = asked.flag("archived")?;
    let types = definitions.types.values();
    let types = types.filter(|one| one.id().is_custom() && one.head.archived == archived);
    Ok(paging::whole(
        types.map(|one| shown(&definitions, &asked, one)).collect(),
    ))
}

async fn one(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    Ok(Json(shown(&definitions, &asked, object)))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Egg {
    name: String,
    labels: Option<Labels>,
    description: Option<String>,
    clear_description: bool,
    primary_display_property: Option<String>,
    secondary_display_properties: Option<Vec<String>>,
    required_properties: Option<Vec<String>>,
    searchable_properties: Option<Vec<String>>,
    properties: Vec<Draft>,
    associated_objects: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Labels {
    singular: Option<String>,
    plural: Option<String>,
}

impl Egg {
    fn draft(self, definitions: &Definitions) -> Result<ObjectTypeDraft, Fault> {
        let labels = self.labels.unwrap_or_default();
        let properties = self.properties.into_iter().map(Draft::read);
        let associated = self.associated_objects.iter();
        let associated =
            associated.map(|name| reading::object(definitions, name).map(ObjectType::id));
        let cleared = self.clear_description.then(String::new);
        Ok(ObjectTypeDraft {
            name: self.name.into(),
            singular: labels.singular.map(Into::into),
            plural: labels.plural.map(Into::into),
            description: cleared.or(self.description).map(Into::into),
            primary_display: self.primary_display_property.map(Into::into),
            secondary_display: self.secondary_display_properties.map(boxed),
            required: self.required_properties.map(boxed),
            searchable: self.searchable_properties.map(boxed),
            properties: properties.collect::<Result<_, _>>()?,
            associated: associated.collect::<Result<_, _>>()?,
        })
    }
}

fn boxed(names: Vec<String>) -> Vec<Box<str>> {
    names.into_iter().map(Into::into).collect()
}

async fn make(
    State(api): State<Api>,
    asked: Asked,
    Body(egg): Body<Egg>,
) -> Result<(StatusCode, Json<Value>), Fault> {
    let draft = egg.draft(&reading::definitions(&api))?;
    let command = Command::PutObjectType {
        must: Must::BeNew,
        draft,
    };
    let defined = define(&api, &asked.caller, command).await?;
    let made = defined.iter().find_map(|definition| match definition {
        Definition::Object(head) => Some(head.id),
        _ => None,
    });
    let definitions = reading::definitions(&api);
    let made = made
        .and_then(|id| definitions.get(id))
        .ok_or_else(Fault::internal)?;
    Ok((StatusCode::CREATED, Json(shown(&definitions, &asked, made))))
}

async fn change(
    State(api): State<Api>,
    asked: Asked,
    Body(mut egg): Body<Egg>,
) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let id = object.id();
    egg.name = object.head.name.to_string();
    // A patch changes the type itself.
    egg.properties.clear();
    egg.associated_objects.clear();
    let command = Command::PutObjectType {
        must: Must::Exist,
        draft: egg.draft(&definitions)?,
    };
    define(&api, &asked.caller, command).await?;
    let definitions = reading::definitions(&api);
    let changed = definitions.get(id).ok_or_else(Fault::internal)?;
    let fields = Fields::of(&definitions, &asked.caller.who, changed);
    Ok(Json(head(changed, &fields)))
}

async fn archive(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    if asked.flag("archived")? {
        // The recycling bin of types keeps them: their numbers are never given again.
        return Err(Fault::not_yet(
            "Archived types are kept: they cannot be deleted for good.",
        ));
    }
    let object = custom(&api, &asked)?;
    define(&api, &asked.caller, Command::DeleteObjectType { object }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn purge(_: Asked) -> Fault {
    Fault::not_yet("Archived types are kept: they cannot be deleted for good.")
}

fn custom(api: &Api, asked: &Asked) -> Result<TypeId, Fault> {
    let definitions = reading::definitions(api);
    let object = reading::object(&definitions, asked.at("type"))?;
    if object.id().is_custom() {
        return Ok(object.id());
    }
    Err(Fault::invalid(format!(
        "{} are standard objects, and stay.",
        object.head.plural
    )))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Association {
    from_object_type_id: String,
    to_object_type_id: String,
    #[serde(default)]
    name: Option<String>,
}

async fn associate(
    State(api): State<Api>,
    asked: Asked,
    Body(wanted): Body<Association>,
) -> Result<(StatusCode, Json<Value>), Fault> {
    let definitions = reading::definitions(&api);
    reading::object(&definitions, asked.at("type"))?;
    let from = reading::object(&definitions, &wanted.from_object_type_id)?.id();
    let to = reading::object(&definitions, &wanted.to_object_type_id)?.id();
    let command = Command::PutAssociation {
        from,
        to,
        name: wanted.name.map(Into::into),
    };
    define(&api, &asked.caller, command).await?;
    let definitions = reading::definitions(&api);
    let made = definitions
        .associations(from, to)
        .max_by_key(|one| one.type_id);
    let made = made.ok_or_else(Fault::internal)?;
    Ok((StatusCode::CREATED, Json(association(made))))
}

async fn no_longer(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let word = asked.at("association");
    let mut own = definitions.associations_from(object.id());
    let found = own.find(|one| one.type_id.to_string() == word || &*one.name == word);
    let found = found.ok_or_else(|| {
        Fault::missing(format!(
            "{} have no association `{word}`.",
            object.head.plural
        ))
    })?;
    let command = Command::DeleteAssociationLabel {
        from: found.from,
        to: found.to,
        type_id: found.type_id,
    };
    define(&api, &asked.caller, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
