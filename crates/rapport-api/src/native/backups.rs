//! Backups: a copy of the data directory while everything goes on.

use super::bearer::Actor;
use crate::Api;
use crate::errors::{Code, Error};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/backups", post(make))
}

/// Makes a backup in a folder of its own below the one that is set up; the name is the moment.
async fn make(State(api): State<Api>, _: Actor) -> Result<Json<Value>, Error> {
    let Some(folder) = &api.settings.backups else {
        return Err(Error::new(
            Code::NotFound,
            "this server has no folder for backups",
        ));
    };
    let name = api.rapport.clock().now().to_string().replace(':', "-");
    let target = folder.join(&name);
    let head = api.rapport.back_up(&target).await?;
    Ok(Json(json!({
        "name": name,
        "path": target.display().to_string(),
        "position": head.position.to_string(),
    })))
}
