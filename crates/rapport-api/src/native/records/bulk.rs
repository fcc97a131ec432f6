//! Many records changed at once: those named, or those that a filter finds. Each fares by itself.

use super::{asked, command, found, object, reach, told, value};
use crate::Api;
use crate::errors::{Code, Error};
use crate::native::body::Body;
use crate::native::list::Page;
use crate::rights::Asker;
use crate::rights::records::Reach;
use axum::Json;
use axum::extract::{Path, State};
use rapport_core::crm::write::INPUTS_MAX;
use rapport_core::crm::{Definitions, RecordInput, RecordNo, RecordReference, Verb};
use rapport_core::member::Access;
use rapport_flow::crm::Query;
use rapport_store::records::{After, Count};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Most records of one request.
const RECORDS_MAX: usize = 10_000;
/// Most refusals that are told one by one.
const PROBLEMS_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Which records; else those the parameters find.
    ids: Option<Vec<String>>,
    /// Values that each gets.
    #[serde(default)]
    set: BTreeMap<String, Value>,
    /// Whether they are archived.
    #[serde(default)]
    archive: bool,
    /// Whether they are taken out of the archive.
    #[serde(default)]
    restore: bool,
}

impl Wanted {
    fn verb(&self) -> Result<Verb, Error> {
        match (self.set.is_empty(), self.archive, self.restore) {
            (false, false, false) => Ok(Verb::Write),
            (true, true, false) => Ok(Verb::Archive),
            (true, false, true) => Ok(Verb::Restore),
            _ => Err(Error::new(
                Code::InvalidBody,
                "say one thing to do: `set`, `archive` or `restore`",
            )),
        }
    }
}

pub(super) async fn bulk(
    State(api): State<Api>,
    asker: Asker,
    Path(word): Path<String>,
    page: Page,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>, Error> {
    let definitions = api.rapport.definitions();
    let object = object(&definitions, &word)?;
    let verb = wanted.verb()?;
    let ids = match &wanted.ids {
        Some(ids) => named(ids)?,
        None => {
            let reach = reach(&api, &asker, object, Access::Read)?;
            let checked = asked::query(&definitions, object, &page, &reach)?;
            matching(&api, &asker, &definitions, &reach, checked).await?
        }
    };
    let properties = value::texts(wanted.set)?;
    let (mut changed, mut unchanged, mut refused) = (0_u64, 0_u64, 0_u64);
    let mut problems = Vec::new();
    for some in ids.chunks(INPUTS_MAX) {
        let inputs = some.iter().map(|number| RecordInput {
            reference: RecordReference::Id(*number),
            upsert: false,
            verb,
            properties: properties.clone(),
            associations: Vec::new(),
        });
        let fates = command(&api, &asker, object, inputs.collect()).await?;
        for (number, fate) in some.iter().zip(fates) {
            match fate {
                Ok(written) if written.changed => changed += 1,
                Ok(_) => unchanged += 1,
                Err(why) => {
                    refused += 1;
                    if problems.len() < PROBLEMS_MAX {
                        let message = told(&why).message().to_owned();
                        problems.push(json!({ "id": number.to_string(), "message": message }));
                    }
                }
            }
        }
    }
    Ok(Json(json!({
        "changed": changed, "unchanged": unchanged, "refused": refused, "problems": problems,
    })))
}

fn named(ids: &[String]) -> Result<Vec<RecordNo>, Error> {
    let numbers = ids.iter().map(|id| {
        let number = RecordNo::parse(id);
        number.ok_or_else(|| Error::new(Code::InvalidBody, format!("`{id}` is no id")))
    });
    let mut numbers = numbers.collect::<Result<Vec<_>, _>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    bounded(numbers)
}

/// Everybody is found before anybody is changed: a change may move a record out of the filter.
async fn matching(
    api: &Api,
    asker: &Asker,
    definitions: &Definitions,
    reach: &Reach<'_>,
    checked: rapport_core::crm::query::Query,
) -> Result<Vec<RecordNo>, Error> {
    let filter = found(api, asker, definitions, reach, checked.condition).await?;
    let query = Query {
        object: checked.object,
        filter,
        search: checked.words,
        sort: Vec::new(),
        after: After::Start,
        limit: RECORDS_MAX + 1,
        count: Count::No,
    };
    let answer = api.rapport.query_records(query).await?;
    bounded(answer.records.iter().map(|record| record.no).collect())
}

fn bounded(numbers: Vec<RecordNo>) -> Result<Vec<RecordNo>, Error> {
    if numbers.len() <= RECORDS_MAX {
        return Ok(numbers);
    }
    let message =
        format!("more than {RECORDS_MAX} records: narrow the filter, or name them in parts");
    Err(Error::new(Code::InvalidBody, message))
}
