//! Every route of every door and the methods it takes, read from the live router's own account.

use crate::openapi::account;
use crate::tests::Doors;
use axum::http::Method;
use std::collections::BTreeMap;

pub(super) use account::plain;

/// Every path and its methods.
pub(super) fn walked(doors: &Doors) -> BTreeMap<String, Vec<Method>> {
    let routes = account::routes(&doors.router);
    assert!(
        routes.len() > 300,
        "the router tells its routes otherwise now"
    );
    for (path, methods) in &routes {
        assert!(!methods.is_empty(), "{path} takes nothing");
    }
    routes
}

/// Whether an address is of the HubSpot-compatible API.
pub(super) fn is_crm(path: &str) -> bool {
    [
        "/crm/",
        "/crm-object-schemas/",
        "/events/",
        "/account-info/",
        "/webhooks/",
    ]
    .iter()
    .any(|prefix| path.starts_with(prefix))
}
