//! A property as the dialect shows it.

use rapport_core::crm::property::{Choice, External, FieldType, Kind, Property, Sensitivity};
use rapport_core::time::Millis;
use serde_json::{Value, json};

/// A property with everything that is known of it.
pub(in crate::crm) fn shown(property: &Property) -> Value {
    let choices = property.choices.iter().map(choice);
    let mut shown = json!({
        "name": property.name,
        "label": property.label,
        "type": kind(property.kind),
        "fieldType": field(property.field),
        "description": property.description,
        "groupName": property.group,
        "options": choices.collect::<Vec<_>>(),
        "displayOrder": property.display_order,
        "calculated": property.calculated.is_some(),
        "externalOptions": property.external.is_some(),
        "hasUniqueValue": property.unique,
        "hidden": property.hidden,
        "hubspotDefined": property.defined_by_rapport,
        "formField": property.form_field,
        "showCurrencySymbol": property.currency,
        "dataSensitivity": sensitivity(property.sensitivity),
        "archived": property.archived,
        "modificationMetadata": {
            "archivable": !property.defined_by_rapport,
            "readOnlyDefinition": property.defined_by_rapport,
            "readOnlyOptions": property.read_only_choices,
            "readOnlyValue": !property.is_writable(),
        },
    });
    let instants = [
        ("createdAt", Some(property.created)),
        ("updatedAt", Some(property.updated)),
        ("archivedAt", property.archived_at),
    ];
    for (name, at) in instants {
        if let Some(at) = at.filter(|at| *at != Millis(0)) {
            shown[name] = json!(at.to_string());
        }
    }
    for (name, by) in [
        ("createdUserId", &property.created_by),
        ("updatedUserId", &property.updated_by),
    ] {
        if !by.is_empty() {
            shown[name] = json!(by);
        }
    }
    if let Some(formula) = &property.calculated {
        shown["calculationFormula"] = json!(formula.to_string());
    }
    match property.external {
        Some(External::Owner) => shown["referencedObjectType"] = json!("OWNER"),
        Some(External::Record(object)) => {
            shown["referencedObjectType"] = json!(object.to_string());
        }
        _ => {}
    }
    shown
}

fn choice(choice: &Choice) -> Value {
    json!({
        "label": choice.label,
        "value": choice.value,
        "description": choice.description,
        "displayOrder": choice.display_order,
        "hidden": choice.hidden,
    })
}

/// The word of a kind of values.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "bool",
        Kind::Date => "date",
        Kind::DateTime => "datetime",
        Kind::Enumeration => "enumeration",
        Kind::Number => "number",
        Kind::PhoneNumber => "phone_number",
        Kind::String => "string",
    }
}

fn field(field: FieldType) -> &'static str {
    match field {
        FieldType::BooleanCheckbox => "booleancheckbox",
        FieldType::CalculationEquation => "calculation_equation",
        FieldType::Checkbox => "checkbox",
        FieldType::Date => "date",
        FieldType::File => "file",
        FieldType::Html => "html",
        FieldType::Number => "number",
        FieldType::PhoneNumber => "phonenumber",
        FieldType::Radio => "radio",
        FieldType::Select => "select",
        FieldType::Text => "text",
        FieldType::TextArea => "textarea",
    }
}

fn sensitivity(sensitivity: Sensitivity) -> &'static str {
    match sensitivity {
        Sensitivity::NonSensitive => "non_sensitive",
        Sensitivity::Sensitive => "sensitive",
        Sensitivity::HighlySensitive => "highly_sensitive",
    }
}
