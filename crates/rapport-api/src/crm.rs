//! The HubSpot-compatible API: records and everything about them, as HubSpot's own clients ask for it.
//!
//! A file per family of addresses. Each family answers under three spellings
//! ([`spelling`]), with the status codes, texts and errors that the clients were
//! built for: values are texts, instants are ISO 8601 with milliseconds, the last page has no
//! `paging`. Everything that changes something is a command, done when it is answered, so that
//! every read and every search sees what was written before it.

use crate::Api;
use axum::Router;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};

mod account;
mod asked;
mod associations;
mod batch;
mod body;
mod defining;
mod events;
mod fault;
mod gate;
mod groups;
mod labels;
mod lists;
mod merge;
mod objects;
mod owners;
mod paging;
mod pipelines;
mod properties;
mod reading;
mod record;
mod refusal;
mod schemas;
mod scope;
mod search;
mod spelling;
mod subscriptions;
mod writing;

pub(crate) use account::open_routes;
pub(crate) use gate::Meter;
pub(crate) use scope::{access, scope};
pub(crate) use search::{filter, sort};

use fault::Fault;

/// Beginnings of the addresses of this dialect.
const PREFIXES: [&str; 7] = [
    "/crm/",
    "/crm-object-schemas/",
    "/events/",
    "/oauth/",
    "/account-info/",
    "/webhooks/v3/",
    "/webhooks/2026-",
];

/// The routes of all families.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    families()
        .route_layer(from_fn_with_state(api.clone(), gate::enter))
        .merge(open_routes())
}

/// The routes of all families, without what guards them.
pub(crate) fn families() -> Router<Api> {
    Router::new()
        .merge(account::routes())
        .merge(associations::routes())
        .merge(batch::routes())
        .merge(events::routes())
        .merge(groups::routes())
        .merge(labels::routes())
        .merge(lists::routes())
        .merge(merge::routes())
        .merge(objects::routes())
        .merge(owners::routes())
        .merge(pipelines::routes())
        .merge(properties::routes())
        .merge(schemas::routes())
        .merge(search::routes())
        .merge(subscriptions::routes())
}

/// Whether an address is of this dialect, so that what is wrong about it is told in its shape.
pub(crate) fn is_address(uri: &Uri) -> bool {
    PREFIXES.iter().any(|prefix| uri.path().starts_with(prefix))
}

/// Answers an address of the dialect that nothing is at.
pub(crate) fn unknown_route(uri: &Uri) -> Response {
    Fault::no_route(uri.path()).into_response()
}

/// Answers a method that an address of the dialect does not have.
pub(crate) fn wrong_method(method: &Method, uri: &Uri) -> Response {
    Fault::wrong_method(format!("{} does not take {method}.", uri.path())).into_response()
}

/// An id of its own for every answer, in the form of a UUID.
fn correlation_id() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    // Version 4, variant 1: random.
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex::encode(bytes);
    let (a, b, c) = (&digits[..8], &digits[8..12], &digits[12..16]);
    Some(format!("{a}-{b}-{c}-{}-{}", &digits[16..20], &digits[20..]))
}

/// Text as part of an address.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
