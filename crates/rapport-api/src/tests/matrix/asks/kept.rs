//! What is asked of views and bulks: to others than whose they are they are not there.

use super::{Ask, Need, scope};
use crate::tests::matrix::world::World;
use axum::http::Method;
use rapport_core::crm::TypeId;
use rapport_core::member::{Access, MemberNo};
use serde_json::json;

pub(super) fn kept(world: &World, path: &str, method: &Method) -> Option<Ask> {
    let behind = path.strip_prefix("/api/v1/")?;
    let (id, is_for_admins) = match behind {
        "views/{id}" => (&world.view, false),
        "bulk/{id}" | "bulk/{id}/records" | "bulk/{id}/undo" | "bulk/{id}/stop" => {
            (&world.bulk, true)
        }
        _ => return None,
    };
    let need = Need {
        scopes: scope(TypeId::DEAL, Access::Read),
        only: Some((MemberNo(world.members["olga"]), is_for_admins)),
        ..Need::default()
    };
    let body = json!({ "object": "deals", "name": "Another's" });
    Some(Ask::new(method, path.replace("{id}", id), body, need))
}
