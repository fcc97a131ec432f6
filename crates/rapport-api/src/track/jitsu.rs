//! Jitsu's ingest: one event an address for browsers, the same below `s2s` for servers, batches.
//!
//! Answers are `{"ok":true}`, or `{"ok":false,"error"}`: with 200 for browsers, whose SDK never
//! tries again, with 4xx for servers and strict sources. Overload is 429 for everybody. How far a
//! key is trusted is the key's business, not the address's.

use super::door::{Answered, Way};
use super::refused::Refused;
use super::segment::{answering, both, later};
use crate::Api;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use rapport_core::event::{Call, Dialect, Kind};
use serde_json::json;
use std::net::IpAddr;

/// Types in addresses; an `event` says in its body what it is.
pub(super) const TYPES: [(&str, Kind); 7] = [
    ("page", Kind::Page),
    ("identify", Kind::Identify),
    ("track", Kind::Track),
    ("group", Kind::Group),
    ("alias", Kind::Alias),
    ("screen", Kind::Screen),
    ("event", Kind::Track),
];

/// The dialect's routes.
pub(super) fn routes() -> Router<Api> {
    let way = |call| Way::of(call, |_, _| Dialect::Jitsu, Dialect::Jitsu);
    let routes = both(
        Router::new(),
        "/api/s/s2s/batch",
        answering(way(Call::Batch)),
    );
    TYPES.iter().fold(routes, |routes, (word, kind)| {
        let routes = both(
            routes,
            &format!("/api/s/{word}"),
            answering(way(Call::One(*kind))),
        );
        both(
            routes,
            &format!("/api/s/s2s/{word}"),
            answering(way(Call::One(*kind))),
        )
    })
}

/// The answer of Jitsu's ingest.
pub(super) fn answer(answered: &Answered, parts: &Parts) -> Response {
    let refused = match &answered.taken {
        Ok(()) => return Json(json!({ "ok": true })).into_response(),
        Err(refused) => refused,
    };
    let of_server = parts.uri.path().starts_with("/api/s/s2s/");
    let status = match refused {
        Refused::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
        _ if !of_server && !answered.strict => StatusCode::OK,
        Refused::UnknownKey => StatusCode::UNAUTHORIZED,
        Refused::BodyTooLarge(_) | Refused::EventTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Refused::Unfinished => StatusCode::REQUEST_TIMEOUT,
        _ => StatusCode::BAD_REQUEST,
    };
    let error = json!({ "ok": false, "code": refused.code(), "error": refused.to_string() });
    let mut response = (status, Json(error)).into_response();
    later(refused, &mut response);
    response
}

/// The client's address as its `X-IP-Policy` lets it be kept.
pub(super) fn ip(dialect: Dialect, parts: &Parts, ip: Option<String>) -> Option<String> {
    let policy = parts
        .headers
        .get("x-ip-policy")
        .filter(|_| dialect == Dialect::Jitsu);
    match policy.and_then(|policy| policy.to_str().ok()) {
        Some("remove") => None,
        Some("stripLastOctet") => match ip?.parse().ok()? {
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                Some(format!("{a}.{b}.{c}.0"))
            }
            // As much of a person as the last number of the older form: all below the network.
            IpAddr::V6(ip) => {
                let [a, b, c, ..] = ip.segments();
                Some(std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).to_string())
            }
        },
        _ => ip,
    }
}
