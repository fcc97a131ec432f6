//! Many records changed at once: those named, or those that a filter or a view finds. Each fares by
//! itself, and what it was is remembered, so that all of it can be undone.

use super::{asked, denied, found, object, reach, value, view};
use crate::Api;
use crate::errors::{Code, Error};
use crate::native::body::Body;
use crate::native::bulks;
use crate::native::list::Page;
use crate::rights::Asker;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rapport_core::crm::bulk::{Act, Draft, Which};
use rapport_core::crm::query::{self, Order};
use rapport_core::crm::{Fact, Form, ObjectType, RecordNo};
use rapport_core::member::{Access, Action};
use rapport_flow::crm::{Answer, Query};
use rapport_store::records::{After, Count};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Which records; else those the parameters find.
    ids: Option<Vec<String>>,
    /// Values that each gets.
    #[serde(default)]
    set: BTreeMap<String, Value>,
    /// Whose each is to be; `null` for nobody's.
    #[serde(default, deserialize_with = "given")]
    owner: Option<Value>,
    /// Whether they are archived.
    #[serde(default)]
    archive: bool,
    /// Whether they are taken out of the archive.
    #[serde(default)]
    restore: bool,
}

/// Tells `null` from nothing at all.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

impl Wanted {
    fn act(&mut self, object: &ObjectType) -> Result<Act, Error> {
        if let Some(owner) = self.owner.take() {
            let mut properties = object.properties.values();
            let owned = properties.find(|one| one.fact == Some(Fact::Owner));
            let owned = owned.ok_or_else(|| {
                let message = format!("{} have no owner", object.head.plural);
                Error::new(Code::InvalidBody, message)
            })?;
            self.set.insert(owned.name.to_string(), owner);
        }
        match (self.set.is_empty(), self.archive, self.restore) {
            (false, false, false) => Ok(Act::Set(value::texts(std::mem::take(&mut self.set))?)),
            (true, true, false) => Ok(Act::Archive),
            (true, false, true) => Ok(Act::Restore),
            _ => Err(Error::new(
                Code::InvalidBody,
                "say one thing to do: `set` (or `owner`), `archive` or `restore`",
            )),
        }
    }
}

pub(super) async fn bulk(
    State(api): State<Api>,
    asker: Asker,
    Path(word): Path<String>,
    page: Page,
    Body(mut wanted): Body<Wanted>,
) -> Result<(StatusCode, Json<Value>), Error> {
    let definitions = api.rapport.definitions();
    let object = object(&definitions, &word)?;
    let act = wanted.act(object)?;
    let reached = reach(&api, &asker, object, Access::Write)?;
    let none = BTreeMap::new();
    let (action, set) = match &act {
        Act::Set(set) => (Action::Edit, set),
        _ => (Action::Archive, &none),
    };
    // Before a word is said of the values, or a record is looked at.
    reached
        .begins(action, set.keys().map(|name| &**name))
        .map_err(denied)?;
    let (which, until, expected) = match &wanted.ids {
        Some(ids) => {
            let ids = named(ids)?;
            let last = ids.last().copied().unwrap_or_default();
            let count = ids.len() as u64;
            (Which::Named(ids), last, count)
        }
        None => {
            let view = view(&api, &asker, &page)?;
            let reach = reach(&api, &asker, object, Access::Read)?;
            let checked = asked::query(&definitions, object, &page, &reach, view.as_deref())?;
            let condition = checked.condition;
            let filter = found(&api, &asker.actor, &definitions, &reach, condition).await?;
            let search = asked::search(object, &page, view.as_deref())?;
            let (last, count) = end(&api, object, filter, checked.words).await?;
            let search = query::Search {
                sorts: Vec::new(),
                ..search
            };
            (Which::Found(search), last, count)
        }
    };
    let draft = Draft {
        object: object.id(),
        which,
        act,
        until,
        expected,
        by: bulks::by(&asker),
    };
    bulks::begin(&api, &asker, draft).await
}

fn named(ids: &[String]) -> Result<Vec<RecordNo>, Error> {
    let numbers = ids.iter().map(|id| {
        let number = RecordNo::parse(id);
        number.ok_or_else(|| Error::new(Code::InvalidBody, format!("`{id}` is no id")))
    });
    let mut numbers = numbers.collect::<Result<Vec<_>, _>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// The highest number that is found, and how many there are.
async fn end(
    api: &Api,
    object: &ObjectType,
    filter: rapport_store::records::Filter,
    search: Option<Box<str>>,
) -> Result<(RecordNo, u64), Error> {
    let highest = Order {
        column: None,
        form: Form::Integer,
        descending: true,
    };
    let query = Query {
        object: object.id(),
        filter,
        search,
        sort: crate::crm::sort(&[highest]),
        after: After::Start,
        limit: 1,
        count: Count::Exact,
    };
    loop {
        let answer = api.rapport.query_records(query.clone()).await?;
        // The one there was may have been changed while it was read.
        if let Some(end) = ended(&answer) {
            return Ok(end);
        }
    }
}

/// The end that the first of all records, highest number first, tells: by its key where it is not
/// shown. `None` where it was the only one.
fn ended(answer: &Answer) -> Option<(RecordNo, u64)> {
    let count = answer.total.map_or(0, |total| total.count);
    let shown = answer.records.first().map(|one| one.no);
    let last = match (&answer.next, shown) {
        (_, Some(shown)) => shown,
        (Some(After::Key(_, last)), None) => RecordNo(*last),
        (_, None) if count == 0 => RecordNo(0),
        _ => return None,
    };
    Some((last, count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::crm::Record;
    use rapport_core::time::Millis;
    use rapport_store::records::Total;

    #[test]
    fn the_end_is_known_though_the_last_record_was_changed_while_it_was_read() {
        let of = |shown: Option<u64>, next: Option<u64>, count: u64| {
            let shown = shown.into_iter().map(RecordNo);
            let total = Total { count, exact: true };
            ended(&Answer {
                records: shown.map(|no| Record::new(no, Millis(0))).collect(),
                total: Some(total),
                next: next.map(|no| After::Key(Vec::new(), no)),
            })
        };
        assert_eq!(of(Some(9), Some(9), 5), Some((RecordNo(9), 5)));
        assert_eq!(of(None, Some(9), 5), Some((RecordNo(9), 5)));
        assert_eq!(of(Some(9), None, 1), Some((RecordNo(9), 1)));
        assert_eq!(of(None, None, 1), None, "asked for again");
        assert_eq!(of(None, None, 0), Some((RecordNo(0), 0)));
    }
}
