//! Serves the browser SDK's own files at the paths its snippet asks for.
//!
//! They come from the npm package `@segment/analytics-next`: `cargo xtask up` puts them into
//! `console/dist-sdk`, and a build embeds what is there.

use super::settings::Place;
use crate::Api;
use axum::extract::{Path, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../console/dist-sdk"]
struct Files;

const MISSING: &str = "This build of Rapport holds no browser SDK: run `cargo xtask up` once, or \
    load @segment/analytics-next from npm and point it here.";
const LONGEST_KEY: usize = 256;

/// The standalone SDK, told its write key and where it came from.
pub(super) async fn script(
    State(api): State<Api>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(file) = Files::get("standalone.js") else {
        return (StatusCode::NOT_FOUND, MISSING).into_response();
    };
    if key.len() > LONGEST_KEY {
        return (StatusCode::NOT_FOUND, "A write key is shorter than that.").into_response();
    }
    let place = Place::of(&api, &headers);
    let told = told(&key, &format!("{}://{}", place.protocol, place.host));
    let script = [told.as_bytes(), &file.data].concat();
    javascript(script, "public, max-age=60")
}

/// A part of the SDK that it loads when it needs it; its name holds a hash of what is in it.
pub(super) async fn part(Path(file): Path<String>) -> Response {
    match Files::get(&file).filter(|_| file.contains(".bundle.")) {
        Some(part) => javascript(
            part.data.into_owned(),
            "public, max-age=31536000, immutable",
        ),
        None => (StatusCode::NOT_FOUND, MISSING).into_response(),
    }
}

/// What the SDK reads when it starts: the page's snippet may have set it, else we do. Without
/// `_cdn` it would look for its own script's address, and only for one with https.
fn told(key: &str, cdn: &str) -> String {
    let (key, cdn) = (quoted(key), quoted(cdn));
    format!(
        "(function(w){{var a=w.analytics=w.analytics||[];a._writeKey=a._writeKey||{key};a._cdn=a._cdn||{cdn}}})(window);\n"
    )
}

/// A JavaScript text. JSON is one, but for the two line separators older engines end a line at.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

fn javascript(script: Vec<u8>, cache: &'static str) -> Response {
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/javascript; charset=utf-8"),
        ),
        (CACHE_CONTROL, HeaderValue::from_static(cache)),
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ];
    (headers, script).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_cannot_break_out_of_its_quotes() {
        let told = told("\"};alert(1);//\u{2028}", "http://localhost:1");
        assert!(told.contains(r#"||"\"};alert(1);//\u2028";"#), "{told}");
        assert!(told.contains(r#"a._cdn||"http://localhost:1""#), "{told}");
    }
}
