//! Outcomes: how events ended since the directory was made, and what the door refused.

use super::bearer::Actor;
use super::list::Page;
use super::sources;
use crate::Api;
use crate::errors::Error;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/outcomes", get(show))
}

/// Counts of all sources, or of the one that `source` names by number.
async fn show(State(api): State<Api>, _: Actor, page: Page) -> Result<Json<Value>, Error> {
    let source = page
        .one("source")
        .map(|text| sources::find(&api, text))
        .transpose()?;
    let outcomes = api.rapport.outcomes(source.map(|source| source.no));
    let mut answer = Map::new();
    for (word, count) in outcomes.words {
        answer.insert(word, json!(count));
    }
    let mut reasons = json!({});
    for ((word, code), count) in outcomes.reasons {
        reasons[word][code] = json!(count);
    }
    answer.insert("reasons".to_owned(), reasons);
    Ok(Json(Value::Object(answer)))
}
