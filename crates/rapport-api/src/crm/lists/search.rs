//! Lists by their names and kinds.

use super::{Asked, find, processing_type, shown};
use crate::Api;
use crate::crm::body::{Body, Text};
use crate::crm::fault::Fault;
use axum::Json;
use axum::extract::State;
use rapport_core::segment::registry::Definition;
use serde::Deserialize;
use serde_json::{Value, json};

const COUNT: usize = 20;
const COUNT_MAX: usize = 500;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Looking {
    query: Option<String>,
    list_ids: Option<Vec<Text>>,
    processing_types: Option<Vec<String>>,
    additional_properties: Option<Vec<String>>,
    offset: Option<usize>,
    count: Option<usize>,
    sort: Option<String>,
}

pub(super) async fn search(
    State(api): State<Api>,
    _: Asked,
    Body(looking): Body<Looking>,
) -> Result<Json<Value>, Fault> {
    let count = match looking.count {
        None | Some(0) => COUNT,
        Some(count) if count <= COUNT_MAX => count,
        Some(count) => {
            let message = format!("`count` is at most {COUNT_MAX}, not {count}.");
            return Err(Fault::invalid(message));
        }
    };
    let offset = looking.offset.unwrap_or(0);
    let mut found = looking.found(&api)?;
    looking.order(&mut found)?;
    let total = found.len();
    let page: Vec<_> = found
        .iter()
        .skip(offset)
        .take(count)
        .map(|list| looking.shown(&api, list))
        .collect();
    let next = offset.saturating_add(page.len());
    Ok(Json(json!({
        "total": total,
        "offset": next,
        "hasMore": next < total,
        "lists": page,
    })))
}

impl Looking {
    fn found(&self, api: &Api) -> Result<Vec<Definition>, Fault> {
        let words = self.query.as_deref().unwrap_or_default().to_lowercase();
        let kinds = self.processing_types.as_deref().unwrap_or_default();
        let mut lists = match &self.list_ids {
            Some(ids) if !ids.is_empty() => {
                ids.iter().filter_map(|id| find(api, &id.0).ok()).collect()
            }
            _ => api.rapport.registry().segments().to_vec(),
        };
        lists.retain(|list| list.name.to_lowercase().contains(&words));
        lists.retain(|list| {
            kinds.is_empty() || kinds.iter().any(|kind| kind == processing_type(list))
        });
        Ok(lists)
    }

    fn order(&self, lists: &mut [Definition]) -> Result<(), Fault> {
        let sort = self.sort.as_deref().unwrap_or("HS_LIST_ID");
        let (name, is_descending) = match sort.strip_prefix('-') {
            Some(name) => (name, true),
            None => (sort, false),
        };
        match name.to_ascii_uppercase().as_str() {
            "HS_LIST_ID" | "HS_OBJECT_ID" | "HS_CREATEDATE" => lists.sort_by_key(|list| list.no),
            "HS_LIST_NAME" | "NAME" => lists.sort_by_key(|list| list.name.to_lowercase()),
            "HS_LASTMODIFIEDDATE" | "HS_UPDATED_AT" => {
                lists.sort_by_key(|list| list.since_received);
            }
            other => {
                return Err(Fault::invalid(format!(
                    "`sort` is HS_LIST_ID, HS_LIST_NAME or HS_LASTMODIFIEDDATE, with `-` before \
                     it for the other way round, not `{other}`."
                )));
            }
        }
        if is_descending {
            lists.reverse();
        }
        Ok(())
    }

    fn shown(&self, api: &Api, list: &Definition) -> Value {
        let mut one = shown(api, list, false);
        let asked = self.additional_properties.iter().flatten();
        let known = asked.filter_map(|name| {
            let value = match name.as_str() {
                "hs_list_size" => api.rapport.segment_size(list.no).to_string(),
                "hs_list_size_week_delta" => return None,
                "hs_list_name" => list.name.to_string(),
                "rapport_segment_key" => list.key.to_string(),
                _ => return None,
            };
            Some((name.clone(), Value::from(value)))
        });
        one["additionalProperties"] = known.collect();
        one
    }
}
