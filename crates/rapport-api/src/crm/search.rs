//! Records by what is true of them. What was written before a search is found by it.

use super::asked::Asked;
use super::body::{Body, Text};
use super::fault::{Detail, Fault};
use super::paging;
use super::reading::{self, Wanted};
use super::spelling::Spelled;
use crate::Api;
use crate::rights::records::seen;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use rapport_core::crm::query;
use rapport_core::member::{Access, Action};
use rapport_flow::crm::Query;
use rapport_store::records::{After, Count};
use serde::Deserialize;
use serde_json::{Value, json};

mod condition;
mod sorts;

pub(crate) use condition::filter;
pub(crate) use sorts::of as sort;

const LIMIT: usize = 10;
const LIMIT_MAX: usize = 200;
/// Up to where a total is exact.
const TOTAL_MAX: u64 = 10_000;
/// How far into the results a page may begin.
const OFFSET_MAX: u64 = 1_000_000;

pub(super) fn routes() -> Router<Api> {
    Spelled::family("v3", "objects")
        .at("/{type}/search", post(search))
        .routes()
}

/// What is looked for. Everything may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Looking {
    query: Option<String>,
    filter_groups: Option<Vec<Group>>,
    /// Filters without a group are one group.
    filters: Option<Vec<Filter>>,
    sorts: Option<Vec<sorts::Sort>>,
    properties: Option<Vec<String>>,
    limit: Option<usize>,
    after: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct Group {
    filters: Vec<Filter>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    property_name: String,
    operator: String,
    value: Option<Text>,
    values: Option<Vec<Text>>,
    high_value: Option<Text>,
}

async fn search(
    State(api): State<Api>,
    asked: Asked,
    Body(looking): Body<Looking>,
) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let object = reading::object(&definitions, asked.at("type"))?;
    let limit = limit(looking.limit)?;
    let offset = offset(looking.after.as_ref())?;
    let wanted = Wanted {
        properties: looking.properties.clone().unwrap_or_default(),
        ..Wanted::default()
    };
    let search = looking.search(asked.flag("archived")?)?;
    let reach = reading::reach(&api, &asked.caller, object, Access::Read)?;
    let filters = search
        .groups
        .iter()
        .flatten()
        .map(|filter| &*filter.property);
    reach.finds(filters.chain(search.sorts.iter().map(|sort| &*sort.property)))?;
    if search.words.is_some() {
        reach.looks_for_words()?;
    }
    let checked = query::compile(&definitions, object, &search).map_err(wrong)?;
    let who = &asked.caller.who;
    let filter = seen(&api, who, &definitions, filter(checked.condition)).await?;
    let query = Query {
        object: object.id(),
        filter: filter.and(reach.filter(Action::View)),
        search: checked.words,
        sort: sorts::of(&checked.order),
        after: After::Offset(offset),
        limit,
        count: Count::Capped(TOTAL_MAX),
    };
    let answer = api.rapport.query_records(query).await?;
    let found = offset + answer.records.len() as u64;
    let total = answer.total.map_or(found, |total| total.count.max(found));
    let next = answer.next.as_ref().map(|_| found);
    let page = reading::Page {
        api: &api,
        caller: &asked.caller,
        definitions: &definitions,
        object,
    };
    let shown = page.shown(answer.records, &wanted).await?;
    let mut page = json!({ "total": total, "results": shown });
    paging::add(&mut page, &asked, next);
    Ok(Json(page))
}

fn limit(limit: Option<usize>) -> Result<usize, Fault> {
    match limit {
        None | Some(0) => Ok(LIMIT),
        Some(limit) if limit <= LIMIT_MAX => Ok(limit),
        Some(limit) => Err(Fault::invalid(format!(
            "`limit` is at most {LIMIT_MAX}, not {limit}."
        ))),
    }
}

fn offset(after: Option<&Text>) -> Result<u64, Fault> {
    let Some(Text(text)) = after.filter(|after| !after.0.is_empty()) else {
        return Ok(0);
    };
    let offset = text.parse().ok();
    offset
        .filter(|offset| *offset <= OFFSET_MAX)
        .ok_or_else(|| {
            Fault::invalid(format!(
                "`after` is a number up to {OFFSET_MAX}, as the page before said, not `{text}`."
            ))
        })
}

impl Looking {
    fn search(self, archived: bool) -> Result<query::Search, Fault> {
        let groups = self.filter_groups.unwrap_or_default().into_iter();
        let mut groups: Vec<Vec<Filter>> = groups.map(|group| group.filters).collect();
        groups.extend(self.filters.filter(|filters| !filters.is_empty()));
        let groups = groups.into_iter().map(|group| {
            let filters = group.into_iter().map(Filter::read);
            filters.collect::<Result<Vec<_>, _>>()
        });
        let sorts = self.sorts.unwrap_or_default().into_iter();
        Ok(query::Search {
            words: self.query.filter(|words| !words.is_empty()).map(Into::into),
            groups: groups.collect::<Result<_, _>>().map_err(wrong)?,
            sorts: sorts.map(sorts::Sort::read).collect(),
            archived,
        })
    }
}

impl Filter {
    fn read(self) -> Result<query::Filter, query::Error> {
        let values = self.values.unwrap_or_default().into_iter();
        Ok(query::Filter {
            property: self.property_name.into(),
            operator: query::Operator::from_word(&self.operator)?,
            value: self.value.map(|text| text.0.into()),
            values: values.map(|text| text.0.into()).collect(),
            high: self.high_value.map(|text| text.0.into()),
        })
    }
}

/// What is wrong with a search.
pub(super) fn wrong(error: query::Error) -> Fault {
    let code = match &error {
        query::Error::PropertyDoesntExist { .. } => "PROPERTY_DOESNT_EXIST",
        query::Error::UnknownOperator(_) | query::Error::WrongOperator { .. } => "INVALID_OPERATOR",
        query::Error::ValueMissing { .. } | query::Error::Invalid { .. } => "INVALID_VALUE",
        query::Error::TypeUnknown(_) => "OBJECT_TYPE_UNKNOWN",
        query::Error::TooMuch(_) => "SEARCH_LIMIT_EXCEEDED",
    };
    let message = error.to_string();
    let property = match error {
        query::Error::PropertyDoesntExist { property }
        | query::Error::WrongOperator { property, .. }
        | query::Error::ValueMissing { property, .. }
        | query::Error::Invalid { property, .. } => Some(property),
        _ => None,
    };
    let mut detail = Detail {
        message: message.clone(),
        code: Some(code),
        ..Detail::default()
    };
    if let Some(property) = property {
        detail
            .context
            .insert("propertyName", vec![property.to_string()]);
    }
    Fault::invalid(format!("There was a problem with the request: {message}")).with(detail)
}
