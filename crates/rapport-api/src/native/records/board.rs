//! A board: how many records each value of a property has, and what they come to.

use super::{asked, denied, object, reach, value};
use crate::Api;
use crate::errors::{Code, Error};
use crate::native::list::Page;
use crate::rights::Asker;
use axum::Json;
use axum::extract::{Path, State};
use rapport_core::crm::{Kind, ObjectType, Property};
use rapport_core::member::{Access, Action};
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
    let by = page.one("by").or(stage).ok_or_else(|| {
        Error::new(
            Code::InvalidQuery,
            "say with `by` which property the columns are of",
        )
    })?;
    let by = property(object, by)?;
    let summed = page.all("sum").iter().map(|name| number(object, name));
    let summed = summed.collect::<Result<Vec<_>, _>>()?;
    let reach = reach(&api, &asker, object, Access::Read)?;
    let shown = std::iter::once(by).chain(summed.iter().copied());
    reach
        .finds(shown.map(|property| &*property.name))
        .map_err(denied)?;
    let checked = asked::query(&definitions, object, &page, &reach)?;
    let sums = Sums {
        object: object.id(),
        filter: crate::crm::filter(checked.condition).and(reach.filter(Action::View)),
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
        let message = format!("{} have no property `{name}`", object.head.plural);
        Error::new(Code::InvalidQuery, message)
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
