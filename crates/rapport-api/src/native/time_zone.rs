//! The time zone in which days begin for people whose profile names none.

use super::bearer::Actor;
use super::body::Body;
use crate::Api;
use crate::errors::Error;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::entry::Command;
use serde::{Deserialize, Serialize};

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/time_zone", get(show).put(put))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeZone {
    time_zone: String,
}

async fn show(State(api): State<Api>, _: Actor) -> Json<TimeZone> {
    let time_zone = api.rapport.registry().zone_name().to_owned();
    Json(TimeZone { time_zone })
}

async fn put(
    State(api): State<Api>,
    Actor(actor): Actor,
    Body(wanted): Body<TimeZone>,
) -> Result<Json<TimeZone>, Error> {
    let zone = wanted.time_zone.clone();
    api.rapport
        .command(&actor, Command::PutTimeZone { zone })
        .await?;
    Ok(Json(wanted))
}
