//! A board: how many records each value of a property has, and what they come to.

use super::{asked, denied, found, object, reach, value};
use crate::Api;
use crate::errors::{Code, Error};
use crate::native::list::Page;
use crate::rights::Asker;
use axum::Json;
use axum::extract::{Path, State};
use rapport_core::crm::{Kind, ObjectType, Property, query};
use rapport_core::member::Access;
use rapport_flow::crm::Sums;
use serde_json::{Value, json};

pub(super) async fn board(
    State(api): State<Api>,
    asker: Asker,
    Path(word): Path<String>,
    page: Page,
) -> Result<Json<Value>, Error> {
    let definitions = api.rapport.definitions();
    let object = object(&definitions, &word)?;
    let stage = object.head.staged.as_ref().map(|staged| &*staged.stage);
    let view = super::view(&api, &asker, &page)?;
    let board = view.as_ref().and_then(|view| view.draft.board.as_ref());
    let by = page.one("by").or(board.map(|board| &*board.by)).or(stage);
    let by = by.ok_or_else(|| {
        Error::new(
            Code::InvalidQuery,
            "say with `by` which property the columns are of",
        )
    })?;
    let reach = reach(&api, &asker, object, Access::Read)?;
    let own = board.into_iter().flat_map(|board| &board.sums);
    let own: Vec<String> = own.map(ToString::to_string).collect();
    let summed = match page.all("sum") {
        [] => &own[..],
        named => named,
    };
    let named = std::iter::once(by).chain(summed.iter().map(String::as_str));
    // Before anything else is said of them.
    reach.finds(named).map_err(denied)?;
    let by = property(object, by)?;
    let summed = summed.iter().map(|name| number(object, name));
    let summed = summed.collect::<Result<Vec<_>, _>>()?;
    let checked = asked::query(&definitions, object, &page, &reach, view.as_deref())?;
    let filter = found(&api, &asker.actor, &definitions, &reach, checked.condition).await?;
    let sums = Sums {
        object: object.id(),
        filter,
        by: by.no,
        of: summed.iter().map(|property| property.no).collect(),
    };
    let groups = api.rapport.sum_records(sums).await?;
    let columns = groups.iter().map(|group| {
        let sums = summed.iter().zip(&group.sums);
        let sums = sums.map(|(property, sum)| (property.name.to_string(), json!(sum)));
        json!({
            "value": value::typed(group.value.as_ref()),
            "count": group.count,
            "sums": sums.collect::<serde_json::Map<_, _>>(),
        })
    });
    Ok(Json(
        json!({ "by": by.name, "columns": columns.collect::<Vec<_>>() }),
    ))
}

fn property<'a>(object: &'a ObjectType, name: &str) -> Result<&'a Property, Error> {
    object.property(name).ok_or_else(|| {
        let property = name.chars().take(100).collect::<String>().into();
        let error = query::Error::PropertyDoesntExist { property };
        Error::new(Code::InvalidQuery, error.to_string())
    })
}

fn number<'a>(object: &'a ObjectType, name: &str) -> Result<&'a Property, Error> {
    let property = property(object, name)?;
    if property.kind == Kind::Number {
        return Ok(property);
    }
    let message = format!("`sum={name}` is no property of numbers");
    Err(Error::new(Code::InvalidQuery, message))
}
