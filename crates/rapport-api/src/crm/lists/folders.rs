//! Folders of lists: there is one, and every list is in it.

use super::Asked;
use crate::Api;
use crate::crm::fault::Fault;
use crate::crm::spelling::Spelled;
use axum::extract::State;
use axum::routing::{delete, get, put};
use axum::{Json, Router};
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Api> {
    Spelled::family("v3", "lists")
        .at("/folders", get(all).post(one_is_enough))
        .at("/folders/move-list", put(one_is_enough))
        .at("/folders/{folder}", delete(one_is_enough))
        .at("/folders/{folder}/rename", put(one_is_enough))
        .at("/folders/{folder}/move/{parent}", put(one_is_enough))
        .routes()
}

async fn all(State(api): State<Api>, _: Asked) -> Json<Value> {
    let registry = api.rapport.registry();
    let lists: Vec<u32> = registry.segments().iter().map(|list| list.no.0).collect();
    Json(json!({
        "folder": {
            "id": 0, "parentFolderId": 0, "name": "", "childNodes": [], "childLists": lists,
        },
    }))
}

async fn one_is_enough(_: Asked) -> Fault {
    Fault::not_yet("Lists have no folders beside the one that holds them all.")
}
