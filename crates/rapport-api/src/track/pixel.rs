//! Calls as images: for mails and pages that run no script. The event stands in the query, as
//! Base64 of its JSON in `data` or with dotted names (`properties.price=3`).
//!
//! The answer is always 200 with a transparent pixel, whatever becomes of the event: nobody reads
//! an image's error, and a broken image would show.

use super::door::{self, Way};
use super::jitsu;
use super::segment::both;
use crate::Api;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use rapport_core::event::{Call, Dialect, Kind};

mod query;

pub(super) use query::body;

/// One transparent point.
const GIF: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\x21\xf9\x04\x01\x00\x00\x00\x00\
    \x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";

/// Types in the addresses of Segment's and RudderStack's pixels.
const TYPES: [(&str, Kind); 6] = [
    ("identify", Kind::Identify),
    ("track", Kind::Track),
    ("page", Kind::Page),
    ("screen", Kind::Screen),
    ("group", Kind::Group),
    ("alias", Kind::Alias),
];

/// The pixels of all dialects.
pub(super) fn routes() -> Router<Api> {
    let of_segment = |kind| Way::of(Call::One(kind), |_, _| Dialect::Segment, Dialect::Segment);
    let of_rudder = |kind| Way::of(Call::One(kind), |_, _| Dialect::Rudder, Dialect::Rudder);
    let of_jitsu = |kind| Way::of(Call::One(kind), |_, _| Dialect::Jitsu, Dialect::Jitsu);
    let routes = TYPES.iter().fold(Router::new(), |routes, (word, kind)| {
        let routes = both(
            routes,
            &format!("/v1/pixel/{word}"),
            pixel(of_segment(*kind)),
        );
        both(
            routes,
            &format!("/pixel/v1/{word}"),
            pixel(of_rudder(*kind)),
        )
    });
    jitsu::TYPES.iter().fold(routes, |routes, (word, kind)| {
        both(routes, &format!("/api/px/{word}"), pixel(of_jitsu(*kind)))
    })
}

fn pixel(way: Way) -> MethodRouter<Api> {
    get(async move |State(api): State<Api>, request: Request| {
        let (parts, _) = request.into_parts();
        let body = body(parts.uri.query().unwrap_or_default());
        // What is refused is counted; the image is the same.
        let _ = door::submit(&api, way, &parts, Body::from(body)).await;
        let never = HeaderValue::from_static("no-store, private");
        let image = HeaderValue::from_static("image/gif");
        ([(CONTENT_TYPE, image), (CACHE_CONTROL, never)], GIF).into_response()
    })
}
