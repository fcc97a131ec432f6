//! A property as a request asks for it.

use crate::crm::fault::{Detail, Fault};
use rapport_core::crm::TypeId;
use rapport_core::crm::change::PropertyDraft;
use rapport_core::crm::property::{Choice, External, FieldType, Kind, Sensitivity};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What is asked for. What is not said stays, or is as it is usual.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::crm) struct Draft {
    /// Its name; in a change the address says it.
    pub(in crate::crm) name: String,
    label: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    field_type: Option<String>,
    group_name: Option<String>,
    description: Option<String>,
    options: Option<Vec<Choosing>>,
    display_order: Option<i32>,
    has_unique_value: Option<bool>,
    hidden: Option<bool>,
    form_field: Option<bool>,
    calculation_formula: Option<String>,
    external_options: Option<bool>,
    referenced_object_type: Option<String>,
    show_currency_symbol: Option<bool>,
    data_sensitivity: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Choosing {
    label: String,
    value: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    display_order: Option<i32>,
    #[serde(default)]
    hidden: bool,
}

impl Draft {
    /// The draft, where its words are words.
    pub(in crate::crm) fn read(self) -> Result<PropertyDraft, Fault> {
        let choices = self.options.map(|options| {
            let placed = options.into_iter().zip(0..);
            placed.map(|(option, place)| option.read(place)).collect()
        });
        let kind: Option<Kind> = word("type", self.kind)?;
        let field: Option<FieldType> = word("fieldType", self.field_type)?;
        let referenced = self.referenced_object_type.filter(|name| !name.is_empty());
        let external = match referenced.as_deref() {
            None if self.external_options == Some(true) => Some(External::Owner),
            None => None,
            Some("OWNER") => Some(External::Owner),
            Some(name) => Some(External::Record(referenced_type(name)?)),
        };
        Ok(PropertyDraft {
            name: self.name.into(),
            label: self.label.map(Into::into),
            description: self.description.map(Into::into),
            group: self.group_name.map(Into::into),
            kind,
            field,
            choices,
            external,
            unique: self.has_unique_value,
            hidden: self.hidden,
            form_field: self.form_field,
            display_order: self.display_order,
            formula: self
                .calculation_formula
                .filter(|text| !text.is_empty())
                .map(Into::into),
            currency: self.show_currency_symbol,
            sensitivity: word::<Sensitivity>("dataSensitivity", self.data_sensitivity)?,
        })
    }
}

impl Choosing {
    fn read(self, place: i32) -> Choice {
        Choice {
            value: self.value.into(),
            label: self.label.into(),
            hidden: self.hidden,
            display_order: self.display_order.unwrap_or(place),
            description: self.description.unwrap_or_default().into(),
        }
    }
}

fn referenced_type(name: &str) -> Result<TypeId, Fault> {
    TypeId::parse(name).ok_or_else(|| {
        Fault::invalid(format!(
            "`referencedObjectType` is `OWNER` or an object type id such as `0-1`, not `{name}`."
        ))
    })
}

/// One of the words that something may be.
fn word<T: DeserializeOwned>(member: &str, text: Option<String>) -> Result<Option<T>, Fault> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    serde_json::from_value(Value::from(text.as_str()))
        .map(Some)
        .map_err(|error| {
            let message = format!("`{member}`: {error}");
            let detail = Detail {
                message: message.clone(),
                code: Some("INVALID_OPTION"),
                place: Some(member.to_owned()),
                ..Detail::default()
            };
            Fault::invalid(message).with(detail)
        })
}
