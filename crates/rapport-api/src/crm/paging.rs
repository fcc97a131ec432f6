//! Pages of lists: what is on one, and where the next begins, if there is one.

use super::asked::Asked;
use axum::Json;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Display;

/// A page; the last one says nothing of a next.
pub(super) fn page<T: Serialize>(
    asked: &Asked,
    results: Vec<T>,
    next: Option<impl Display>,
) -> Json<Value> {
    let mut page = json!({ "results": results });
    add(&mut page, asked, next);
    Json(page)
}

/// Adds to a page where the next one begins.
pub(super) fn add(page: &mut Value, asked: &Asked, next: Option<impl Display>) {
    if let Some(next) = next {
        let after = next.to_string();
        let link = asked.link(&after);
        page["paging"] = json!({ "next": { "after": after, "link": link } });
    }
}

/// A list that is always whole.
pub(super) fn whole<T: Serialize>(results: Vec<T>) -> Json<Value> {
    Json(json!({ "results": results }))
}
