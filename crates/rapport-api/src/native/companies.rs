//! Companies, as group calls describe them.

use super::address::Named;
use super::bearer::Actor;
use super::spelled::attributes;
use crate::Api;
use crate::errors::Error;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/companies/{id}", get(show))
}

/// A company.
#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    attributes: BTreeMap<&'a str, &'a RawValue>,
    first_seen: String,
    last_seen: String,
}

async fn show(State(api): State<Api>, _: Actor, Named(id): Named) -> Result<Response, Error> {
    let company = api.rapport.company(&id).await?;
    let company = company.ok_or_else(|| Error::missing(format_args!("company {id}")))?;
    let shown = Shown {
        id: &company.id,
        attributes: attributes(&company.attributes),
        first_seen: company.first_seen.to_string(),
        last_seen: company.last_seen.to_string(),
    };
    Ok(Json(shown).into_response())
}
