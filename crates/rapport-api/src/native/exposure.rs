//! Exposure: which segments and attributes the decision call shows to browsers.

use super::bearer::Actor;
use super::body::Body;
use crate::Api;
use crate::errors::Error;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::decide::Exposure;
use rapport_core::entry::Command;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/exposure", get(show).put(put))
}

async fn show(State(api): State<Api>, _: Actor) -> Json<Exposure> {
    Json(api.rapport.configuration().decisions.exposure.clone())
}

/// Replaces it whole; what is left out is not shown any more.
async fn put(
    State(api): State<Api>,
    Actor(actor): Actor,
    Body(exposure): Body<Exposure>,
) -> Result<Json<Exposure>, Error> {
    api.rapport
        .command(&actor, Command::PutExposure(exposure))
        .await?;
    Ok(Json(api.rapport.configuration().decisions.exposure.clone()))
}
